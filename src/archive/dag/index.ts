import { createDagReader } from './reader.ts'
import { assertAreShallow } from './snapshots.ts'
import { createEarlyBlocks } from '../sources/early.ts'
import { keyOf } from '../../blocks/digests.ts'
import { pickRoots } from '../roots.ts'
import { damagedBlock, hashOfDigest, IncompleteArchiveError, LimitExceededError, rootToString, TruncatedArchiveError } from '../errors.ts'
import type { DagDatabase, DagReader } from './reader.ts'
import type { PickedRoots, RootLike } from '../roots.ts'
import type { Node } from '../format/node.ts'
import type { Limits } from '../limits.ts'
import type { Source, SourceBlock } from '../sources/source.ts'

export type { DagDatabase } from './reader.ts'
export type { RootLike } from '../roots.ts'

/** A block of a database, which is intact. */
export interface PlacedBlock extends SourceBlock {
  digest: Uint8Array
  /** The database whose entry it is; undefined for a block that databases share. */
  database?: DagDatabase
}

export interface DagOptions {
  /** The root that the source has to have. */
  root?: RootLike
  /** What is read of the source, where that is not every root that none is based on, or the one that it has to have. */
  picked?: PickedRoots
  limits: Limits
  signal?: AbortSignal
  /** Called with the number of blocks and of bytes that have been read. */
  onRead?: (blocks: number, bytes: number) => void
  /** Called with each leaf of a list of entries. */
  onEntries?: (database: DagDatabase, leaf: Node) => void
}

/** What an archive is, however its blocks come. */
export interface Dag {
  /** CIDs of the roots: of more than one where several archives are read together. */
  readonly roots: string[]
  /** CIDs of archives whose blocks were left out, and which are not there. */
  readonly bases: string[]
  /** A reader of what each root links to. */
  readonly parts: DagReader[]
  /** All databases, as far as they are known: those of access controllers first. */
  databases: () => DagDatabase[]
  /** Whether the lists of all databases are known. */
  isListed: () => boolean
  /**
   * Reads the source: gives each block of the databases once, as they come, until all are there or nothing comes any
   * more. To be read once.
   *
   * @throws What reading the source throws, and DamagedArchiveError, ForeignArchiveError, UnsupportedVersionError or
   * LimitExceededError for what the archive is.
   */
  blocks: () => AsyncGenerator<PlacedBlock[], void, undefined>
  /** Whether every block of the databases came. */
  isComplete: () => boolean
  /** Digests of blocks that came and did not match them, and where these start, where no other copy was intact. */
  readonly damaged: ReadonlyMap<string, number | undefined>
  /** The digests of blocks that are missing, those of the archive itself first. */
  missing: () => Iterable<Uint8Array>
  countMissing: () => number
  /** How many blocks came that are nothing of the databases. */
  countForeign: () => number
  /**
   * Fails when something is missing.
   *
   * @param isThin - whether what is missing may be in the bases
   * @throws DamagedArchiveError, IncompleteArchiveError or TruncatedArchiveError
   */
  assertIsComplete: (options?: { isThin?: boolean }) => void
}

/** How many blocks a source is asked for at once. */
const batchSize = 1000

/**
 * Opens what a source holds.
 *
 * @throws WrongRootError or ForeignArchiveError when it has no root, or another one than is asked for.
 */
export function openDag (source: Source, { root, picked, limits, signal, onRead, onEntries }: DagOptions): Dag {
  const { roots, bases } = picked ?? pickRoots(source, root)
  const parts = roots.map(digest => createDagReader(digest, limits, onEntries))
  const early = createEarlyBlocks(limits)
  const damaged = new Map<string, number | undefined>()
  let foreign = 0
  /** Whether blocks had to be forgotten that may be needed */
  let hasDropped = false

  const databases = (): DagDatabase[] => parts.flatMap(part => part.databases()).sort((a, b) => Number(b.isAccess) - Number(a.isAccess))
  const isListed = (): boolean => parts.every(part => part.isListed())
  const isComplete = (): boolean => parts.every(part => part.isComplete())

  /** Adds blocks of the archive itself, and gives those that came before it was known what they are. */
  const addToPart = (part: DagReader, digest: Uint8Array, bytes: Uint8Array, placed: PlacedBlock[]): void => {
    let known = part.blocks.size
    part.add(digest, bytes)
    for (let keys = part.takeFresh(); early.size > 0 && keys.length + part.blocks.size > known; keys = part.takeFresh()) {
      for (; known < part.blocks.size; known++) {
        const block = early.take(keyOf(part.blocks.at(known)))
        if (block != null) place(block, placed)
      }
      for (const key of keys) {
        const block = early.take(key)
        if (block != null && part.wants(block.digest!)) part.add(block.digest!, block.bytes)
      }
    }
  }

  /** Gives a block of the databases: false when it is none that is known. */
  const place = (block: SourceBlock, placed: PlacedBlock[]): boolean => {
    let isKnown = false
    for (const part of parts) {
      const place = part.place(block.digest!)
      isKnown ||= place != null
      if (place != null && place !== 'doubled') placed.push({ digest: block.digest!, bytes: block.bytes, offset: block.offset, length: block.length, isIntact: true, database: place.database })
    }
    return isKnown
  }

  const leaveOut = (placed: PlacedBlock[]): void => {
    for (const part of parts) {
      let known = part.blocks.size
      for (;;) {
        part.skip(early.has)
        const next = [...part.wanted()].filter(early.has)
        if (next.length === 0) break
        for (const digest of next) {
          const block = early.take(keyOf(digest))
          if (block != null) addToPart(part, digest, block.bytes, placed)
        }
      }
      for (known = 0; early.size > 0 && known < part.blocks.size; known++) {
        const block = early.take(keyOf(part.blocks.at(known)))
        if (block != null) place(block, placed)
      }
    }
  }

  const keep = (block: SourceBlock, placed: PlacedBlock[]): void => {
    if (early.add(block.digest!, block)) {
      return
    }
    if (bases.length > 0) {
      // What is wanted may be in a base
      leaveOut(placed)
      return take(block, placed, true)
    }
    if (!source.isRepeatable) {
      throw new LimitExceededError(
        `The archive has its blocks in an order in which more than ${limits.earlyBytes} bytes come before it is known what they are. Read it from a file, or raise the option limits.earlyBytes`,
        { limit: 'earlyBytes' }
      )
    }
    hasDropped = true
  }

  const take = (block: SourceBlock, placed: PlacedBlock[], isLate = false): void => {
    const { digest, bytes, offset } = block
    if (digest == null) {
      foreign++
      return
    }
    if (!block.isIntact) {
      damaged.set(keyOf(digest), offset)
      return
    }
    let isKnown = false
    for (const part of parts) {
      if (part.wants(digest)) {
        isKnown = true
        addToPart(part, digest, bytes, placed)
      }
    }
    if (place(block, placed) || isKnown) {
      return
    }
    if (isListed() || isLate) {
      foreign++
    } else {
      keep(block, placed)
    }
  }

  const takeAll = async function * (batches: AsyncIterable<SourceBlock[]>): AsyncGenerator<PlacedBlock[]> {
    for await (const batch of batches) {
      signal?.throwIfAborted()
      const placed: PlacedBlock[] = []
      let bytes = 0
      for (const block of batch) {
        take(block, placed)
        bytes += block.length
      }
      onRead?.(batch.length, bytes)
      if (placed.length > 0) yield placed
    }
  }

  const progressOf = (): number => parts.reduce((sum, { nodes, countMissing, blocks }) => sum + nodes.size + blocks.size - countMissing(), 0)

  /** Asks the source for what is missing, as long as it has something. */
  const pull = async function * (getMany: NonNullable<Source['getMany']>): AsyncGenerator<PlacedBlock[]> {
    while (!isListed()) {
      const before = progressOf()
      const digests = new Map<string, Uint8Array>()
      for (const part of parts) {
        for (const list of [part.wanted(), part.ahead()]) {
          for (const digest of list) {
            if (digests.size < batchSize && !early.has(digest)) digests.set(keyOf(digest), digest.slice())
          }
        }
      }
      if (digests.size > 0) yield * takeAll(getMany([...digests.values()], { signal }))
      if (progressOf() === before) {
        break
      }
    }
    for (const part of parts) {
      let digests: Uint8Array[] = []
      for (const digest of part.missing()) {
        digests.push(digest)
        if (digests.length === batchSize) {
          yield * takeAll(getMany(digests, { signal }))
          digests = []
        }
      }
      if (digests.length > 0) yield * takeAll(getMany(digests, { signal }))
    }
  }

  const blocks = async function * (): AsyncGenerator<PlacedBlock[], void, undefined> {
    for (const part of parts) part.takeFresh()
    if (source.blocks != null) {
      let before
      do {
        before = progressOf()
        hasDropped = false
        yield * takeAll(source.blocks({ signal }))
      } while (hasDropped && !isComplete() && progressOf() > before)
    }
    if (source.getMany != null && !isComplete()) {
      yield * pull(source.getMany)
    }
    if (bases.length > 0 && !isListed()) {
      const placed: PlacedBlock[] = []
      leaveOut(placed)
      if (placed.length > 0) yield placed
    }
    foreign += early.size
    early.clear()
    assertAreShallow(databases(), limits)
  }

  const missing = function * (): Generator<Uint8Array> {
    for (const part of parts) yield * part.wanted()
    for (const part of parts) yield * part.missing()
  }
  const countMissing = (): number => parts.reduce((sum, part) => sum + part.countMissing() + [...part.wanted()].length, 0)

  return {
    roots: roots.map(rootToString),
    bases: bases.map(rootToString),
    parts,
    databases,
    isListed,
    isComplete: () => isComplete() && !parts.some(part => part.isPartial()),
    blocks,
    damaged,
    missing,
    countMissing,
    countForeign: () => foreign,
    assertIsComplete: ({ isThin = false } = {}) => {
      const [first] = missing()
      if (first == null && !parts.some(part => part.isPartial())) {
        return
      }
      for (const digest of missing()) {
        if (damaged.has(keyOf(digest))) throw damagedBlock(hashOfDigest(digest), damaged.get(keyOf(digest)))
      }
      const hasRoot = parts.every(({ digest, nodes }) => nodes.has(digest))
      if (bases.length > 0 && hasRoot) {
        // An increment has the snapshot of a database at least, besides those of access controllers
        if (isThin && parts.every(part => part.databases().some(({ isAccess }) => !isAccess))) {
          return
        }
        const names = bases.map(rootToString)
        throw new IncompleteArchiveError(`The archive has only what is new since ${names.join(', ')}, which is needed with it`, { bases: names })
      }
      const count = countMissing()
      const hash = hashOfDigest(first)
      const what = hasRoot ? `${count} ${count === 1 ? 'block is' : 'blocks are'} missing, such as "${hash}"` : `its root, block "${hash}", is missing`
      throw new TruncatedArchiveError(`The archive is truncated: ${what}`, { hash, missing: count })
    }
  }
}
