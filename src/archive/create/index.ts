import { CID } from 'multiformats/cid'
import { CustomProgressEvent } from 'progress-events'
import { openBase } from './base.ts'
import { readDatabase } from './contents.ts'
import { createPlan } from './plan.ts'
import { isLinkedTwice } from './twice.ts'
import { ArchiveError } from '../errors.ts'
import { createScratch } from './scratch.ts'
import { createSpool } from './spool.ts'
import { toLimits } from '../limits.ts'
import { createProgress } from '../progress.ts'
import { encodeBlocks, encodeHeader, encodeRun } from '../sinks/car.ts'
import { cidOf } from '../../blocks/cids.ts'
import { createBlocks } from '../../blocks/index.ts'
import { digestLength, keyOf } from '../../blocks/digests.ts'
import type { Base } from './base.ts'
import type { Contents, CreateProblem } from './contents.ts'
import type { Outline, Plan } from './plan.ts'
import type { Allocate } from './scratch.ts'
import type { Spool } from './spool.ts'
import type { Limits } from '../limits.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { BackupSource } from '../sources/index.ts'
import type { Database } from '../../core/index.ts'

export type { CreateProblem } from './contents.ts'

/** Something in a log that a restore would refuse, unless it is told not to verify. */
export interface CreateProblemEvent {
  type: 'orbitdb-backup:create:problem'
  detail: CreateProblem
}

/**
 * Tells how far a backup has come: first the entries are read to find out who wrote them, then all
 * blocks are written.
 */
export type CreateProgressEvent = ArchiveProgressEvent<'orbitdb-backup:create:read' | 'orbitdb-backup:create:write'> | CreateProblemEvent

/** Options of {@link createBackup}. */
export interface CreateOptions extends ArchiveOptions<CreateProgressEvent> {
  /**
   * What to leave out, as it is elsewhere already: an archive, several as `{ sources }`, or the CID of a snapshot whose
   * blocks are on the node. Only its lists are read.
   */
  base?: BackupSource
  /** The most of what there may be in an archive, where it is not the default. Readers need the same then. */
  limits?: Partial<Limits>
}

/** What writing an archive reports. */
interface WriteOptions extends Pick<CreateOptions, 'signal'> {
  onProgress?: (event: any) => void
}

/** An archive that is being created: the bytes of a CAR file, to be read once, and its root. */
export interface Backup extends AsyncIterable<Uint8Array> {
  /**
   * The CID of the root, once the databases have been read. It rejects when the backup fails, or is left before that.
   */
  readonly root: Promise<CID>
  /** The bytes as a web stream, as `fetch`, `Response` and clients of S3 take it. */
  stream (): ReadableStream<Uint8Array>
  /**
   * Gives a function the bytes, piece by piece, and waits for what it returns. The memory of a piece is used again then, which saves
   * much collecting of garbage: the fastest way to a file.
   *
   * @example
   * ```ts
   * import { open } from 'node:fs/promises'
   * import { createBackup } from 'orbitdb-backup'
   *
   * await using file = await open('posts.car', 'w')
   * await createBackup(db).writeTo(bytes => file.writeFile(bytes))
   * ```
   */
  writeTo (write: (bytes: Uint8Array) => unknown): Promise<void>
  /** The bytes as they come. */
  [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array, void, undefined>
}

/**
 * Creates an archive of databases, which may be written to meanwhile: each is archived as it is at one instant, when
 * the bytes, the stream or the root are first asked for. Entries that are encrypted and can not be read are archived as
 * they are, without the identities of their writers.
 *
 * @throws TypeError when there is no database, something else, or the same address twice.
 *
 * Reading it throws MissingBlockError when the node does not have a block, InvalidBlockError when it is damaged, and
 * LimitExceededError.
 *
 * @example
 * ```ts
 * import { createWriteStream } from 'node:fs'
 * import { pipeline } from 'node:stream/promises'
 * import { createBackup } from 'orbitdb-backup'
 *
 * const backup = createBackup(db)
 * await pipeline(backup, createWriteStream('posts.car'))
 * console.log(`${await backup.root}`)    // zdpu...
 * ```
 */
export function createBackup (databases: Database<any> | ReadonlyArray<Database<any>>, options: CreateOptions = {}): Backup {
  const all = toDatabases(databases)
  return toBackup(async isToBeWritten => {
    const base = await openBaseOf(all, options)
    try {
      return await planBackup(all, { ...options, base }, isToBeWritten ? createSpool() : undefined)
    } finally {
      await base?.close()
    }
  }, options)
}

/** A backup that is planned, and written, once somebody asks for it. */
export function toBackup (createPlan: (isToBeWritten: boolean) => Promise<Planned>, options: WriteOptions): Backup {
  let creating: Promise<Planned> | undefined
  let planned: Promise<Planned> | undefined
  let isBegun = false
  let leave: (error: unknown) => void = () => {}
  const left = new Promise<never>((resolve, reject) => { leave = reject })
  left.catch(() => {})

  const plan = (): Promise<Planned> => {
    if (planned == null) {
      creating = createPlan(isBegun)
      planned = Promise.race([creating, left])
      planned.catch(() => {})
    }
    return planned
  }
  const write = async function * (allocate?: Allocate): AsyncGenerator<Uint8Array, void, undefined> {
    const planned = await plan()
    try {
      yield * writeBackup(planned, options, allocate)
    } finally {
      await planned.close?.()
    }
  }
  const iterate = (allocate?: Allocate): AsyncGenerator<Uint8Array, void, undefined> => {
    if (isBegun) {
      throw new TypeError('A backup can be read once: call createBackup again')
    }
    isBegun = true
    const chunks = write(allocate)
    const end = chunks.return.bind(chunks)
    chunks.return = value => {
      leave(new ArchiveError('The backup was left before its databases were read', { code: 'backup-left' }))
      creating?.then(({ close }) => close?.()).catch(() => {})
      return end(value)
    }
    return chunks
  }

  return {
    get root () {
      const root = plan().then(({ plan }) => CID.decode(cidOf(plan.root)))
      root.catch(() => {})
      return root
    },
    [Symbol.asyncIterator]: () => iterate(),
    writeTo: async write => {
      for await (const bytes of iterate(createScratch())) await write(bytes)
    },
    stream: () => {
      const chunks = iterate()
      return new ReadableStream<Uint8Array>({
        pull: async controller => {
          const { done, value } = await chunks.next()
          if (done === true) {
            controller.close()
          } else {
            controller.enqueue(value)
          }
        },
        cancel: async () => { await chunks.return() }
      }, { highWaterMark: 0 })
    }
  }
}

/** The databases that a backup is of, each once. */
export function toDatabases (databases: Database<any> | ReadonlyArray<Database<any>>): Database[] {
  const all = [...new Set<Database>(Array.isArray(databases) ? databases as Database[] : [databases as Database])]
  if (all.length === 0) {
    throw new TypeError('Could not create a backup: there is no database')
  }
  if (all.some(db => typeof db?.address !== 'string' || typeof db.log !== 'object')) {
    throw new TypeError('Could not create a backup: not a database of OrbitDB')
  }
  const foreign = all.find(db => typeof db.export !== 'function')
  if (foreign != null) {
    throw new TypeError(`Could not create a backup: database "${foreign.address}" has no export. Open it with the OrbitDB of orbitdb-backup, or by a database type that passes on what Database() returns`)
  }
  if (new Set(all.map(({ address }) => address)).size < all.length) {
    throw new TypeError('Could not create a backup: two databases have the same address')
  }
  return all
}

/** A backup whose databases have been read. */
export interface Planned {
  plan: Plan
  base?: Base
  /** What has some of the entries. */
  spool?: Spool
  /** Closes what the blocks are read from. */
  close?: () => Promise<void>
}

/** Opens the base of a backup, if there is one. */
export async function openBaseOf ([{ ipfs }]: Database[], { base, limits, signal }: Pick<CreateOptions, 'base' | 'limits' | 'signal'>): Promise<Base | undefined> {
  signal?.throwIfAborted()
  return base == null ? undefined : openBase(base, { ipfs, limits: toLimits(limits), signal })
}

/** Options of reading databases. */
type PlanOptions = Omit<CreateOptions, 'base'> & { base?: Base }

/** Reads databases: what is to be written later may be kept in a spool, which is closed if this fails. */
export async function planBackup (databases: Database[], options: PlanOptions, spool?: Spool): Promise<Planned> {
  const { base } = options
  try {
    let plan = await readDatabases(databases, options, spool)
    if (base != null && await isLinkedTwice(plan, base)) {
      plan = await readDatabases(databases, { ...options, base: { ...base, getDatabase: async () => undefined } }, spool)
    }
    return { plan, base, spool, close: spool?.close }
  } catch (error) {
    await spool?.close()
    throw error
  }
}

async function readDatabases (databases: Database[], { base, limits: someLimits, signal, onProgress }: PlanOptions, spool?: Spool): Promise<Plan> {
  const limits = toLimits(someLimits)
  const onRead = createProgress('orbitdb-backup:create:read', onProgress)
  const onProblem = (problem: CreateProblem): void => onProgress?.(new CustomProgressEvent('orbitdb-backup:create:problem', problem) as CreateProblemEvent)

  const own = new Map<string, Contents>()
  const access = new Map<string, Contents>()
  for (const db of databases) {
    signal?.throwIfAborted()
    const [contents, ...others] = await readDatabase(db, { blocks: await createBlocks(db.ipfs), base, spool, limits, signal, onRead, onProblem })
    own.set(contents.address, contents)
    // Of a log that was exported several times, the last one has all that the others have
    for (const other of others) access.set(other.address, other)
  }
  for (const [address, contents] of access) {
    const other = own.get(address)
    if (other != null) {
      access.delete(address)
      if (countEntries(contents) > countEntries(other)) own.set(address, contents)
    }
  }
  return createPlan([...own.values()], [...access.values()], limits)
}

const countEntries = ({ base, entries }: Contents): number => (base?.entries.count ?? 0) + entries.times.length

/** How many bytes of small blocks are given at once, about. */
const chunkBytes = 2 ** 16

async function * writeBackup ({ plan: { root, nodes, sizes, outline, shared, entries }, base, spool }: Planned, { signal, onProgress }: WriteOptions, allocate?: Allocate): AsyncGenerator<Uint8Array, void, undefined> {
  const isNew = base == null ? () => true : (digest: Uint8Array) => !base.has(digest)
  const newShared = shared.filter((block): block is WrittenBlock => isNew(block.digest) && block.bytes != null)
  // It says of which databases something is new, or of their access controllers, or that nothing is, and up to which heads
  const hasNew = ({ snapshot, access }: Outline): boolean => isNew(snapshot) || (access != null && hasNew(access))
  const changed = outline.filter(hasNew)
  const said = new Set([root, ...(changed.length > 0 ? changed : outline).flatMap(({ snapshot, heads }) => [snapshot, ...heads])].map(digest => keyOf(digest)))
  const isWritten = (digest: Uint8Array): boolean => isNew(digest) || said.has(keyOf(digest))
  const newNodes = [...sizes()].filter(([digest]) => isWritten(digest))
  const onWrite = createProgress('orbitdb-backup:create:write', onProgress, {
    blocks: newNodes.length + newShared.length + entries.reduce((sum, { digests }) => sum + digests.length / digestLength, 0),
    bytes: entries.every(({ digests, contents }) => contents.writtenBytes != null && digests.length === contents.written.length)
      ? newNodes.reduce((sum, [, bytes]) => sum + bytes, 0) + sizeOf(newShared) + entries.reduce((sum, { contents }) => sum + contents.writtenBytes!, 0)
      : undefined
  })

  yield encodeHeader([root, ...base?.roots ?? []])
  for (const batch of inBatches(nodes(isWritten))) {
    signal?.throwIfAborted()
    yield encodeBlocks(batch, 'dag-cbor')
    onWrite(batch.length, sizeOf(batch))
  }
  for (const batch of inBatches(newShared)) {
    signal?.throwIfAborted()
    yield encodeBlocks(batch, 'raw')
    onWrite(batch.length, sizeOf(batch))
  }
  for (const { digests, contents } of entries) {
    let done = 0
    for await (const { encoded, blocks, bytes } of spool?.read(digests, allocate) ?? []) {
      signal?.throwIfAborted()
      yield encoded
      onWrite(blocks, bytes)
      done += blocks
    }
    for await (const run of contents.readEntries(digests.subarray(done * digestLength))) {
      signal?.throwIfAborted()
      const bytes = run.blocks.reduce((sum, { length }) => sum + length, 0)
      yield encodeRun(run, 'raw', allocate)
      onWrite(run.blocks.length, bytes)
    }
  }
}

const sizeOf = (blocks: WrittenBlock[]): number => blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)

function * inBatches (blocks: Iterable<WrittenBlock>): Generator<WrittenBlock[]> {
  let batch: WrittenBlock[] = []
  let size = 0
  for (const block of blocks) {
    batch.push(block)
    size += block.bytes.length
    if (size >= chunkBytes) {
      yield batch
      batch = []
      size = 0
    }
  }
  if (batch.length > 0) yield batch
}
