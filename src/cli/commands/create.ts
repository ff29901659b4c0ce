import { createCommand, run, withLocation } from '../command.ts'
import { findDatabases, pickDatabases } from '../databases.ts'
import { CLIError } from '../errors.ts'
import { dash, openDestination } from '../files.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { count, countEntries, formatSize } from '../output.ts'
import { shown } from '../text.ts'
import type { Context, NodeOptions } from '../command.ts'
import type { Database } from '../../index.ts'

interface CreateOptions extends NodeOptions {
  all?: boolean
  output?: string
  force?: boolean
}

export const create = withLocation(createCommand('create', {
  summary: 'back up databases to a CAR file',
  description: `Backs up databases of a node to one file, which is all that a restore needs.

The node must be down: one that runs can back itself up with createBackup of the library. Nothing in its directories is changed. An access controller that is a database is backed up with the databases that it is for. The file holds no private keys. What is encrypted stays encrypted.

The file is written under another name, and gets its own when it is complete: an interrupted run leaves nothing under it.`,
  examples: [
    ['orbitdb-backup create posts -o posts.car', 'a database, by its name, of a node in this folder'],
    ['orbitdb-backup create /orbitdb/zdpuA... -d ./node -o posts.car', 'by its address, of a node in another folder'],
    ['orbitdb-backup create --all -o - | gzip > all.car.gz', 'all databases, to a program'],
    ['orbitdb-backup create posts --blockstore /var/ipfs/blocks --orbitdb /var/orbitdb -o posts.car', 'with directories somewhere else']
  ],
  exits: ['inUse', 'notFound', 'damaged']
}))
  .argument('[database...]', 'names or addresses of databases: `orbitdb-backup list` shows them')
  .option('-a, --all', 'every database that is there')
  .option('-o, --output <file>', 'the file to write, - for standard output')
  .option('-f, --force', 'overwrite the file if it exists')
  .action((names: string[], options: CreateOptions) => run(options, context => createArchive(names, options, context)))

async function createArchive (names: string[], options: CreateOptions, { signal, output }: Context): Promise<void> {
  const { all = false, force = false, output: path, json = false } = options
  if (all === (names.length > 0)) {
    throw new CLIError('usage', all ? 'Either give databases, or --all' : 'No database is given: give names or addresses, or --all')
  }
  if (path == null) {
    throw new CLIError('usage', 'No file is given: name one with -o, -o - is standard output')
  }
  if (path === dash && json) {
    throw new CLIError('usage', 'Standard output can be the archive or JSON, not both: write the archive to a file')
  }
  const destination = await openDestination(path, { force })
  const layout = await findLayout(options)
  assertHasBlocks(layout, options)

  const { openNode } = await import('../node.ts')
  const node = await openNode(layout, { write: false })
  try {
    const found = await findDatabases(layout.orbitdb, node.readBlocks)
    const picked = all ? found.filter(({ controls }) => controls.length === 0) : pickDatabases(found, names)
    if (picked.length === 0) {
      throw new CLIError('notFound', `No database is in "${layout.orbitdb}": give OrbitDB's directory with --orbitdb`)
    }

    const { openDatabase } = await import('../open.ts')
    const databases = []
    const opened: Database[] = []
    for (const { address, manifest, isIndexed } of picked) {
      const { db, unknownAccess } = await openDatabase(node, layout.orbitdb, address)
      for (const type of unknownAccess) {
        output.warn(`"${shown(db.name)}" has an access controller of type "${shown(type)}": if it keeps anything besides its block, that is not backed up`)
      }
      const { heads, index } = await db.log.export()
      databases.push({ address, name: db.name, type: manifest!.type, indexed: isIndexed, entries: index.size, heads: heads.length })
      opened.push(db)
    }
    const entries = databases.reduce((sum, { entries }) => sum + entries, 0)
    output.expect({ blocks: entries })

    const { createBackup } = await import('../../index.ts')
    const { bytesReader, readHeader } = await import('@ipld/car/decoder')
    let root: string | undefined
    const withRoot = async function * (): AsyncGenerator<Uint8Array> {
      for await (const chunk of createBackup(opened, { signal, onProgress: output.onProgress })) {
        // The first chunk is the header
        root ??= String((await readHeader(bytesReader(chunk))).roots[0])
        yield chunk
      }
    }
    const bytes = await destination.write(withRoot())
    if (path !== dash) {
      output.result({
        json: { output: path, root, bytes, databases },
        text: () => `${path}: ${count(databases.length, 'database')}, ${countEntries(entries)}, ${formatSize(bytes)}, root ${root}`
      })
    }
  } finally {
    await node.close()
  }
}
