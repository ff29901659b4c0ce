import { toLatin1 } from './latin1.ts'

/*
 * Blocks are known by their SHA2-256 digests: 32 bytes, the same whatever codec a CID has. Very many of
 * them take the least memory one after the other, and are found there without a string or an object for each.
 */

/** The number of bytes of a digest. */
export const digestLength = 32

const wordsPerDigest = digestLength / 4

// Whoever makes an archive chooses digests. These factors, which nobody knows, keep him from choosing
// such that all are looked for in the same place.
const factors = crypto.getRandomValues(new Int32Array(wordsPerDigest)).map(factor => factor | 1)

/** Digests, each once, in the order in which they were added. */
export interface DigestTable {
  /** How many there are. */
  readonly size: number
  /** Adds the digest that starts at a byte: its place, or -1 minus its place when it was there already. */
  add (bytes: Uint8Array, at?: number): number
  /** Adds digests that stand one after the other. */
  addAll (packed: Uint8Array): void
  /** The place of a digest, or -1. */
  find (bytes: Uint8Array, at?: number): number
  /** Whether a digest is there. */
  has (bytes: Uint8Array, at?: number): boolean
  /** The digest at a place: a view that is valid until the next one is added. */
  at (place: number): Uint8Array
  /** All digests, one after the other: a view, as that of `at`. */
  packed (): Uint8Array
}

/**
 * Creates a table of digests, which takes about 50 bytes for each.
 *
 * @param expected - how many there will be, about, if that is known
 */
export function createDigestTable (expected = 16): DigestTable {
  let words = new Int32Array(Math.max(expected, 16) * wordsPerDigest)
  let slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(expected, 16) * 1.5 + 1)))
  // Which bytes some digest starts with: whether one is in a small table is told by this, mostly
  const firsts = new Uint8Array(256)
  let size = 0
  const sought = new Int32Array(wordsPerDigest)
  const soughtBytes = new Uint8Array(sought.buffer)

  const hashOf = (from: Int32Array, at: number): number => {
    let hash = 0
    for (let i = 0; i < wordsPerDigest; i++) {
      hash = Math.imul(hash ^ from[at + i], factors[i])
      hash ^= hash >>> 15
    }
    return hash
  }

  /** The slot that a digest is in, or could be put in. */
  const slotOf = (): number => {
    const mask = slots.length - 1
    for (let slot = hashOf(sought, 0) & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * wordsPerDigest
      if (at < 0) {
        return slot
      }
      let i = 0
      while (i < wordsPerDigest && words[at + i] === sought[i]) i++
      if (i === wordsPerDigest) {
        return slot
      }
    }
  }

  const grow = (): void => {
    if ((size + 1) * wordsPerDigest > words.length) {
      const larger = new Int32Array(words.length + (words.length >> 1))
      larger.set(words)
      words = larger
    }
    if ((size + 1) * 3 > slots.length * 2) {
      slots = new Int32Array(slots.length * 2)
      const mask = slots.length - 1
      for (let place = 0; place < size; place++) {
        let slot = hashOf(words, place * wordsPerDigest) & mask
        while (slots[slot] !== 0) slot = (slot + 1) & mask
        slots[slot] = place + 1
      }
    }
  }

  const seek = (bytes: Uint8Array, at: number): void => {
    for (let i = 0; i < digestLength; i++) soughtBytes[i] = bytes[at + i]
  }

  const find = (bytes: Uint8Array, at = 0): number => {
    if (firsts[bytes[at]] === 0) {
      return -1
    }
    seek(bytes, at)
    return slots[slotOf()] - 1
  }

  const add = (bytes: Uint8Array, at = 0): number => {
    seek(bytes, at)
    let slot = slotOf()
    if (slots[slot] !== 0) {
      return -slots[slot]
    }
    firsts[bytes[at]] = 1
    const { length } = slots
    grow()
    if (slots.length !== length) slot = slotOf()
    words.set(sought, size * wordsPerDigest)
    slots[slot] = ++size
    return size - 1
  }

  return {
    get size () {
      return size
    },
    add,
    addAll: packed => {
      for (let at = 0; at < packed.length; at += digestLength) add(packed, at)
    },
    find,
    has: (bytes, at) => find(bytes, at) !== -1,
    at: place => new Uint8Array(words.buffer, place * digestLength, digestLength),
    packed: () => new Uint8Array(words.buffer, 0, size * digestLength)
  }
}

/** Compares two digests, byte by byte. */
export function compareDigests (a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < digestLength; i++) {
    const difference = a[aAt + i] - b[bAt + i]
    if (difference !== 0) {
      return difference
    }
  }
  return 0
}

/** Whether two digests are the same. */
export function equalDigests (a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  let i = 0
  while (i < digestLength && a[aAt + i] === b[bAt + i]) i++
  return i === digestLength
}

/** A digest as a key of a map: a character for each byte. */
export const keyOf = (digest: Uint8Array, at = 0): string => toLatin1(digest, at, at + digestLength)

/** The digest of a key. */
export const toDigest = (key: string): Uint8Array => Uint8Array.from(key, char => char.charCodeAt(0))

/** Removes packed digests that a table has: the same array where it has none of them. */
export function without (packed: Uint8Array, table: Pick<DigestTable, 'has'>): Uint8Array {
  const isThere = (at: number): boolean => table.has(packed, at)
  let length = 0
  while (length < packed.length && !isThere(length)) length += digestLength
  if (length === packed.length) {
    return packed
  }
  const rest = packed.slice()
  for (let at = length + digestLength; at < packed.length; at += digestLength) {
    if (!isThere(at)) {
      rest.copyWithin(length, at, at + digestLength)
      length += digestLength
    }
  }
  return rest.subarray(0, length)
}
