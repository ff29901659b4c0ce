import { CID } from 'multiformats/cid'
import { deleteRecord, getRecord, readRecords } from './records.ts'
import { inTurn } from './turns.ts'
import { openDag } from '../dag/index.ts'
import { ArchiveError, rootToString } from '../errors.ts'
import { toLimits } from '../limits.ts'
import { readManifest } from '../pick.ts'
import { toRootDigest } from '../roots.ts'
import { openSource } from '../sources/index.ts'
import { cidOf } from '../../blocks/cids.ts'
import { createBlocks, releaseBlocks } from '../../blocks/index.ts'
import type { Dag } from '../dag/index.ts'
import type { Limits } from '../limits.ts'
import type { BackedUpDatabase } from '../open/index.ts'
import type { RootLike } from '../roots.ts'
import type { Blocks } from '../../blocks/index.ts'
import type { HeliaNode } from '../../core/index.ts'
import type { AbortOptions } from 'abort-error'

export { createSnapshot } from './create.ts'
export type { CreateSnapshotOptions, SnapshotProgressEvent } from './create.ts'

/** A snapshot that a node has. */
export interface NodeSnapshot {
  root: CID
  /** When it was made. */
  created: Date
  /** Whether the node has all of its blocks, and keeps them: not once entries are gone, as those of a database that was dropped, nor where making it was interrupted. */
  isComplete: boolean
  /** The databases that it is of, as far as their lists are there; without those of access controllers. */
  databases: Array<Partial<BackedUpDatabase> & Pick<BackedUpDatabase, 'address' | 'entries' | 'heads'>>
}

/** Options of {@link listSnapshots}. */
export interface ListSnapshotsOptions extends AbortOptions {
  limits?: Partial<Limits>
}

/**
 * The snapshots that a node has, oldest first. Their lists are read, and each block is looked up, but not read.
 *
 * @example
 * ```ts
 * import { listSnapshots } from 'orbitdb-backup'
 *
 * for (const { root, created, isComplete } of await listSnapshots(ipfs)) {
 *   console.log(String(root), created, isComplete)
 * }
 * ```
 */
export async function listSnapshots (ipfs: HeliaNode, { limits: someLimits, signal }: ListSnapshotsOptions = {}): Promise<NodeSnapshot[]> {
  const limits = toLimits(someLimits)
  const blocks = await createBlocks(ipfs)
  const snapshots: NodeSnapshot[] = []
  for (const [root, { created, isHeld }] of await readRecords(ipfs)) {
    const cid = CID.parse(root)
    const source = await openSource(cid, { ipfs, limits, signal, offline: true })
    try {
      const dag = openDag(source, { limits, signal })
      const isListed = await readLists(dag)
      const isComplete = isHeld && isListed && await hasAll(dag, blocks, signal)
      snapshots.push({ root: cid, created: new Date(created), isComplete, databases: await summarise(dag, blocks, limits) })
    } finally {
      await source.close()
    }
  }
  return snapshots.sort((a, b) => a.created.getTime() - b.created.getTime())
}

/**
 * Deletes a snapshot: what only it needs is for the node's garbage collection to remove. Other snapshots, databases and
 * pins keep what they have.
 *
 * @returns Whether the node had it.
 * @throws WrongRootError when the root is none.
 *
 * @example
 * ```ts
 * import { createSnapshot, deleteSnapshot } from 'orbitdb-backup'
 *
 * const root = await createSnapshot(db)
 * await deleteSnapshot(ipfs, root)
 * await ipfs.gc()
 * ```
 */
export async function deleteSnapshot (ipfs: HeliaNode, root: RootLike): Promise<boolean> {
  const name = rootToString(toRootDigest(root))
  return inTurn(ipfs, async () => {
    const record = await getRecord(ipfs, name)
    if (record == null) {
      return false
    }
    await releaseBlocks(ipfs, record.hold.pin, record.isHeld)
    await deleteRecord(ipfs, name)
    return true
  })
}

/** Reads the lists of a snapshot. Whether they are all there. */
async function readLists (dag: Dag): Promise<boolean> {
  const batches = dag.blocks()
  try {
    while (!dag.isListed() && (await batches.next()).done !== true);
    return dag.isListed()
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    return false
  } finally {
    await batches.return()
  }
}

/** How many blocks are looked up at once. */
const batchLength = 1000

async function hasAll ({ parts }: Dag, blocks: Blocks, signal?: AbortSignal): Promise<boolean> {
  for (const { blocks: digests } of parts) {
    for (let start = 0; start < digests.size; start += batchLength) {
      const cids = Array.from({ length: Math.min(batchLength, digests.size - start) }, (_, i) => cidOf(digests.at(start + i)))
      if ((await blocks.hasMany(cids, { signal })).includes(false)) {
        return false
      }
    }
  }
  return true
}

async function summarise (dag: Dag, blocks: Blocks, limits: Limits): Promise<NodeSnapshot['databases']> {
  const databases = dag.databases().filter(({ isAccess }) => !isAccess)
  const manifests = await blocks.getMany(databases.map(({ manifest }) => cidOf(manifest)))
  return databases.map(({ address, manifest: digest, counts: { entries, heads } }, i) => {
    const bytes = manifests[i]
    const { name, type } = bytes == null ? {} : readManifest({ digest, bytes }, limits)
    return { address, name, type, entries, heads }
  })
}
