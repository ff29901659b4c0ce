/*
 * Entries name others by the text of their hashes, seventeen each. Whether such a text is one of very many is
 * found out here where it stands in the block, without making a string of it, by fingerprints of 64 bits. The factors
 * that they are made with are random, so that nobody can choose hashes that have the same one.
 */

/** The number of characters of a hash. */
export const textLength = 49

// As much of the end of a text as nobody can choose, at the price of 2^70 hashes for two that are the same there
const words = 6
const firstWord = textLength - 4 * words
const createFactors = (): Int32Array => crypto.getRandomValues(new Int32Array(words)).map(factor => factor | 1)
const factors = createFactors()
const otherFactors = createFactors()

/** How many hashes can be sought at once. */
export const maxFound = 64

/** Hashes of entries, each with a number, in the order in which they were added, and a mark. */
export interface Fingerprints {
  readonly size: number
  /** Adds the hash whose text starts at a byte, if it is not there yet: its number. */
  add (text: Uint8Array, at?: number): number
  /** The number of a hash, or -1. */
  find (text: Uint8Array, at?: number): number
  /**
   * The numbers of some hashes, at most {@link maxFound}, until some are sought again. Where each is in memory is found out
   * before any is looked at, so that the processor waits for all of them at once.
   *
   * @param step - how many bytes the text of each starts behind that of the one before
   */
  findMany (text: Uint8Array, at: number, step: number, count: number): Int32Array
  /** Marks a hash. */
  mark (number: number): void
  isMarked (number: number): boolean
}

// A slot has both halves of a fingerprint, and its number plus one, or 0
const slotLength = 3

/** Creates fingerprints, which take about 25 bytes for each hash. */
export function createFingerprints (): Fingerprints {
  let slots = new Int32Array(64 * slotLength)
  let mask = 63
  let marks = new Uint8Array(32)
  let size = 0
  let print = 0
  let other = 0
  const prints = new Int32Array(maxFound)
  const others = new Int32Array(maxFound)
  const found = new Int32Array(maxFound)

  /** Where the slot starts that a fingerprint is in, or could be put in. */
  const slotOf = (print: number, other: number): number => {
    let slot = print & mask
    for (;;) {
      const at = slot * slotLength
      if (slots[at + 2] === 0 || (slots[at] === print && slots[at + 1] === other)) {
        return at
      }
      slot = (slot + 1) & mask
    }
  }

  const computePrint = (text: Uint8Array, at: number): void => {
    print = 0
    other = 0
    for (let i = 0, from = at + firstWord; i < words; i++, from += 4) {
      const word = text[from] | text[from + 1] << 8 | text[from + 2] << 16 | text[from + 3] << 24
      print = Math.imul(print ^ word, factors[i])
      print ^= print >>> 15
      // With its halves exchanged, so that words which cancel each other out in `print` do not do so here
      other = Math.imul(other ^ (word << 16 | word >>> 16), otherFactors[i])
      other ^= other >>> 15
    }
  }

  const seek = (text: Uint8Array, at: number): number => {
    computePrint(text, at)
    return slotOf(print, other)
  }

  const grow = (): void => {
    const smaller = slots
    mask = 2 * mask + 1
    slots = new Int32Array((mask + 1) * slotLength)
    for (let from = 0; from < smaller.length; from += slotLength) {
      if (smaller[from + 2] !== 0) {
        const to = slotOf(smaller[from], smaller[from + 1])
        for (let i = 0; i < slotLength; i++) slots[to + i] = smaller[from + i]
      }
    }
  }

  return {
    get size () {
      return size
    },
    add: (text, at = 0) => {
      let slot = seek(text, at)
      if (slots[slot + 2] !== 0) {
        return slots[slot + 2] - 1
      }
      if ((size + 1) * 3 > (mask + 1) * 2) {
        grow()
        slot = slotOf(print, other)
      }
      if (size === marks.length) {
        const smaller = marks
        marks = new Uint8Array(size + (size >> 1))
        marks.set(smaller)
      }
      slots[slot] = print
      slots[slot + 1] = other
      slots[slot + 2] = ++size
      return size - 1
    },
    find: (text, at = 0) => slots[seek(text, at) + 2] - 1,
    findMany: (text, at, step, count) => {
      for (let i = 0; i < count; i++) {
        computePrint(text, at + i * step)
        prints[i] = print
        others[i] = other
      }
      for (let i = 0; i < count; i++) found[i] = slots[slotOf(prints[i], others[i]) + 2] - 1
      return found
    },
    mark: number => { marks[number] = 1 },
    isMarked: number => marks[number] === 1
  }
}
