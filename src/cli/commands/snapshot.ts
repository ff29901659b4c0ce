import { Argument } from 'commander'
import { createCommand, parseLimits, parseRoot, run, withLimits, withLocation } from '../command.ts'
import { countAccess, findDatabases, namesGiven, pickDatabases } from '../databases.ts'
import { CLIError } from '../errors.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { withNode } from '../lock.ts'
import { count, countDatabases, countEntries } from '../output.ts'
import { shown } from '../text.ts'
import type { Context, NodeOptions } from '../command.ts'
import type { Layout } from '../layout.ts'
import type { OfflineNode } from '../node.ts'
import type { Database, NodeSnapshot } from '../../index.ts'

interface SnapshotOptions extends NodeOptions {
  all?: boolean
  limit?: string[]
}

export const snapshot = withLocation(withLimits(createCommand('snapshot', {
  summary: 'make, list and delete snapshots on a node',
  description: `Makes snapshots of databases on the node itself, which take no more room than their lists: create stores one and prints its root, list shows those that are there, and delete deletes one, by its root. The node must be down: one that runs has createSnapshot, listSnapshots and deleteSnapshot of the library.

When it runs again, its peers can get a snapshot by its root. A snapshot whose entries are gone, as those of a database that was dropped, is listed as incomplete.`,
  examples: [
    ['orbitdb-backup snapshot create posts -d ./node', 'one database'],
    ['orbitdb-backup snapshot create --all', 'all databases of a node in this folder'],
    ['orbitdb-backup snapshot list', 'what is there?'],
    ['orbitdb-backup snapshot delete bafy...', 'what only it needs is removed by the next garbage collection']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported']
})))
  .addArgument(new Argument('<what>', 'what to do').choices(['create', 'list', 'delete']))
  .argument('[name...]', 'to create: names or addresses of databases; to delete: roots')
  .option('-a, --all', 'every database that is there')
  .action((what: 'create' | 'list' | 'delete', names: string[], options: SnapshotOptions) => run(options, async context => {
    const layout = await findLayout(options)
    assertHasBlocks(layout, options)
    if (layout.datastore.kind == null) {
      throw new CLIError('notFound', 'The node has no datastore, where pins and snapshots are noted: give it with --datastore')
    }
    await withNode(layout, node => actions[what]({ node, layout, names, options, context }))
  }))

interface Job {
  node: OfflineNode
  layout: Layout
  names: string[]
  options: SnapshotOptions
  context: Context
}

const actions = {
  create: async ({ node, layout, names, options: { all, limit }, context: { signal, output } }: Job): Promise<void> => {
    const wanted = namesGiven(names, all)
    const { createSnapshot } = await import('../../index.ts')
    const { openDatabase } = await import('../open.ts')
    const found = await findDatabases(layout.orbitdb, node.readBlocks)
    const databases: Database[] = []
    for (const { address } of pickDatabases(found, wanted, layout.orbitdb)) databases.push((await openDatabase(node, layout.orbitdb, address)).db)
    const root = String(await createSnapshot(databases, { limits: await parseLimits(limit), signal, onProgress: event => { if (event.type !== 'orbitdb-backup:create:problem') output.onProgress(event) } }))
    output.result({ json: { root, databases: databases.map(({ address, name }) => ({ address, name })) }, text: () => `snapshot of ${countDatabases(databases.length, countAccess(databases))}, root ${root}` })
  },
  list: async ({ node, names, options: { all = false, limit }, context: { signal, output } }: Job): Promise<void> => {
    if (all || names.length > 0) {
      throw new CLIError('usage', 'list shows every snapshot that is there, and takes no names')
    }
    const { listSnapshots } = await import('../../index.ts')
    const snapshots = await listSnapshots(node.ipfs, { limits: await parseLimits(limit), signal })
    output.result({
      json: snapshots.map(snapshot => ({ ...snapshot, root: String(snapshot.root) })),
      text: () => snapshots.length === 0 ? 'no snapshot' : snapshots.map(describe).join('\n')
    })
  },
  delete: async ({ node, names, options: { all = false }, context: { output } }: Job): Promise<void> => {
    if (names.length === 0 || all) {
      throw new CLIError('usage', 'No snapshot is given: give its root')
    }
    const { deleteSnapshot } = await import('../../index.ts')
    for (const name of names) await parseRoot(name, `"${shown(name)}"`)
    for (const name of names) {
      if (!await deleteSnapshot(node.ipfs, name)) {
        throw new CLIError('notFound', `No snapshot "${shown(name)}" is there`)
      }
    }
    output.result({ json: { deleted: names }, text: () => `deleted ${count(names.length, 'snapshot')}` })
  }
}

const describe = ({ root, created, isComplete, databases }: NodeSnapshot): string => {
  const names = databases.map(({ name, address, entries }) => `${shown(name ?? address)} (${countEntries(entries)})`)
  return `${root}  ${created.toISOString()}  ${isComplete ? 'complete' : 'incomplete'}  ${names.join(', ')}`
}
