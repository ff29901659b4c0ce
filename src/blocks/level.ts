import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { equals } from 'uint8arrays/equals'
import { readInBatches } from './batches.ts'
import { cidOf, isShort } from './cids.ts'
import { detach } from './detach.ts'
import { digestLength } from './digests.ts'
import { cidLength, endsWithBase32Upper, multihashOf, toBase32Upper, toBase36, toCIDBytes, toHash } from './hashes.ts'
import { hasLinks } from './links.ts'
import { missingBlock } from './errors.ts'
import { writeRecords } from './indexed-db.ts'
import { isSorted } from './records.ts'
import { findStores } from './stores.ts'
import { guardWrites } from '../core/guard-writes.ts'
import type { BlockName, BlockRun, Blocks, BlocksOptions, CIDBytes } from './blocks.ts'
import type { Level, LevelRecord, SortedLevel } from './records.ts'
import type { HeliaNode } from '../core/index.ts'

/*
 * What goes below Helia's public calls. Each of these takes a lock, looks a block up, notifies the
 * block brokers and awaits a promise for every layer, for each block; pinning a block also reads it
 * to find its links. Of Helia 7 with blockstore-level and datastore-level, or in memory, it is known what
 * all this comes to: records in two Level databases or Maps, which can be read and written many at a time.
 */

// The records of pins without metadata, of all that a block links to and of just the block:
// { depth: Infinity, metadata: {} } and { depth: 0, metadata: {} }
const createPinRecord = (depth: number[]): Uint8Array => new Uint8Array([
  0xa2,
  0x65, ...new TextEncoder().encode('depth'), ...depth,
  0x68, ...new TextEncoder().encode('metadata'), 0xa0
])
const deepPin = createPinRecord([0xf9, 0x7c, 0x00])
const shallowPin = createPinRecord([0x00])

/** By which pins a block is pinned. */
interface PinnedBlock {
  pinCount: number
  pinnedBy: Uint8Array[]
}

// That of a block which is pinned by itself alone: { pinCount: 1, pinnedBy: [cid] }
const pinnedBlockStart = new Uint8Array([
  0xa2,
  0x68, ...new TextEncoder().encode('pinCount'), 0x01,
  0x68, ...new TextEncoder().encode('pinnedBy'), 0x81, 0x58, cidLength
])

/** Adds the pin of a block itself to the record of its pins: undefined when it has it. */
function addPin (record: Uint8Array | undefined, cid: CIDBytes): Uint8Array | undefined {
  if (record == null && cid.length === cidLength) {
    const bytes = new Uint8Array(pinnedBlockStart.length + cidLength)
    bytes.set(pinnedBlockStart)
    bytes.set(cid, pinnedBlockStart.length)
    return bytes
  }
  const { pinCount, pinnedBy } = record == null ? { pinCount: 0, pinnedBy: [] } : dagCbor.decode<PinnedBlock>(record)
  return pinnedBy.some(other => equals(other, cid)) ? undefined : dagCbor.encode({ pinCount: pinCount + 1, pinnedBy: [...pinnedBy, cid] })
}

const storesName = 'the stores of the IPFS node'

/** Bytes as a Uint8Array and nothing more: Level gives a Buffer in Node.js, whose slices are no copies. */
const toPlain = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
  return bytes == null || bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/**
 * The blocks of a node, straight from its Level databases, where they are recognised; what is not is
 * left to the public calls.
 */
export function createLevelBlocks (node: HeliaNode, publicBlocks: Blocks): Blocks | undefined {
  const stores = findStores(node)
  if (stores == null) {
    return
  }
  const { lock, blocks: level, pins } = stores
  // What a LevelDB writes it has copied before; others keep what they are given
  const toStored = level.constructor.name === 'ClassicLevel' ? (bytes: Uint8Array) => bytes : detach

  /** Writes records, unless something could not be written before: then the node has to be started again. */
  const write = (db: Level, records: LevelRecord[]): Promise<void> => {
    return guardWrites(node.blockstore, storesName, () => writeRecords(db, records))
  }

  /** Does something while no garbage is collected. */
  const locked = async <Result> (signal: AbortSignal | undefined, fn: () => Promise<Result>): Promise<Result> => {
    signal?.throwIfAborted()
    const release = await lock.readLock()
    try {
      return await fn()
    } finally {
      release()
    }
  }

  const blocks: Blocks = {
    ...publicBlocks,

    getMany: (names, { signal } = {}) => locked(signal, async () => (await level.getMany(names.map(blockKey))).map(toPlain)),

    readInOrder: async function * (digests, options) {
      if (isSorted(level) && await areMost(level, digests)) {
        yield * readThrough(level, digests, locked, options)
      } else {
        yield * readInBatches(digests, cids => blocks.getMany(cids, options), options)
      }
    },

    hasMany: (names, { signal } = {}) => locked(signal, () => level.hasMany(names.map(blockKey))),

    flush: async () => {
      // Also of an empty range, before which LevelDB writes what it has in memory
      await guardWrites(node.blockstore, storesName, async () => level.compactRange?.('', ''))
    },

    putMany: (blocks, { signal } = {}) => locked(signal, () => {
      return write(level, blocks.map(([name, bytes]) => ({ type: 'put', key: blockKey(name), value: toStored(bytes) })))
    })
  }
  if (pins == null) {
    return blocks
  }

  /** Whether a Level database has no key from the first of some on to the last: then it has none of them. */
  const isNoneAmong = async (db: Level, keys: string[]): Promise<boolean> => {
    if (!isSorted(db)) {
      return false
    }
    const [gte, lte] = keys.reduce(([first, last], key) => [key < first ? key : first, key > last ? key : last], [keys[0], keys[0]])
    const iterator = db.keys({ gte, lte, limit: 1 })
    try {
      return (await iterator.nextv(1)).length === 0
    } finally {
      await iterator.close()
    }
  }

  const hasWitness = async (witness: string | undefined): Promise<boolean> => {
    return witness != null && (await level.hasMany([blockKey(witness)]))[0]
  }

  /** Pins blocks, without what they link to. Whether each was pinned already. */
  const pinEach = async (cids: CIDBytes[], pin: Uint8Array, witness?: string): Promise<boolean[]> => {
    if (!await hasWitness(witness)) {
      const missing = (await level.hasMany(cids.map(blockKey))).indexOf(false)
      if (missing !== -1) {
        throw missingBlock(cids[missing])
      }
    }
    const keys = cids.map(pinnedBlockKey)
    const pinned = await isNoneAmong(pins, keys) ? keys.map(() => undefined) : await pins.getMany(keys)
    // A block has a record of being pinned before its pin is made
    const known = cids.filter((cid, i) => pinned[i] != null)
    const havePins = known.length === 0 ? [] : await pins.hasMany(known.map(pinKey))
    let next = 0
    const arePinned = pinned.map(record => record != null && havePins[next++])
    const operations: LevelRecord[] = []
    for (const [i, cid] of cids.entries()) {
      if (arePinned[i]) {
        continue
      }
      const record = addPin(pinned[i], cid)
      if (record != null) {
        operations.push({ type: 'put', key: keys[i], value: record })
      }
      operations.push({ type: 'put', key: pinKey(cid), value: pin })
    }
    await write(pins, operations)
    return arePinned
  }

  /** Finds the blocks that are there and have no links. */
  const findLeaves = async (cids: CIDBytes[], signal: AbortSignal | undefined): Promise<CIDBytes[]> => {
    const all = await blocks.getMany(cids, { signal })
    return cids.filter((cid, i) => all[i] != null && !hasLinks(cid, all[i]))
  }

  return {
    ...blocks,

    arePinned: (names, { signal } = {}) => locked(signal, () => pins.hasMany(names.map(pinnedBlockKey))),

    // A Map is in no order of keys, and to ask it for a block costs nothing
    putWitness: isSorted(level)
      ? async options => {
        // Garbage is collected in the order of keys. That of SHA-1 comes before all of SHA2-256: where a collection was
        // aborted, or failed, the witness is the first that it took
        const bytes = Uint8Array.from(dagCbor.encode(crypto.getRandomValues(new Uint8Array(32))))
        const digest = createDigest(0x11, new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)))
        const cid = CID.createV1(dagCbor.code, digest).bytes
        await blocks.putMany([[cid, bytes]], options)
        return toHash(cid)
      }
      : undefined,

    pinMany: async (names, { signal, isShallow = false, witness } = {}) => {
      const cids = names.map(toCIDBytes)
      if (isShallow) {
        const arePinned = await locked(signal, () => pinEach(cids, shallowPin, witness))
        return names.filter((name, i) => !arePinned[i])
      }
      const leaves = new Set(await findLeaves(cids, signal))
      const arePinned = await locked(signal, () => pinEach([...leaves], deepPin))
      const pinned = new Set([...leaves].filter((cid, i) => !arePinned[i]))
      const others = names.filter((name, i) => !leaves.has(cids[i]))
      let othersPinned: Set<BlockName>
      try {
        othersPinned = new Set(await publicBlocks.pinMany(others, { signal }))
      } catch (error) {
        await blocks.unpinMany([...pinned]).catch(() => {})
        throw error
      }
      return names.filter((name, i) => pinned.has(cids[i]) || othersPinned.has(name))
    }
  }
}

// How many blocks, and about how many bytes, a Level database is asked for at once as it is gone through
const nextLength = 1000
const highWaterMarkBytes = 2 ** 22

/** How many blocks show whether others are among them. */
const sampleLength = 64

const keyAt = (digests: Uint8Array, i: number): string => blockKey(cidOf(digests, i * digestLength))

/**
 * Gives the memory of a block back at once. It is outside of the heap: if it waited for the garbage collector, all of the
 * heap would be searched for every 64 MB of blocks.
 */
function release ({ buffer, byteLength }: Uint8Array): void {
  if (buffer.byteLength === byteLength) (buffer as { transfer?: (length: number) => unknown }).transfer?.(0)
}

const isKeyAt = (key: string, digests: Uint8Array, i: number): boolean => endsWithBase32Upper(key, 1, digests, i * digestLength)

/** Whether blocks, in the order of their keys, are most of those that a Level database has. */
async function areMost (level: SortedLevel, digests: Uint8Array): Promise<boolean> {
  const count = digests.length / digestLength
  if (count <= sampleLength) {
    return false
  }
  // The digests in their keys are as good as random, so that those at some place are as those everywhere
  const start = Math.floor((count - sampleLength) / 2)
  const keys = level.keys({ gte: keyAt(digests, start), lte: keyAt(digests, start + sampleLength - 1), limit: 2 * sampleLength })
  try {
    return (await keys.nextv(2 * sampleLength)).length < 1.5 * sampleLength
  } finally {
    await keys.close()
  }
}

/** Goes through a Level database, and picks blocks that are given in the order of their keys. */
async function * readThrough (
  level: SortedLevel,
  digests: Uint8Array,
  locked: <Result>(signal: AbortSignal | undefined, fn: () => Promise<Result>) => Promise<Result>,
  { signal }: BlocksOptions = {}
): AsyncGenerator<BlockRun> {
  const count = digests.length / digestLength
  const iterator = level.iterator({ gte: keyAt(digests, 0), lte: keyAt(digests, count - 1), highWaterMarkBytes })
  const readNext = (): Promise<Array<[string, Uint8Array]>> => locked(signal, () => iterator.nextv(nextLength))
  let reading = readNext()
  try {
    let next = 0
    // The key of the next block, once it is needed, and the place that it is of
    let wanted = ''
    let wantedAt = -1
    const isBefore = (key: string): boolean => {
      if (wantedAt !== next) [wanted, wantedAt] = [keyAt(digests, next), next]
      return wanted < key
    }
    for (let items = await reading; items.length > 0; items = await reading) {
      // The next ones are read while these are worked on
      reading = readNext()
      reading.catch(() => {})
      const run: BlockRun = { start: next, blocks: [] }
      for (const [key, bytes] of items) {
        let isNext = next < count && isKeyAt(key, digests, next)
        if (!isNext) {
          for (; next < count && isBefore(key); next++) run.blocks.push(undefined)
          isNext = next < count && isKeyAt(key, digests, next)
        }
        if (isNext) {
          run.blocks.push(toPlain(bytes))
          next++
        }
      }
      yield run
      for (const [, bytes] of items) release(bytes)
    }
    if (next < count) yield { start: next, blocks: new Array(count - next).fill(undefined) }
  } finally {
    await reading.catch(() => {})
    await iterator.close()
  }
}

const blockKey = (name: BlockName): string => {
  const cid = toCIDBytes(name)
  return `/${isShort(cid) ? toBase32Upper(cid, 2) : toBase32Upper(multihashOf(cid))}`
}

const pinKey = (cid: CIDBytes): string => `/pin/${toBase36(cid)}`

const pinnedBlockKey = (name: BlockName): string => `/pinned-block/${toBase36(multihashOf(toCIDBytes(name)))}`
