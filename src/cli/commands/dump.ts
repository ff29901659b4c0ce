import { collect, createCommand, isNodeNamed, parseLimits, parseRoot, run, verifyOptions, withArchives, withLocation, withSalvage, withVerify } from '../command.ts'
import { findDatabases, pickDatabases } from '../databases.ts'
import { CLIError, unsupportedType } from '../errors.ts'
import { openLoose, openSource } from '../files.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { escapeJSON } from '../text.ts'
import type { Command } from 'commander'
import type { ArchiveOptions, Context, NodeOptions, VerifyOptions } from '../command.ts'
import type { Database, DatabaseFactory } from '../../index.ts'

interface DumpOptions extends NodeOptions, ArchiveOptions, VerifyOptions {
  database?: string[]
}

export const dump = withVerify(withLocation(withSalvage(withArchives(createCommand('dump', {
  summary: 'print the records of databases',
  description: `Prints the records of the databases of an archive, or of a node where one is named with -d, --blockstore or --orbitdb: a line of JSON each, with the address of the database, the hash of the entry, its value and, but for events, its key. Of a key-value database and of documents it prints the latest of each key. Binary values and CIDs are as DAG-JSON has them.

Of an archive it reads no more than it has to, and checks the entries as a restore does. Nothing is restored, and nothing is written.`,
  examples: [
    ['orbitdb-backup dump posts.car', 'all records of an archive'],
    ["orbitdb-backup dump -d ./node --database posts | jq -r '.value.title'", 'of a database of a node, in a script'],
    ['orbitdb-backup dump all.car --database settings | grep theme', 'what was this setting when it was backed up?']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported', 'needsBase']
}), 'read'))), 'what to check of the entries of an archive')
  .option('--database <name>', 'print this database only, by its name or address; can be given several times', collect)
  .action((paths: string[], options: DumpOptions, command: Command) => run(options, context => dumpDatabases(paths, options, isNodeNamed(command), context), { isAsked: true }))

async function dumpDatabases (paths: string[], options: DumpOptions, isOfNode: boolean, { signal, output }: Context): Promise<void> {
  if (isOfNode && paths.length > 0) {
    throw new CLIError('usage', 'Either give an archive, or a node')
  }
  const write: Write = async (address, record) => {
    signal.throwIfAborted()
    const { encode } = await import('@ipld/dag-json')
    return output.line(escapeJSON(new TextDecoder().decode(encode({ address, ...record }))))
  }
  await (isOfNode ? dumpNode(options, write) : dumpArchive(paths, options, write, { signal, output }))
}

/** Prints a record, and tells whether somebody reads it. */
type Write = (address: string, record: object) => Promise<boolean>

async function dumpArchive (paths: string[], { root, limit, database: names, verify, salvage = false }: DumpOptions, write: Write, { signal, output }: Context): Promise<void> {
  const { openBackup } = await import('../../index.ts')
  const [first] = paths
  const isAtURL = !salvage && paths.length === 1 && /^https?:\/\//.test(first)
  const source = isAtURL ? new URL(first) : (await (salvage ? openLoose : openSource)(paths, signal)).source
  const backup = await openBackup(source, { salvage, onSalvage: ({ message }) => output.warn(message), root: await parseRoot(root), limits: await parseLimits(limit), signal })
  try {
    for (const name of names ?? backup.databases.map(({ address }) => address)) {
      const open = (create?: DatabaseFactory<any>) => backup.open<Database>(name, { Database: create, verify: verifyOptions[verify] })
      const log = await open((await import('../../index.ts')).Database)
      const { type } = backup.databases.find(({ address }) => address === log.address) ?? {}
      if (!await dumpDatabase(await open(await findType(type, log)), write)) break
    }
  } finally {
    await backup.close()
  }
}

async function dumpNode (options: DumpOptions, write: Write): Promise<void> {
  const layout = await findLayout(options)
  assertHasBlocks(layout, options)
  const { openNode } = await import('../node.ts')
  const { openDatabase } = await import('../open.ts')
  const node = await openNode(layout, { write: false })
  try {
    const found = await findDatabases(layout.orbitdb, node.readBlocks)
    for (const { address, manifest } of pickDatabases(found, options.database, layout.orbitdb)) {
      const { db: log } = await openDatabase(node, layout.orbitdb, address)
      if (!await dumpDatabase((await openDatabase(node, layout.orbitdb, address, await findType(manifest?.type, log))).db, write)) break
    }
  } finally {
    await node.close()
  }
}

/** Finds out what a database is opened with: `KeyValueIndexed` makes some of type events, whose entries have keys. */
async function findType (type: string | undefined, { log }: Database): Promise<DatabaseFactory<any>> {
  const { Documents, Events, KeyValue } = await import('../../index.ts')
  const own: Record<string, () => DatabaseFactory<any>> = { events: Events, documents: Documents, keyvalue: KeyValue }
  if (type == null || !Object.hasOwn(own, type)) {
    throw unsupportedType(type ?? 'unknown')
  }
  const [head] = await log.heads()
  const hasKeys = ['PUT', 'DEL'].includes((head?.payload as { op?: string } | undefined)?.op ?? '')
  return type === 'events' && hasKeys ? KeyValue() : own[type]()
}

/** What the iterators of databases give. */
interface DatabaseRecord {
  hash: string
  key?: string
  value: unknown
}

async function dumpDatabase (db: Database, write: Write): Promise<boolean> {
  for await (const { hash, key, value } of (db as unknown as { iterator: () => AsyncIterable<DatabaseRecord> }).iterator()) {
    if (!await write(db.address, { hash, ...key != null && { key }, value: value ?? null })) return false
  }
  return true
}
