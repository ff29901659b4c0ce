import { openArchive } from './car.ts'
import { assertHasAll, damagedBlock } from './errors.ts'
import { decode } from './format.ts'
import { createProgress } from './progress.ts'
import { createSnapshotReader, setupOf } from './snapshots.ts'
import { toChunks } from './source.ts'
import { createBlocks, createEntryStorage } from '../blocks/index.ts'
import { multihashOf, toBytes } from '../blocks/hashes.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { ArchivedDatabase } from './snapshots.ts'
import type { ArchiveSource } from './source.ts'
import type { Blocks, CIDBytes, StoredBlock } from '../blocks/index.ts'
import type { AnyDatabase, Database, DatabaseFactory, DatabaseOptions, ImportOptions, OrbitDB, RestoreState } from '../core/index.ts'

/** Tells how far a restore has come: first the archive is read, then its databases are imported. */
export type RestoreProgressEvent = ArchiveProgressEvent<'orbitdb-backup:restore:read' | 'orbitdb-backup:restore:import'>

/** Options of {@link restoreBackup}: those of `open`, for each database, and how to restore. */
export interface RestoreBackupOptions extends Omit<DatabaseOptions, 'meta' | 'AccessController'>, Pick<ImportOptions, 'verify'>, ArchiveOptions<RestoreProgressEvent> {
  type?: string
  Database?: DatabaseFactory<any>
}

// How many blocks are stored at once, at most, and about how many bytes
const maxBatchLength = 1000
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
 * @returns The database, or an array where the archive has several.
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError, UnsupportedVersionError,
 * DamagedArchiveError or TruncatedArchiveError, and the errors of `import`.
 */
export async function restoreBackup<Restored extends Database<any> | Array<Database<any>> = AnyDatabase> (
  orbitdb: OrbitDB<any>,
  source: ArchiveSource,
  { verify = true, signal, onProgress, ...options }: RestoreBackupOptions = {}
): Promise<Restored> {
  const blocks = await createBlocks(orbitdb.ipfs)
  const { databases, roots } = await storeArchive(blocks, source, { signal, onProgress })
  if (roots.length > 1 && (options.headsStorage ?? options.indexStorage) != null) {
    throw new TypeError('Could not restore: the archive has several databases, which can not share storages of heads and indexes')
  }

  const setup = databases.flatMap(setupOf).map(toBytes)
  const arePinned = await blocks.arePinned(setup, { signal })
  const total = roots.reduce((total, { entries }) => total + entries.size, 0)
  const onImport = createProgress('orbitdb-backup:restore:import', onProgress, { blocks: total })

  const restored: Database[] = []
  /** Those that were not open before */
  const opened: Database[] = []
  try {
    for (const database of roots) {
      let done = 0
      const entryStorage = options.entryStorage ?? await createEntryStorage(orbitdb.ipfs, blocks)
      const db: Database = await orbitdb.open(database.address, {
        ...options as {},
        entryStorage,
        signal,
        restore: {
          ...await toState(blocks, database),
          verify,
          onProgress: ({ detail }) => {
            if (detail.done % 1000 === 0 || detail.done === detail.total) {
              onImport(detail.done - done, 0)
              done = detail.done
            }
          }
        }
      })
      restored.push(db)
      if (db.log.storage === entryStorage) opened.push(db)
    }
  } catch (error) {
    for (const db of opened) {
      await db.close()
    }
    const pinned = await blocks.arePinned(setup)
    await blocks.unpinMany(setup.filter((_, i) => pinned[i] && !arePinned[i]))
    throw error
  }
  return (restored.length === 1 ? restored[0] : restored) as Restored
}

/** The state of a database whose blocks are stored. */
async function toState (blocks: Blocks, { address, heads, entries, accessController, accessDatabase }: ArchivedDatabase): Promise<RestoreState> {
  const state: RestoreState = { address, heads: [...heads], index: entries }
  if (accessDatabase != null) {
    state.accessController = await toState(blocks, accessDatabase)
  } else if (accessController != null && 'state' in accessController) {
    const [bytes] = await blocks.getMany([toBytes(accessController.state)])
    state.accessController = decode(accessController.state, bytes!)
  }
  return state
}

/** What was stored of an archive. */
interface StoredArchive {
  /** Every database. */
  databases: ArchivedDatabase[]
  /** The databases that are not of access controllers. */
  roots: ArchivedDatabase[]
}

/**
 * Stores the blocks of the databases in an archive, without pinning them. What else is in it is not
 * stored, or deleted again where it came before it was known to be nothing of the databases.
 */
async function storeArchive (blocks: Blocks, source: ArchiveSource, { signal, onProgress }: ArchiveOptions<RestoreProgressEvent>): Promise<StoredArchive> {
  const chunks = toChunks(source)
  const onRead = createProgress('orbitdb-backup:restore:read', onProgress, { bytes: chunks.size })
  const archive = await openArchive(chunks)
  const writer = createWriter(blocks, signal)

  /** Hashes of the blocks of the databases, as far as they are known, and whether they came */
  const expected = new Map<string, boolean>()
  /** Hashes of blocks that came before it is known whether they are needed, and whether the node had them */
  const early = new Map<string, boolean>()
  /** Hashes of those that did not match them, and where these start */
  const damaged = new Map<string, number>()

  const snapshots = createSnapshotReader(archive.root, hashes => {
    for (const hash of hashes) {
      if (early.delete(hash)) {
        expected.set(hash, true)
      } else if (!expected.has(hash)) {
        expected.set(hash, false)
      }
    }
  })

  const addSnapshotBlock = async (hash: string, bytes: Uint8Array): Promise<void> => {
    snapshots.add(hash, bytes)
    for (const next of snapshots.pending()) {
      if (early.has(next)) {
        await writer.flush()
        const [bytes] = await blocks.getMany([toBytes(next)], { signal })
        return addSnapshotBlock(next, bytes!)
      }
    }
  }

  try {
    for await (const batch of archive.blocks) {
      signal?.throwIfAborted()
      let bytesRead = 0
      for (const block of batch) {
        const { cid, hash, bytes, offset, isIntact } = block
        bytesRead += block.length
        const isOfSnapshot = snapshots.needs(hash)
        const isMissing = expected.get(hash) === false
        const isEarly = !isOfSnapshot && !snapshots.isComplete() && !expected.has(hash) && !early.has(hash)
        if (isIntact == null || (!isOfSnapshot && !isEarly && !isMissing)) {
          continue
        }
        if (!isIntact) {
          if (!isEarly) {
            throw damagedBlock(block)
          }
          damaged.set(hash, offset)
          continue
        }
        if (isOfSnapshot) {
          await addSnapshotBlock(hash, bytes)
          continue
        }
        if (isEarly) {
          const [isThere] = await blocks.hasMany([cid], { signal })
          early.set(hash, isThere)
        } else {
          expected.set(hash, true)
        }
        writer.put(cid, bytes)
        if (writer.isFull()) {
          await writer.write()
        }
      }
      onRead(batch.length, bytesRead)
    }
    await writer.flush()
    const missing = [...expected].filter(([, came]) => !came).map(([hash]) => hash)
    assertHasAll(archive.root, [...snapshots.pending(), ...missing], damaged)
  } finally {
    await writer.settle()
    await blocks.deleteMany(foreignBlocks(early, expected))
  }
  return { databases: snapshots.databases(), roots: snapshots.roots() }
}

/** The CIDs of blocks to delete again: stores know blocks by their multihashes, which others may have as well. */
function foreignBlocks (early: Map<string, boolean>, expected: Map<string, boolean>): CIDBytes[] {
  const cids = [...early].filter(([, wasThere]) => !wasThere).map(([hash]) => toBytes(hash))
  if (cids.length === 0) {
    return []
  }
  const keyOf = (cid: CIDBytes): string => String(multihashOf(cid))
  const needed = new Set([...expected.keys()].map(hash => keyOf(toBytes(hash))))
  return cids.filter(cid => !needed.has(keyOf(cid)))
}

/** Stores blocks as they come, many at a time, while the next ones are read. */
function createWriter (blocks: Blocks, signal?: AbortSignal) {
  let batch: StoredBlock[] = []
  let size = 0
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    await writing
    writing = blocks.putMany(batch, { signal })
    writing.catch(() => {})
    batch = []
    size = 0
  }

  return {
    put: (cid: CIDBytes, bytes: Uint8Array): void => {
      batch.push([cid, bytes])
      size += bytes.length
    },
    isFull: (): boolean => batch.length >= maxBatchLength || size >= maxBatchBytes,
    write,
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
