import { cidOf } from './cids.ts'
import { digestLength } from './digests.ts'
import { multihashOf, toBase32Upper, writeDigest } from './hashes.ts'

/*
 * The digests of very many DAG-CBOR blocks take the least memory as their bytes, one after the other.
 */

/**
 * The digests that hashes of DAG-CBOR blocks name, one after the other.
 *
 * @throws Error when one is not such a hash.
 */
export function pack (hashes: Iterable<string>): Uint8Array {
  const { add, packed } = createPacked()
  for (const hash of hashes) add(hash)
  return packed()
}

/** Packs the digests of hashes as they come. */
export function createPacked () {
  let bytes = new Uint8Array(64 * digestLength)
  let length = 0
  return {
    /**
     * Adds the digest that the hash of a DAG-CBOR block names.
     *
     * @throws Error when it is not such a hash.
     */
    add: (hash: string): void => {
      if (length === bytes.length) {
        const larger = new Uint8Array(bytes.length + Math.ceil(bytes.length / 2 / digestLength) * digestLength)
        larger.set(bytes)
        bytes = larger
      }
      if (!writeDigest(hash, bytes, length)) {
        throw new Error(`Not the hash of a DAG-CBOR block: "${hash}"`)
      }
      length += digestLength
    },
    /** All of them: a view. */
    packed: () => bytes.subarray(0, length)
  }
}

// In a multihash of 34 bytes, base32 has 5 bits for each character. The first three are the same for all
// of SHA2-256, and the fourth has one bit that is.
const digits = 10

/** The values of base32 characters in the order of their codes, in which digits come before letters. */
const order = Uint8Array.from({ length: 32 }, (_, value) => value < 26 ? value + 6 : value - 26)

/** The first characters that multihashes differ in, as a number: of 50 bits, so that it is exact. */
function keyAt (packed: Uint8Array, at: number): number {
  let key = 0
  for (let i = 0; i < digits; i++) {
    // The first of them has the last bit before the digest, which is 0, and four of the digest
    const bit = 5 * i - 1
    const byte = at + (bit >> 3)
    const bits = ((i === 0 ? 0 : packed[byte]) << 8) | packed[byte + 1]
    key = key * 32 + order[(bits >> (11 - (bit & 7))) & 31]
  }
  return key
}

const compareKeys = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * Sorts packed digests by the base32 of their multihashes. That is the order in which blockstores keep
 * blocks, so that these are read and written one after the other.
 */
export const sortPacked = (packed: Uint8Array): Uint8Array => pick(packed, orderOf(packed))

/** The digests at some places. */
export function pick (packed: Uint8Array, places: Uint32Array): Uint8Array {
  const picked = new Uint8Array(places.length * digestLength)
  for (let to = 0; to < places.length; to++) {
    const from = places[to] * digestLength
    for (let i = 0; i < digestLength; i++) picked[to * digestLength + i] = packed[from + i]
  }
  return picked
}

/** Puts packed digests where {@link pick} would put them: in the memory that they have. All places have to be there, each once. */
export function arrange (packed: Uint8Array, places: Uint32Array): void {
  const isDone = new Uint8Array(places.length)
  const moved = new Uint8Array(digestLength)
  for (let first = 0; first < places.length; first++) {
    if (isDone[first] === 1) continue
    for (let i = 0; i < digestLength; i++) moved[i] = packed[first * digestLength + i]
    let to = first
    for (; places[to] !== first; to = places[to]) {
      const from = places[to] * digestLength
      for (let i = 0; i < digestLength; i++) packed[to * digestLength + i] = packed[from + i]
      isDone[to] = 1
    }
    packed.set(moved, to * digestLength)
    isDone[to] = 1
  }
}

/** The places of packed digests in the order of {@link sortPacked}. */
export function orderOf (packed: Uint8Array): Uint32Array {
  const keys = new Float64Array(packed.length / digestLength)
  for (let i = 0; i < keys.length; i++) {
    keys[i] = keyAt(packed, i * digestLength)
  }
  const base32Of = (i: number): string => toBase32Upper(multihashOf(cidOf(packed, i * digestLength)))
  return orderBy(keys, (a, b) => compareKeys(base32Of(a), base32Of(b)))
}

/**
 * The places of items in order. Numbers alone are sorted several times faster than by a function: so each gets its place as
 * its last digits, and the function is asked only about those whose first digits are the same.
 *
 * @param keys - a natural number for each item, which are in the order of the items; they are overwritten
 * @param compare - compares the items at two places
 */
export function orderBy (keys: Float64Array, compare: (a: number, b: number) => number): Uint32Array {
  const count = keys.length
  let most = 0
  for (const key of keys) most = Math.max(most, key)
  const least = Math.max(1, 2 ** Math.ceil(Math.log2((most + 1) * count / 2 ** 52)))
  for (let i = 0; i < count; i++) keys[i] = Math.floor(keys[i] / least) * count + i
  keys.sort()
  const order = new Uint32Array(count)
  let start = 0
  let first = -1
  for (let i = 0; i < count; i++) {
    const next = Math.floor(keys[i] / count)
    order[i] = keys[i] - next * count
    if (next !== first) {
      if (i - start > 1) order.subarray(start, i).sort(compare)
      start = i
      first = next
    }
  }
  if (count - start > 1) order.subarray(start).sort(compare)
  return order
}
