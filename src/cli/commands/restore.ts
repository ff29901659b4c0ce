import { rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import v8 from 'node:v8'
import { collect, createCommand, isNodeNamed, parseLimits, parseRoot, run, verifyOptions, withArchives, withLocation, withSalvage, withVerify } from '../command.ts'
import { countAccess, databaseNamesIn, hashOf } from '../databases.ts'
import { planRestore } from '../dry-run.ts'
import { CLIError, lackedByArchive } from '../errors.ts'
import { openLoose, openSource } from '../files.ts'
import { findLayout } from '../layout.ts'
import { isOldLog, pathsOf, readLog } from '../logs.ts'
import { count, countDatabases, countEntries } from '../output.ts'
import { findPlace } from '../places.ts'
import { shown } from '../text.ts'
import { withNode } from '../lock.ts'
import type { Command } from 'commander'
import type { ArchiveOptions, Context, NodeOptions, VerifyOptions } from '../command.ts'
import type { Layout } from '../layout.ts'
import type { OfflineNode } from '../node.ts'
import type { Place } from '../places.ts'
import type { BackupSource, Database, DatabaseFactory, ImportResult, OrbitDB } from '../../index.ts'

interface RestoreOptions extends NodeOptions, ArchiveOptions, VerifyOptions {
  database?: string[]
  repair?: boolean
  dryRun?: boolean
  indexed?: boolean
}

export const restore = withVerify(withSalvage(withLocation(withArchives(createCommand('restore', {
  summary: 'restore the databases of an archive',
  description: `Restores the databases of an archive in a node's directories: in new ones, which are made where --directory or the others say, or in those of a node, which must be down. A database that is there already keeps all that it has, and gets what it lacks.

Every block is checked against its hash. No key and no identity is made: a restored database can be read by anyone, and written to only by an identity that its access controller names, so keep the keystore of its writers (orbitdb/keystore) in a safe place of its own.

--verify full checks every signature and that every writer may write; signatures leaves out the latter, as a writer may have been revoked since; none leaves out both and the form of entries, for archives of your own, whose root --root tells, and for entries that are encrypted, whose keys the command line does not have.

If it fails, new directories are removed, and what it stored in those of a node is not pinned, so that the node's garbage collection removes it.`,
  examples: [
    ['orbitdb-backup restore posts.car -d ./node', 'a file, on a node in another folder, or on a new one'],
    ['gunzip < all.car.gz | orbitdb-backup restore', 'what a program writes, on the node in this folder'],
    ['orbitdb-backup restore monday.car tuesday.car', 'an archive and what is new since, in any order'],
    ['orbitdb-backup restore all.car --database posts', 'one of the databases of an archive'],
    ['orbitdb-backup restore all.car -d ./node --dry-run', 'what would it add?'],
    ['orbitdb-backup restore https://example.org/all.car --root bafy...', 'from a server, and only this backup'],
    ['orbitdb-backup restore posts.car --verify none --root bafy...', 'what a backup of your own had, bad entries included'],
    ['orbitdb-backup restore settings.car --indexed', 'for an app that opens it with KeyValueIndexed']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported', 'needsBase']
}), 'restore'))), 'what to check of the entries')
  .option('--database <name>', 'restore this database only, by its name or address; can be given several times', collect)
  .option('--repair', 'check all of the log that the node has then, and mend it, and not only what the archive needs of it')
  .option('-n, --dry-run', 'tell what would be added to the node, as far as the archive says, and change nothing')
  .option('--indexed', 'put key-value databases where KeyValueIndexed keeps them (default: where the node has them)')
  .option('--no-indexed', 'put them where KeyValue keeps them')
  .action((paths: string[], options: RestoreOptions, command: Command) => run(options, context => restoreArchive(paths, options, isNodeNamed(command), context)))

async function restoreArchive (paths: string[], options: RestoreOptions, isNamed: boolean, { signal, output }: Context): Promise<void> {
  const { salvage = false } = options
  const { source, size, name } = await (salvage ? openLoose : openSource)(paths, signal)
  output.expect({ bytes: size })
  let layout = await findLayout(options)
  let before = await prepareUndo(layout)
  if (!isNamed && layout.blockstore.kind == null && before.names.size === 0) {
    throw new CLIError('usage', 'No node is in this folder. Say where it is with --directory, or where to make a new one: --directory . makes it here')
  }
  if (options.dryRun === true) {
    const planned = await planRestore(source, layout, { names: options.database, root: await parseRoot(options.root), limits: await parseLimits(options.limit), salvage, onSalvage: ({ message }) => output.warn(message), signal })
    output.result({
      json: { source: name, blockstore: layout.blockstore.path, orbitdb: layout.orbitdb, databases: planned },
      text: () => [
        ...planned.map(({ address, name, type, entries, added }) => `${shown(name ?? address)}: ${type == null ? '' : `${shown(type)}, `}${countEntries(entries)}, ${added} new, ${address}`),
        `${name}: would add ${countEntries(planned.reduce((sum, { added }) => sum + added, 0))} to ${layout.orbitdb}`
      ].join('\n')
    })
    return
  }
  if (layout.blockstore.kind == null && before.names.size > 0) {
    // Another may have made all of it since it was looked for
    layout = await findLayout(options)
    before = await prepareUndo(layout)
  }
  const { names } = before
  if (layout.blockstore.kind == null && names.size > 0) {
    throw new CLIError('notFound', `No blockstore is in "${options.directory}", where OrbitDB has databases: give it with --blockstore, so that the blocks get to where the node looks for them`)
  }
  if (layout.blockstore.kind != null && layout.blockstore.isUnmade !== true && names.size === 0 && options.orbitdb == null && !await isThere(layout.orbitdb)) {
    output.warn(`OrbitDB's directory is made at "${layout.orbitdb}": give it with --orbitdb if the app has it somewhere else`)
  }

  // Where another has the node, what is there is that one's
  let undo = async (): Promise<void> => {}
  try {
    const { databases, access } = await withNode(layout, async node => {
      for (const note of node.notes) output.warn(note)
      // And so is what another has made before it was locked
      const now = await prepareUndo(layout)
      undo = now.names.size > before.names.size ? now.undo : before.undo
      for (const name of [...now.names].slice(0, sampleSize)) {
        await assertIsNew(layout.orbitdb, name)
      }
      return restoreTo(node, layout, source, options, { signal, output })
    })
    const sum = (count: (database: typeof databases[number]) => number): number => databases.reduce((sum, database) => sum + count(database), 0)
    const entries = sum(({ entries }) => entries)
    output.result({
      json: { source: name, blockstore: layout.blockstore.path, orbitdb: layout.orbitdb, databases },
      text: () => [
        ...databases.map(({ name, type, entries, heads, address }) => `${shown(name)}: ${shown(type)}, ${countEntries(entries)}, ${count(heads, 'head')}, ${address}`),
        `${countEntries(sum(({ added }) => added))} new${sum(({ mended }) => mended) === 0 ? '' : `, ${countEntries(sum(({ mended }) => mended))} mended`}`,
        `blocks are in ${layout.blockstore.path}, OrbitDB's directory is ${layout.orbitdb}`,
        `${name}: restored ${countDatabases(databases.length, access)}, ${countEntries(entries)}`
      ].join('\n')
    })
  } catch (error) {
    await undo().catch(({ message }) => output.warn(`What was made could not be removed: ${message}`))
    throw lackedByArchive(error)
  }
}

/** What is told of a database that was restored. */
interface RestoredDatabase extends ImportResult {
  address: string
  name: string
  type: string
  indexed: boolean
  entries: number
  heads: number
}

async function restoreTo (node: OfflineNode, { orbitdb: directory }: Layout, source: BackupSource, { verify, indexed, root, limit, database: names, repair, salvage }: RestoreOptions, { signal, output }: Context) {
  const { createOrbitDB, Documents, Events, KeyValue, KeyValueIndexed, restoreBackup } = await import('../../index.ts')
  const { createIdentities } = await import('../node.ts')
  // The young generation of V8 stays as it is now, where it would grow to 64 MB, and with it all of the memory
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  const { ipfs, readBlocks } = node
  const places = new Map<string, Place>()
  const results = new Map<string, ImportResult>()
  const databases: RestoredDatabase[] = []
  const own: Record<string, () => DatabaseFactory<any>> = { events: Events, documents: Documents, keyvalue: KeyValue }

  const identities = await createIdentities(ipfs)
  const orbitdb = await createOrbitDB({ ipfs, identities, id: 'orbitdb-backup', directory })
  try {
    // How a database is opened depends on what is in it
    const open = async (address: string, options: any): Promise<any> => {
      await assertIsNew(directory, hashOf(address))
      const heads = (options.restore?.heads ?? []).map((head: string | { hash: string }) => typeof head === 'string' ? head : head.hash)
      const place = await findPlace({ address, heads }, { directory, readBlocks, indexed })
      if (place == null) {
        // It can not be opened, and the library says why
        return orbitdb.open(address, options)
      }
      places.set(address, place)
      const create = place.isIndexed ? KeyValueIndexed() : own[place.type]()
      const Database: DatabaseFactory<any> = async params => {
        const db = await create(params)
        const importState = async (...args: Parameters<Database['import']>): Promise<ImportResult> => {
          const result = await db.import(...args)
          results.set(address, result)
          return result
        }
        return { ...db, import: importState }
      }
      const db: Database = await orbitdb.open(address, { ...options, Database })
      const { heads: headsNow, hashes } = await db.log.snapshot()
      let entries = 0
      for await (const some of hashes) entries += some.length
      databases.push({ address, name: db.name, type: place.type, indexed: place.isIndexed, entries, heads: headsNow.length, ...results.get(address)! })
      return db
    }
    const restored = await restoreBackup<Database | Database[]>({ ...orbitdb, open } as OrbitDB<any>, source, {
      verify: verifyOptions[verify],
      root: await parseRoot(root),
      limits: await parseLimits(limit),
      databases: names,
      repair,
      salvage,
      onSalvage: ({ message }) => output.warn(message),
      close: true,
      sync: false,
      signal,
      onProgress: output.onProgress
    })
    for (const { note } of places.values()) {
      if (note != null) output.warn(note)
    }
    return { databases, access: countAccess([restored].flat()) }
  } finally {
    await orbitdb.stop()
  }
}

/** Fails when OrbitDB 2 or older wrote a database, which could not open it any more after a restore. */
async function assertIsNew (orbitdb: string, hash: string): Promise<void> {
  const { log, indexedLog } = pathsOf(orbitdb, hash)
  for (const path of [log, indexedLog]) {
    if (await isOldLog(path)) {
      throw new CLIError('unsupported', `"${path}" is of OrbitDB 2 or older, which keeps heads in another form and can not open what is restored here: restore into a new directory, and open that with OrbitDB 3 or newer`)
    }
  }
}

/** How many databases tell which version of OrbitDB a node has. */
const sampleSize = 20

const isThere = async (path: string): Promise<boolean> => await stat(path).catch(() => undefined) != null

interface Undo {
  /** The names of the databases that are there. */
  names: Set<string>
  /** Removes what else there is then. */
  undo: () => Promise<void>
}

/** Remembers what is there. */
async function prepareUndo ({ blockstore, datastore, orbitdb }: Layout): Promise<Undo> {
  const made: string[] = []
  for (const path of [blockstore.path, datastore.path, orbitdb]) {
    let first: string | undefined
    for (let at = resolve(path); !await isThere(at); at = dirname(at)) {
      // Not even the drive is there
      if (dirname(at) === at) throw new CLIError('notFound', `No "${at}" is there, in which "${path}" could be made`)
      first = at
    }
    if (first != null) made.push(first)
  }
  const names = new Set(await databaseNamesIn(orbitdb))

  const undo = async (): Promise<void> => {
    for (const path of made) {
      await rm(path, { recursive: true, force: true })
    }
    for (const name of await databaseNamesIn(orbitdb)) {
      const { database, log, indexedLog } = pathsOf(orbitdb, name)
      const isEmpty = async (path: string): Promise<boolean> => (await readLog(path)).heads.length === 0
      if (!names.has(name) && await isEmpty(log) && await isEmpty(indexedLog)) {
        await rm(database, { recursive: true, force: true })
      }
    }
  }
  return { names, undo }
}
