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
  /** The digest at a place: a view, not to be written to, that is valid until the next one is added. */
  at (place: number): Uint8Array
  /** All digests, one after the other: a copy. */
  packed (): Uint8Array
}

/** How many digests a page of a table has: all but the first, which begins with fewer. */
const pageLength = 2 ** 12

/** Creates a table of digests, which takes about 42 bytes for each. */
export function createDigestTable (): DigestTable {
  // Pages, as to have all of them in one piece would take room for more than there are, and twice that as it grows
  const pages = [new Int32Array(16 * wordsPerDigest)]
  let slots = new Int32Array(32)
  // Which bytes some digest starts with: whether one is in a small table is told by this, mostly
  const firsts = new Uint8Array(256)
  let size = 0
  const sought = new Int32Array(wordsPerDigest)
  const soughtBytes = new Uint8Array(sought.buffer)

  const pageOf = (place: number): Int32Array => pages[Math.floor(place / pageLength)]
  const startOf = (place: number): number => place % pageLength * wordsPerDigest

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
      const place = slots[slot] - 1
      if (place < 0) {
        return slot
      }
      const page = pageOf(place)
      const at = startOf(place)
      let i = 0
      while (i < wordsPerDigest && page[at + i] === sought[i]) i++
      if (i === wordsPerDigest) {
        return slot
      }
    }
  }

  const grow = (): void => {
    const last = pages[pages.length - 1]
    const used = size - (pages.length - 1) * pageLength
    if (used === pageLength) {
      pages.push(new Int32Array(pageLength * wordsPerDigest))
    } else if (used * wordsPerDigest === last.length) {
      pages[0] = new Int32Array(Math.min(pageLength, 4 * used) * wordsPerDigest)
      pages[0].set(last)
    }
    if ((size + 1) * 3 > slots.length * 2) {
      slots = new Int32Array(slots.length * 2)
      const mask = slots.length - 1
      for (let place = 0; place < size; place++) {
        let slot = hashOf(pageOf(place), startOf(place)) & mask
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
    pageOf(size).set(sought, startOf(size))
    slots[slot] = ++size
    return size - 1
  }

  const at = (place: number): Uint8Array => new Uint8Array(pageOf(place).buffer, startOf(place) * 4, digestLength)

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
    at,
    packed: () => {
      const all = new Uint8Array(size * digestLength)
      for (let place = 0; place < size; place++) all.set(at(place), place * digestLength)
      return all
    }
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
