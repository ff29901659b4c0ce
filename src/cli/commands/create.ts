import { collect, createCommand, parseLimits, run, withLimits, withLocation } from '../command.ts'
import { countAccess, findDatabases, hashOf, namesGiven, pickDatabases, titleOf } from '../databases.ts'
import { CLIError, exitCodes, isOfDatabase, toCLIError } from '../errors.ts'
import { dash, openDestination, openSource } from '../files.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { readWholeLog } from '../logs.ts'
import { count, countDatabases, countEntries, formatSize, formatSome } from '../output.ts'
import { shown } from '../text.ts'
import type { Context, NodeOptions } from '../command.ts'
import type { StoredDatabase } from '../databases.ts'
import type { Destination } from '../files.ts'
import type { OfflineNode } from '../node.ts'
import type { Output } from '../output.ts'
import type { CreateProblem, Database, Limits } from '../../index.ts'

interface CreateOptions extends NodeOptions {
  all?: boolean
  keepGoing?: boolean
  base?: string[]
  limit?: string[]
  output?: string
  force?: boolean
}

export const create = withLocation(withLimits(createCommand('create', {
  summary: 'back up databases to a CAR file',
  description: `Backs up databases of a node to one file, which is all that a restore needs.

The node must be down: one that runs can back itself up with createBackup of the library. Nothing in its directories is changed. An access controller that is a database is backed up with the databases that it is for. The file holds no private keys. What is encrypted stays encrypted.

The file is written under another name, and gets its own when it is complete: an interrupted run leaves nothing under it.`,
  examples: [
    ['orbitdb-backup create posts -o posts.car', 'a database, by its name, of a node in this folder'],
    ['orbitdb-backup create /orbitdb/zdpuA... -d ./node -o posts.car', 'by its address, of a node in another folder'],
    ['orbitdb-backup create --all -o - | gzip > all.car.gz', 'all databases, to a program'],
    ['orbitdb-backup create --all --keep-going -o all.car', 'all databases that can be backed up'],
    ['orbitdb-backup create posts --base monday.car -o tuesday.car', 'only what is new since a backup'],
    ['orbitdb-backup create posts --blockstore /var/ipfs/blocks --orbitdb /var/orbitdb -o posts.car', 'with directories somewhere else']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported', 'incomplete', 'needsBase']
})))
  .argument('[database...]', 'names or addresses of databases: `orbitdb-backup list` shows them')
  .option('-a, --all', 'every database that is there')
  .option('-k, --keep-going', 'back up what can be when a database can not, name those that can not, and exit with 7')
  .option('-b, --base <archive>', 'leave out what this archive has, so that a restore needs both; can be given several times', collect)
  .option('-o, --output <file>', 'the file to write, - for standard output')
  .option('-f, --force', 'overwrite the file if it exists')
  .action((names: string[], options: CreateOptions) => run(options, context => createArchive(names, options, context)))

async function createArchive (names: string[], options: CreateOptions, { signal, output }: Context): Promise<void> {
  const { all = false, keepGoing = false, force = false, base, limit, output: path, json = false } = options
  const wanted = namesGiven(names, all)
  const limits = await parseLimits(limit)
  const destination = await openDestination(path, { force, json })
  const layout = await findLayout(options)
  assertHasBlocks(layout, options)

  const { openNode } = await import('../node.ts')
  const node = await openNode(layout, { write: false })
  try {
    const found = await findDatabases(layout.orbitdb, node.readBlocks)
    const picked = pickDatabases(found, wanted, layout.orbitdb)
    const failed: Failure[] = []
    const opened = await openAll(node, layout.orbitdb, picked, { all, keepGoing, failed, output })
    if (opened.length + failed.length === 0) {
      throw new CLIError('notFound', `No database in "${layout.orbitdb}" has anything in it, as no restore was finished: restore them again`)
    }
    if (path === dash && keepGoing) {
      // What was written there can not be taken back
      await removeFailing(opened, failed, { limits, signal })
    }
    const { root, bytes, problems } = await writeArchive(destination, opened, { keepGoing, base, limits, failed, signal, output })
    for (const { message } of problems.slice(0, maxProblems)) output.warn(message)
    if (problems.length > 0) {
      output.warn(`${problems.length > maxProblems ? `... and ${count(problems.length - maxProblems, 'other')}. ` : ''}A restore refuses this, unless it is told not to verify, and the root: --verify none --root ${root}`)
    }
    const databases = opened.map(({ summary }) => summary)
    const entries = databases.reduce((sum, { entries }) => sum + entries, 0)
    if (path !== dash) {
      output.result({
        json: { output: path, root, bytes, databases, ...problems.length > 0 && { problems }, ...keepGoing && { failed: failed.map(toJSON) } },
        text: () => `${path}: ${countDatabases(opened.length, countAccess(opened.map(({ db }) => db)))}, ${countEntries(entries)}, ${formatSize(bytes)}, root ${root}`
      })
    }
    if (failed.length > 0) {
      for (const { database, error } of failed) output.warn(`Not backed up: ${describe(database, error)}`)
      throw new CLIError('incomplete', `${failed.length} of ${count(picked.length, 'database')} could not be backed up: ${formatSome(failed.map(({ database }) => titleOf(database)))}`)
    }
  } finally {
    await node.close()
  }
}

/** How many problems are printed. */
const maxProblems = 20

/** A database that is being backed up. */
interface Opened {
  database: StoredDatabase
  db: Database
  summary: { address: string, name: string, type: string, indexed: boolean, entries: number, heads: number }
}

/** A database that can not be backed up. */
interface Failure {
  database: StoredDatabase
  error: unknown
}

const describe = (database: StoredDatabase, error: unknown): string => `${titleOf(database)}: ${toCLIError(error).message}`

const toJSON = ({ database: { address, manifest }, error }: Failure) => ({ address, name: manifest?.name ?? null, message: toCLIError(error).message })

/** The error about a database that can not be backed up. */
const failure = (database: StoredDatabase, error: unknown): CLIError => new CLIError(toCLIError(error).exitCode, describe(database, error), { cause: error })

interface OpenAllOptions {
  all: boolean
  keepGoing: boolean
  failed: Failure[]
  output: Output
}

/** Opens databases, and adds to `failed` those that can not be, if others are to be backed up then. */
async function openAll (node: OfflineNode, orbitdb: string, picked: StoredDatabase[], { all, keepGoing, failed, output }: OpenAllOptions): Promise<Opened[]> {
  const { openDatabase } = await import('../open.ts')
  const opened: Opened[] = []
  for (const database of picked) {
    const { address, manifest, isIndexed } = database
    const leaveOut = (): void => output.warn(`${titleOf(database)} is left out: its restore was not finished, and there is nothing in it`)
    try {
      // Nothing pins its manifest, so that this may be gone
      if (all && manifest == null && (await readWholeLog(orbitdb, hashOf(address), node.isPinned)).isUnfinished) {
        leaveOut()
        continue
      }
      const { db, unknownAccess, log: { heads, index, isUnfinished } } = await openDatabase(node, orbitdb, address)
      if (isUnfinished && all) {
        leaveOut()
        continue
      }
      if (isUnfinished) {
        throw new CLIError('damaged', 'Its restore was not finished, and there is nothing in it: restore it again')
      }
      for (const type of unknownAccess) {
        output.warn(`"${shown(db.name)}" has an access controller of type "${shown(type)}": if it keeps anything besides its block, that is not backed up`)
      }
      opened.push({ database, db, summary: { address, name: db.name, type: manifest!.type, indexed: isIndexed, entries: index.size, heads: heads.length } })
    } catch (error) {
      if (!keepGoing) {
        throw failure(database, error)
      }
      failed.push({ database, error })
    }
  }
  return opened
}

/** Tries to back databases up one by one, to nowhere, and moves those that can not be to `failed`. */
async function removeFailing (opened: Opened[], failed: Failure[], options: { limits?: Partial<Limits>, signal: AbortSignal }): Promise<void> {
  const { createBackup } = await import('../../index.ts')
  const { default: drain } = await import('it-drain')
  for (const one of [...opened]) {
    try {
      await drain(createBackup(one.db, options))
    } catch (error) {
      if (!isOfDatabase(error)) {
        throw error
      }
      failed.push({ database: one.database, error })
      opened.splice(opened.indexOf(one), 1)
    }
  }
}

interface WriteOptions {
  keepGoing: boolean
  base?: string[]
  limits?: Partial<Limits>
  failed: Failure[]
  signal: AbortSignal
  output: Output
}

/** Writes an archive of databases, without those that can not be backed up if others are to be then. */
async function writeArchive (destination: Destination, opened: Opened[], { keepGoing, base, limits, failed, signal, output }: WriteOptions): Promise<{ root: string, bytes: number, problems: CreateProblem[] }> {
  const { createBackup } = await import('../../index.ts')
  for (;;) {
    if (opened.length === 0) {
      throw new CLIError('damaged', `None of the databases can be backed up: ${describe(failed[0].database, failed[0].error)}`)
    }
    output.expect({ blocks: opened.reduce((sum, { summary }) => sum + summary.entries, 0) })
    const problems: CreateProblem[] = []
    const backup = createBackup(opened.map(({ db }) => db), {
      base: base == null ? undefined : (await openSource(base, signal, { what: 'a base is an archive that was made before, given by its file or URL' })).source,
      limits,
      signal,
      onProgress: event => event.type === 'orbitdb-backup:create:problem' ? problems.push(event.detail) : output.onProgress(event)
    })
    try {
      const bytes = await destination.write(backup)
      return { root: String(await backup.root), bytes, problems }
    } catch (error) {
      const { exitCode, message } = toCLIError(error)
      if (exitCode === exitCodes.needsBase) {
        throw new CLIError('needsBase', `${message}: name that with --base`, { cause: error })
      }
      const before = failed.length
      if (isOfDatabase(error)) {
        await removeFailing(opened, failed, { limits, signal })
      }
      if (failed.length === before) {
        throw error
      }
      if (!keepGoing) {
        throw failure(failed[0].database, failed[0].error)
      }
    }
  }
}
