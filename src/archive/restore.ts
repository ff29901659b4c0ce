import { untilAborted } from './abort.ts'
import { openDag } from './dag/index.ts'
import { digestLength, keyOf } from '../blocks/digests.ts'
import { decodeBlock } from './decode.ts'
import { hashOfDigest, IncompleteArchiveError } from './errors.ts'
import { toLimits } from './limits.ts'
import { pickDatabases, readManifest, readManifestIf } from './pick.ts'
import { createProgress } from './progress.ts'
import { isOnNode } from './rebuild.ts'
import { openOrSalvage } from './salvage/open.ts'
import { openSource } from './sources/index.ts'
import { createBlocks, createEntryStorage } from '../blocks/index.ts'
import { cidOf } from '../blocks/cids.ts'
import { detach } from '../blocks/detach.ts'
import { toHash, toHashText } from '../blocks/hashes.ts'
import { MissingBlockError } from '../core/index.ts'
import { Intake } from '../core/intake.ts'
import type { Dag, DagDatabase, RootLike } from './dag/index.ts'
import type { Limits } from './limits.ts'
import type { ManifestFacts } from './pick.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { Salvaged } from './salvage/index.ts'
import type { BackupSource } from './sources/index.ts'
import type { Source } from './sources/source.ts'
import type { Blocks, StoredBlock } from '../blocks/index.ts'
import type { AnyDatabase, Database, DatabaseFactory, DatabaseOptions, ImportOptions, OrbitDB, RestoreState, Storage } from '../core/index.ts'

/** Tells how far a restore has come: first the archive is read, then its databases are imported. */
export type RestoreProgressEvent = ArchiveProgressEvent<'orbitdb-backup:restore:read' | 'orbitdb-backup:restore:import'>

/** Options of {@link restoreBackup}: those of `open`, for each database, and how to restore. */
export interface RestoreBackupOptions extends Omit<DatabaseOptions, 'meta' | 'AccessController'>, Pick<ImportOptions, 'verify' | 'repair'>, ArchiveOptions<RestoreProgressEvent> {
  type?: string
  Database?: DatabaseFactory<any>
  /** The CID of the root that the archive must have: of several, which one to restore. */
  root?: RootLike
  /**
   * Whether the source has blocks of databases, but no lists, as other tools write them: CAR files, or files that are a
   * block each. Databases and heads are found by reading all of it into memory, and nobody knows whether anything newer is
   * missing. `root` is then the CID of the manifest of the database that is meant. Defaults to false.
   */
  salvage?: boolean
  /** Called with what was found by `salvage`, before it is restored. */
  onSalvage?: (salvaged: Salvaged) => void
  /** Names or addresses of the databases to restore; all by default. */
  databases?: readonly string[]
  /**
   * Whether to close each database once it is restored, unless it was open before: an archive can have more databases than a
   * process can have files open, and each takes several. Defaults to false.
   */
  close?: boolean
  /** The most of what there may be in an archive, where it is not the default. */
  limits?: Partial<Limits>
  /** How long peers and gateways may give no block before it is given up, in ms; 60 s by default. */
  timeout?: number
  /** The most bytes to get from peers and gateways. */
  maxBytes?: number
}

// How many blocks are stored at once, at most, and about how many bytes
const maxBatchLength = 250
const maxBatchBytes = 2 ** 22

/**
 * Restores the databases of an archive, and opens them: on a node that has nothing of them, or into
 * those that it has, which keep what they have besides.
 *
 * Every block is checked against its hash before it is stored, and nothing is pinned or gets into a
 * log before all of a database is verified. When it fails before that, what was stored is for the node's
 * garbage collection to remove. Databases of one archive are restored one after the other: those that came
 * before the one that failed stay restored, and are closed unless they were open before.
 *
 * @returns The database, or an array where the archive has several: open, but for `close`.
 * @throws ArchiveError of some class, DatabaseNotFoundError, and the errors of `import`.
 *
 * @example
 * ```ts
 * import { createBackup, restoreBackup } from 'orbitdb-backup'
 * import type { Documents } from 'orbitdb-backup'
 *
 * const file = await new Response(createBackup(db).stream()).blob()
 *
 * // On another machine
 * const restored = await restoreBackup<Documents>(otherOrbitdb, file)
 * console.log(await restored.all())
 * ```
 */
export async function restoreBackup<Restored extends Database<any> | Array<Database<any>> = AnyDatabase> (
  orbitdb: OrbitDB<any>,
  source: BackupSource,
  options: RestoreBackupOptions = {}
): Promise<Restored> {
  const { salvage, onSalvage, encryption, signal, timeout, maxBytes } = options
  const limits = toLimits(options.limits)
  // Before all else: see toChunks
  const { opened, root } = await openOrSalvage(source, openSource, { salvage, onSalvage, root: options.root, encryption, ipfs: orbitdb.ipfs, limits, signal, timeout, maxBytes })
  let target: Target
  try {
    target = await createTarget(orbitdb, options)
  } catch (error) {
    await opened.close()
    throw error
  }
  const { blocks, witness } = target
  try {
    return await restore(target, { opened, root, limits }, options) as Restored
  } finally {
    // If it can not be deleted, it is garbage
    if (witness != null) await blocks.deleteMany([witness]).catch(() => {})
  }
}

/** What there is to restore on. */
interface Target {
  orbitdb: OrbitDB<any>
  blocks: Blocks
  /** See {@link Blocks.putWitness}. */
  witness?: string
}

async function createTarget (orbitdb: OrbitDB<any>, { entryStorage, signal }: RestoreBackupOptions): Promise<Target> {
  const blocks = await createBlocks(orbitdb.ipfs)
  await blocks.flush?.()
  const witness = entryStorage == null ? await blocks.putWitness?.({ signal }) : undefined
  return { orbitdb, blocks, witness }
}

/** The state of a database in an archive. */
type ArchivedState = RestoreState & Pick<DagDatabase, 'address'>

/** What there is to import. */
interface StoredArchive {
  /** The states of the databases. */
  states: ArchivedState[]
  /** How many entries they have. */
  entries: number
  /** Whether the archive left nothing out, and otherwise what it is based on. */
  isComplete: boolean
  bases: string[]
}

/**
 * Stores the blocks of an archive, and tells what there is to import. What is known of the blocks is left behind, as it takes as much memory
 * as an import.
 */
async function storeArchive (
  { orbitdb, blocks }: Target,
  { opened, root, limits }: { opened: Source, root?: RootLike, limits: Limits },
  { verify = true, signal, onProgress, databases: names, encryption, entryStorage, headsStorage, indexStorage }: RestoreBackupOptions
): Promise<StoredArchive> {
  let stored: StoredBlocks
  try {
    const onRead = createProgress('orbitdb-backup:restore:read', onProgress, { bytes: opened.size })
    const dag = openDag(opened, { root, limits, signal, onRead })
    const createIntake = ({ address }: DagDatabase): Intake => Intake({ id: address, verify, encryption, identities: orbitdb.identity })
    stored = await storeBlocks(dag, blocks, { names, limits, createIntake, entryStorage, signal })
  } finally {
    await opened.close()
  }
  const { dag, picked, intakes } = stored
  const { bases } = dag
  const databases = dag.databases().filter(database => !database.isAccess && picked.has(database))
  if (new Set(databases.map(({ address }) => address)).size > 1 && (headsStorage ?? indexStorage) != null) {
    throw new TypeError('Could not restore: the archive has several databases, which can not share storages of heads and indexes')
  }

  const states: ArchivedState[] = []
  const context = { blocks, dag, access: new Map<DagDatabase, ArchivedState>() }
  let entries = 0
  for (const database of databases) {
    const { isPartial, heads, counts } = database
    if (isPartial && (heads.size < counts.heads || (root != null && !await isOnNode(database, blocks, signal)))) throw needsBases(bases)
    states.push(await toState(database, context, intakes.get(database)))
    entries += counts.entries
  }
  return { states, entries, isComplete: dag.isComplete(), bases }
}

async function restore (
  target: Target,
  archive: { opened: Source, root?: RootLike, limits: Limits },
  restoreOptions: RestoreBackupOptions
): Promise<Database | Database[]> {
  const { states, entries, isComplete, bases } = await storeArchive(target, archive, restoreOptions)
  const { orbitdb, blocks, witness } = target
  const { verify = true, repair, salvage, onSalvage, signal, onProgress, root, databases, close = false, limits, timeout, maxBytes, ...options } = restoreOptions
  const onImport = createProgress('orbitdb-backup:restore:import', onProgress, { blocks: entries })

  // What closes a database that can not be restored must not close what others use
  let isRestored = false
  const given = options.entryStorage == null ? undefined : { ...options.entryStorage, close: async () => { if (isRestored) await options.entryStorage?.close() } }
  const restored = new Set<Database>()
  /** Those that were not open before */
  const newlyOpened: Database[] = []
  try {
    for (const state of states) {
      let done = 0
      const isOpen = orbitdb.status(state.address) === 'open'
      const entryStorage = given ?? await createEntryStorage(orbitdb.ipfs, blocks)
      const db: Database = await orbitdb.open(state.address, {
        ...options as {},
        entryStorage,
        signal,
        restore: {
          ...state,
          witness,
          hasExactHeads: true,
          verify,
          repair,
          onProgress: ({ detail }) => {
            onImport(detail.done - done, 0)
            done = detail.done
          }
        }
      })
      restored.add(db)
      if (isOpen) continue
      if (close) {
        await db.close()
      } else {
        newlyOpened.push(db)
      }
    }
  } catch (error) {
    for (const db of newlyOpened) {
      await db.close()
    }
    if (error instanceof MissingBlockError && !isComplete) throw needsBases(bases, error)
    throw error
  }
  isRestored = true
  const all = [...restored]
  return all.length === 1 ? all[0] : all
}

/** The error about a node that has not what an archive leaves out. */
function needsBases (bases: string[], cause?: MissingBlockError): IncompleteArchiveError {
  return new IncompleteArchiveError(`The archive has only what is new since ${bases.join(', ')}, and the node has not all of that: restore that first, or give both`, { bases, hash: cause?.hash, cause })
}

/** What states are made of. */
interface StateContext {
  blocks: Blocks
  dag: Dag
  /** The states of the databases of access controllers, which several databases may have. */
  access: Map<DagDatabase, ArchivedState>
}

/** The state of a database whose blocks are stored. */
async function toState (database: DagDatabase, context: StateContext, { intake, count }: { intake?: Intake, count?: number } = {}): Promise<ArchivedState> {
  const { address, heads, countEntries, entryDigests, accessController } = database
  const { blocks, dag, access } = context
  const state: ArchivedState = {
    address,
    heads: Array.from({ length: heads.size }, (_, place) => hashOfDigest(heads.at(place))),
    index: intake == null ? hashesOf(packDigests(entryDigests(), countEntries())) : [],
    intake
  }
  if (intake != null && count !== countEntries()) {
    for (const digest of entryDigests()) intake.expectText(toHashText(cidOf(digest)))
  }
  if (accessController != null && 'database' in accessController) {
    const controlling = dag.databases().find(({ address }) => address === accessController.database)
    if (controlling != null && !access.has(controlling)) access.set(controlling, await toState(controlling, context))
    if (controlling != null) state.accessController = access.get(controlling)
  } else if (accessController != null && 'state' in accessController) {
    const digest = accessController.state
    const [bytes] = await blocks.getMany([cidOf(digest)])
    if (bytes != null) state.accessController = decodeBlock({ digest, bytes })
  }
  return state
}

/** Copies digests, which leaves behind what they are views of. */
function packDigests (digests: Iterable<Uint8Array>, count: number): Uint8Array {
  const packed = new Uint8Array(count * digestLength)
  let at = 0
  for (const digest of digests) {
    packed.set(digest, at)
    at += digestLength
  }
  return packed
}

/** The hashes of digests, which can be gone through several times. */
const hashesOf = (packed: Uint8Array): Iterable<string> => ({
  * [Symbol.iterator] () {
    for (let at = 0; at < packed.length; at += digestLength) yield hashOfDigest(packed.subarray(at, at + digestLength))
  }
})

/** What was known of the blocks as they were stored. */
interface StoredBlocks {
  dag: Dag
  picked: Set<DagDatabase>
  /** What took entries as they came, and how many */
  intakes: Map<DagDatabase, { intake: Intake, count: number }>
}

interface StoreOptions {
  /** Names or addresses of the databases that are asked for. */
  names?: readonly string[]
  limits: Limits
  createIntake: (database: DagDatabase) => Intake
  /** Where an app wants to have entries, besides among the blocks of the node. */
  entryStorage?: Storage
  signal?: AbortSignal
}

/** Stores the blocks of the databases in an archive, without pinning them, and verifies entries as they come. */
async function storeBlocks (dag: Dag, blocks: Blocks, { names, limits, createIntake, entryStorage, signal }: StoreOptions): Promise<StoredBlocks> {
  const putMany = (batch: StoredBlock[]): Promise<void> => blocks.putMany(batch, { signal })
  const writer = createWriter(putMany)
  // Entries come in the order of their keys, mostly. Where a LevelDB has blocks of other places among the first of them, it merges all
  // that follow with these: so others are stored last
  const sharedWriter = createWriter(putMany)
  const entryWriter = entryStorage == null ? undefined : createWriter(batch => putEntries(entryStorage, batch, signal))
  const intakes: StoredBlocks['intakes'] = new Map()
  const manifests = new Map<string, ManifestFacts>()
  let picked: Set<DagDatabase> | undefined

  let known = 0
  let databases: DagDatabase[] = []
  const manifestKeys = new Set<string>()

  /** Learns of the databases that have become known. */
  const update = (): void => {
    const count = dag.parts.reduce((count, part) => count + part.countDatabases(), 0)
    if (count > known) {
      known = count
      databases = dag.databases()
      for (const { manifest } of databases) manifestKeys.add(keyOf(manifest))
    }
  }

  /** Leaves out what is not asked for, as soon as it is known what that is. */
  const pick = (): void => {
    if (names == null || picked != null || !dag.parts.every(part => part.areSnapshotsKnown()) || !databases.every(({ manifest }) => manifests.has(keyOf(manifest)))) {
      return
    }
    picked = pickDatabases(databases, names, manifests)
    for (const database of databases) {
      if (!picked.has(database)) dag.parts.forEach(part => part.ignore(database))
    }
  }

  const takeEntry = (database: DagDatabase, [cid, bytes]: StoredBlock): boolean | Promise<boolean> => {
    let taken = intakes.get(database)
    if (taken == null) {
      taken = { intake: createIntake(database), count: 0 }
      intakes.set(database, taken)
    }
    taken.count++
    return taken.intake.takeText(toHashText(cid), bytes)
  }

  try {
    for await (const batch of dag.blocks()) {
      update()
      for (const block of batch) {
        const { digest, bytes, database } = block
        if (database == null) {
          // Of what came before the snapshots it is not known yet which are manifests
          const facts = manifestKeys.has(keyOf(digest)) ? readManifest(block, limits) : readManifestIf(block, limits)
          if (facts != null) manifests.set(keyOf(digest), facts)
          pick()
        }
        if (picked == null || database == null || picked.has(database)) {
          // What waits to be stored last is copied: as a part of a chunk it would keep all of that in memory
          const block: StoredBlock = [cidOf(digest), database == null ? detach(bytes) : bytes]
          if (database != null && !database.isAccess) {
            // What is not asked for may be anything
            const taken = names == null || picked != null ? takeEntry(database, block) : undefined
            if (taken instanceof Promise) await untilAborted(taken, signal)
            await entryWriter?.put(block)
          }
          await (database == null ? sharedWriter : writer).put(block)
        }
      }
    }
    await writer.flush()
    await sharedWriter.flush()
    await entryWriter?.flush()
    dag.assertIsComplete({ isThin: true })
  } finally {
    await writer.settle()
    await sharedWriter.settle()
    await entryWriter?.settle()
  }
  update()
  picked ??= pickDatabases(databases, names, manifests)
  return { dag, picked, intakes }
}

/** Stores entries where an app wants to have them. */
async function putEntries (storage: Storage, batch: StoredBlock[], signal?: AbortSignal): Promise<void> {
  const entries = batch.map(([cid, bytes]): [string, Uint8Array] => [toHash(cid), detach(bytes)])
  if (storage.putMany != null) {
    await storage.putMany(entries, signal, { persist: false })
    return
  }
  for (const [hash, bytes] of entries) {
    await storage.put(hash, bytes, signal, { persist: false })
  }
}

/** Stores blocks as they come, many at a time, while the next ones are read. */
function createWriter (store: (batch: StoredBlock[]) => Promise<void>) {
  let batch: StoredBlock[] = []
  let size = 0
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    await writing
    writing = batch.length === 0 ? undefined : store(batch)
    writing?.catch(() => {})
    batch = []
    size = 0
  }

  return {
    /** Adds a block. A promise where it has to wait. */
    put: (block: StoredBlock): Promise<void> | undefined => {
      batch.push(block)
      size += block[1].length
      return batch.length >= maxBatchLength || size >= maxBatchBytes ? write() : undefined
    },
    flush: async (): Promise<void> => {
      await write()
      await writing
    },
    /** Waits until nothing is being stored any more, also after an error. */
    settle: async (): Promise<void> => {
      await writing?.catch(() => {})
    }
  }
}
