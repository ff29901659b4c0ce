/*
 * Entries name others by the text of their hashes, seventeen each. Whether such a text is one of very many is
 * found out here where it stands in the block, without making a string of it, by fingerprints of 64 bits. The factors
 * that they are made with are random, so that nobody can choose hashes that have the same one.
 */

/** The number of characters of a hash. */
export const textLength = 49

// The first character is the same for all
const words = 12
const createFactors = (): Int32Array => crypto.getRandomValues(new Int32Array(words)).map(factor => factor | 1)
const factors = createFactors()
const otherFactors = createFactors()

/** Hashes of entries, each with a number, in the order in which they were added, and a mark. */
export interface Fingerprints {
  readonly size: number
  /** Adds the hash whose text starts at a byte, if it is not there yet: its number. */
  add (text: Uint8Array, at?: number): number
  /** The number of a hash, or -1. */
  find (text: Uint8Array, at?: number): number
  /** Marks a hash. */
  mark (number: number): void
  isMarked (number: number): boolean
}

/** Creates fingerprints, which take about 20 bytes for each hash. */
export function createFingerprints (): Fingerprints {
  let prints = new Int32Array(64)
  let marks = new Uint8Array(32)
  let slots = new Int32Array(64)
  let size = 0
  let print = 0
  let other = 0

  /** The slot that the sought fingerprint is in, or could be put in. */
  const slotOf = (): number => {
    const mask = slots.length - 1
    let slot = print & mask
    for (let number; (number = slots[slot] - 1) >= 0 && (prints[2 * number] !== print || prints[2 * number + 1] !== other);) slot = (slot + 1) & mask
    return slot
  }

  const seek = (text: Uint8Array, at: number): number => {
    print = 0
    other = 0
    for (let i = 0, from = at + 1; i < words; i++, from += 4) {
      const word = text[from] | text[from + 1] << 8 | text[from + 2] << 16 | text[from + 3] << 24
      print = Math.imul(print ^ word, factors[i])
      print ^= print >>> 15
      other = Math.imul(other ^ word, otherFactors[i])
      other ^= other >>> 15
    }
    return slotOf()
  }

  const grow = (): void => {
    if (size === marks.length) {
      const [smallerPrints, smallerMarks] = [prints, marks]
      marks = new Uint8Array(size + (size >> 1))
      marks.set(smallerMarks)
      prints = new Int32Array(2 * marks.length)
      prints.set(smallerPrints)
    }
    if ((size + 1) * 3 > slots.length * 2) {
      slots = new Int32Array(slots.length * 2)
      const mask = slots.length - 1
      for (let number = 0; number < size; number++) {
        let slot = prints[2 * number] & mask
        while (slots[slot] !== 0) slot = (slot + 1) & mask
        slots[slot] = number + 1
      }
    }
  }

  return {
    get size () {
      return size
    },
    add: (text, at = 0) => {
      const found = slots[seek(text, at)] - 1
      if (found >= 0) {
        return found
      }
      grow()
      prints[2 * size] = print
      prints[2 * size + 1] = other
      slots[slotOf()] = ++size
      return size - 1
    },
    find: (text, at = 0) => slots[seek(text, at)] - 1,
    mark: number => { marks[number] = 1 },
    isMarked: number => marks[number] === 1
  }
}
