import { CID } from 'multiformats/cid'
import { deleteRecord, getRecord, putRecord } from './records.ts'
import { inTurn } from './turns.ts'
import { openBaseOf, planBackup, toDatabases } from '../create/index.ts'
import { rootToString } from '../errors.ts'
import { createProgress } from '../progress.ts'
import { inBatches } from '../../blocks/batches.ts'
import { cidOf } from '../../blocks/cids.ts'
import { createDigestTable } from '../../blocks/digests.ts'
import { missingBlock } from '../../blocks/errors.ts'
import { createBlocks, createHold, createHoldId, holdBlocks } from '../../blocks/index.ts'
import type { CreateOptions } from '../create/index.ts'
import type { Base } from '../create/base.ts'
import type { Plan } from '../create/plan.ts'
import type { CreateProblemEvent } from '../create/index.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { Blocks, StoredBlock } from '../../blocks/index.ts'
import type { Database } from '../../core/index.ts'

/** Tells how far a snapshot has come: first the entries are read, then what the node does not have is stored. */
export type SnapshotProgressEvent = ArchiveProgressEvent<'orbitdb-backup:create:read' | 'orbitdb-backup:snapshot:store'> | CreateProblemEvent

/** Options of {@link createSnapshot}. */
export interface CreateSnapshotOptions extends ArchiveOptions<SnapshotProgressEvent>, Pick<CreateOptions, 'limits'> {
  /** A snapshot, or an archive, whose entries are not read again. */
  base?: CreateOptions['base']
}

/** How many blocks are stored at once. */
const batchLength = 500

/**
 * Makes a backup on the node itself, as the databases are at one instant: lists of what is in them. The entries stay
 * the databases' own, so that it takes no more room than its lists, and a database that is dropped takes them away. It is
 * kept, with the lists, until `deleteSnapshot`, and survives restarts.
 *
 * What the databases have in common with a snapshot before is stored once. Peers can get the snapshot from the
 * node by its CID (`restoreBackup(orbitdb, cid)`), and it can be the `base` of a backup.
 *
 * @returns The CID of its root: the same as that of a backup of the same state.
 * @throws TypeError when there is no database, or they are on several nodes, and what `createBackup` throws.
 *
 * @example
 * ```ts
 * import { createBackup, createSnapshot } from 'orbitdb-backup'
 *
 * const monday = await createSnapshot(db)
 * await db.put({ _id: 'mood', text: 'better' })
 * const tuesday = createBackup(db, { base: monday })    // what is new since Monday
 * ```
 */
export async function createSnapshot (databases: Database<any> | ReadonlyArray<Database<any>>, options: CreateSnapshotOptions = {}): Promise<CID> {
  const all = toDatabases(databases)
  const [{ ipfs }] = all
  if (all.some(db => db.ipfs !== ipfs)) {
    throw new TypeError('Could not create a snapshot: the databases are on several nodes')
  }
  const base = await openBaseOf(all, options)
  try {
    return await snapshotOf(all, base, options)
  } finally {
    await base?.close()
  }
}

async function snapshotOf (databases: Database[], base: Base | undefined, options: CreateSnapshotOptions): Promise<CID> {
  const [{ ipfs }] = databases
  const { signal, onProgress } = options
  const { plan } = await planBackup(databases, { ...options as CreateOptions, base })
  const root = rootToString(plan.root)
  const blocks = await createBlocks(ipfs)
  const onStore = createProgress('orbitdb-backup:snapshot:store', onProgress)

  await inTurn(ipfs, async () => {
    signal?.throwIfAborted()
    const known = await getRecord(ipfs, root)
    await keepShared(plan, blocks, signal)
    if (known?.isHeld === true) {
      return
    }
    const record = known ?? { hold: { id: createHoldId(), pin: new Uint8Array() }, created: Date.now(), isHeld: false }
    const hold = await createHold(record.hold.id, await digestsOf(plan))
    record.hold.pin = hold.pin
    // Before there is anything to lose: what was interrupted can be completed, or deleted
    await putRecord(ipfs, root, record)
    try {
      await storeNodes(plan, base, blocks, onStore, signal)
      await blocks.putMany(hold.links, { signal })
      signal?.throwIfAborted()
    } catch (error) {
      if (known == null) await deleteRecord(ipfs, root)
      throw error
    }
    await holdBlocks(ipfs, hold.pin)
    await putRecord(ipfs, root, { ...record, isHeld: true })
  })
  return CID.decode(cidOf(plan.root))
}

/** The digests of all blocks of the snapshot itself. */
async function digestsOf ({ sizes, reused }: Plan): Promise<Uint8Array> {
  const { add, packed } = createDigestTable()
  for (const [digest] of sizes()) add(digest)
  for await (const digest of reused()) add(digest)
  return packed()
}

/** Stores the blocks of the snapshot itself that the node does not have: some may be in a base that is elsewhere. */
async function storeNodes ({ nodes, sizes, reused }: Plan, base: Base | undefined, blocks: Blocks, onStore: (blocks: number, bytes: number) => void, signal?: AbortSignal): Promise<void> {
  const put = async (some: WrittenBlock[]): Promise<void> => {
    await blocks.putMany(some.map(({ digest, bytes }): StoredBlock => [cidOf(digest), bytes]), { signal })
    onStore(some.length, some.reduce((sum, { bytes }) => sum + bytes.length, 0))
  }
  const absent = createDigestTable()
  for await (const digest of absentOf(sizesOf(sizes()), blocks, signal)) absent.add(digest)
  const batch: WrittenBlock[] = []
  const store = async (block: WrittenBlock): Promise<void> => {
    if (batch.push(block) === batchLength) await put(batch.splice(0))
  }
  for (const block of nodes(absent.has)) await store(block)
  for await (const digest of absentOf(reused(), blocks, signal)) await store({ digest, bytes: await base!.read(digest) })
  await put(batch)
}

const sizesOf = function * (sizes: ReturnType<Plan['sizes']>): Generator<Uint8Array> {
  for (const [digest] of sizes) yield digest
}

/** Those of some blocks that a node does not have. */
async function * absentOf (digests: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, blocks: Blocks, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const some of inBatches(digests, batchLength)) {
    const areThere = await blocks.hasMany(some.map(digest => cidOf(digest)), { signal })
    yield * some.filter((_, i) => !areThere[i])
  }
}

/**
 * Sees to it that the node keeps what databases have besides entries. Identities of other writers it may have only
 * for the time being. They are pinned as OrbitDB pins them, and stay so, as a database may need them then.
 */
async function keepShared ({ shared }: Plan, blocks: Blocks, signal?: AbortSignal): Promise<void> {
  const cids = shared.map(({ digest }) => cidOf(digest))
  const areThere = await blocks.hasMany(cids, { signal })
  const absent = shared.filter((_, i) => !areThere[i])
  const lost = absent.find(({ bytes }) => bytes == null)
  if (lost != null) {
    throw missingBlock(cidOf(lost.digest))
  }
  await blocks.putMany(absent.map(({ digest, bytes }) => [cidOf(digest), bytes!]), { signal })
  await blocks.pinMany(cids, { signal, isShallow: true })
}
