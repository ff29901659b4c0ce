import { createCommand, run, withLocation } from '../command.ts'
import { findDatabases, hashOf, nameOf } from '../databases.ts'
import { isOfDatabase } from '../errors.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { readWholeLog, withHeadBlocks } from '../logs.ts'
import { readEach } from '../node.ts'
import { count, formatSize, formatSome, formatTable } from '../output.ts'
import { shown } from '../text.ts'
import type { Context, NodeOptions } from '../command.ts'
import type { StoredDatabase } from '../databases.ts'
import type { OfflineNode, ReadBlocks } from '../node.ts'

export const list = withLocation(createCommand('list', {
  summary: 'show the databases of a node',
  description: `Shows every database in a node's directories: name, type, entries, heads, size, and address. The node must be down. Nothing in its directories is changed.

The size is that of its blocks: entries, manifest and list of writers. It is the same on every node that has the same entries. Where the node lacks blocks of a database it says how many: such a database can not be backed up here.`,
  examples: [
    ['orbitdb-backup list', 'of a node in this folder'],
    ['orbitdb-backup list --root', 'is my backup current? Then it has this root'],
    ["orbitdb-backup list -d ./node --json | jq -r '.databases[].address'", 'the addresses, in a script']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported']
}))
  .option('--root', 'show the root that a backup of each would have now, and that of all: it is that of a backup that is current')
  .action((options: ListOptions) => run(options, context => listDatabases(options, context), { isAsked: true }))

interface ListOptions extends NodeOptions {
  root?: boolean
}

async function listDatabases (options: ListOptions, { signal, output }: Context): Promise<void> {
  const layout = await findLayout(options)
  assertHasBlocks(layout, options)
  const { openNode } = await import('../node.ts')
  const node = await openNode(layout, { write: false })
  try {
    const databases: Description[] = []
    for (const database of await findDatabases(layout.orbitdb, node.readBlocks)) {
      databases.push(await describe(database, layout.orbitdb, node, signal))
    }
    let root: string | null = null
    if (options.root === true) {
      for (const description of databases) {
        description.root = await rootOf([description], node, layout.orbitdb, signal)
      }
      root = await rootOf(databases.filter(({ accessControllerOf }) => accessControllerOf.length === 0), node, layout.orbitdb, signal)
    }
    output.result({
      json: { blockstore: layout.blockstore.path, orbitdb: layout.orbitdb, ...options.root === true && { root }, databases },
      text: () => databases.length === 0 ? `No database is in "${layout.orbitdb}": give OrbitDB's directory with --orbitdb if it is somewhere else` : `${format(databases)}${options.root === true ? `\n\nroot of all: ${root ?? 'none'}` : ''}`
    })
  } finally {
    await node.close()
  }
}

/** What is told of a database. */
interface Description {
  address: string
  /** Null when the manifest is missing. */
  name: string | null
  type: string | null
  /** Whether it was opened with `KeyValueIndexed`. */
  indexed: boolean
  entries: number
  heads: number
  /** How many bytes its blocks have. */
  bytes: number
  /** How many of its blocks the node lacks. */
  missing: number
  /** The names of the databases whose access controller it is. */
  accessControllerOf: string[]
  /** Whether there is nothing but a restore that was not finished. */
  unfinished?: true
  /** The root that a backup of it would have; null when it can not be backed up. */
  root?: string | null
}

/** The root that a backup of databases would have, without those that are not there: null when they can not be backed up. */
async function rootOf (databases: Description[], node: OfflineNode, orbitdb: string, signal: AbortSignal): Promise<string | null> {
  const { createBackup } = await import('../../index.ts')
  const { openDatabase } = await import('../open.ts')
  const there = databases.filter(({ unfinished }) => unfinished == null)
  try {
    const opened = await Promise.all(there.map(({ address }) => openDatabase(node, orbitdb, address)))
    return opened.length === 0 ? null : String(await createBackup(opened.map(({ db }) => db), { signal }).root)
  } catch (error) {
    if (!isOfDatabase(error)) {
      throw error
    }
    return null
  }
}

async function describe (database: StoredDatabase, orbitdb: string, { readBlocks, isPinned }: OfflineNode, signal: AbortSignal): Promise<Description> {
  const { address, manifest, isIndexed, controls } = database
  const log = await readWholeLog(orbitdb, hashOf(address), isPinned)
  const { heads, index, isUnfinished } = log
  const setup = [hashOf(address), ...manifest?.accessController.startsWith('/ipfs/') === true ? [hashOf(manifest.accessController)] : []]
  const hashes = (function * () {
    yield * setup
    yield * index
  })()
  const { bytes, missing } = await measure(hashes, withHeadBlocks(log, readBlocks), signal)
  return {
    address,
    name: manifest?.name ?? null,
    type: manifest?.type ?? null,
    indexed: isIndexed,
    entries: index.size,
    heads: heads.length,
    bytes,
    missing,
    accessControllerOf: controls.map(nameOf),
    ...isUnfinished && { unfinished: true }
  }
}

/** How many bytes blocks have, and how many of them are not there. */
async function measure (hashes: Iterable<string>, readBlocks: ReadBlocks, signal: AbortSignal): Promise<{ bytes: number, missing: number }> {
  let bytes = 0
  let missing = 0
  for await (const [, block] of readEach(hashes, readBlocks, signal)) {
    bytes += block?.length ?? 0
    missing += block == null ? 1 : 0
  }
  return { bytes, missing }
}

function format (databases: Description[]): string {
  return formatTable([
    ['NAME', 'TYPE', 'ENTRIES', 'HEADS', 'SIZE', 'ADDRESS', ''],
    ...databases.map(({ name, type, indexed, entries, heads, bytes, address, missing, accessControllerOf, unfinished, root }) => [
      name == null ? '?' : shown(name, 40),
      `${type == null ? '?' : shown(type, 40)}${indexed ? ' (indexed)' : ''}`,
      String(entries),
      String(heads),
      formatSize(bytes),
      address,
      [
        ...accessControllerOf.length > 0 ? [`access controller of ${formatSome(accessControllerOf.map(name => shown(name, 40)))}`] : [],
        ...root == null ? [] : [`root ${root}`],
        ...unfinished ? ['its restore was not finished: restore it again'] : [],
        ...missing > 0 ? [`${count(missing, 'block is', 'blocks are')} missing`] : []
      ].join('; ')
    ])
  ])
}
