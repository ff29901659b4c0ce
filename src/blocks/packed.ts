import { cidOf } from './cids.ts'
import { digestLength } from './digests.ts'
import { isOfDagCbor, multihashOf, toBase32Upper, toBytes } from './hashes.ts'

/*
 * The digests of very many DAG-CBOR blocks take the least memory as their bytes, one after the other.
 */

/**
 * The digests that hashes of DAG-CBOR blocks name, one after the other.
 *
 * @throws Error when one is not such a hash.
 */
export function pack (hashes: Iterable<string>, count: number): Uint8Array {
  const packed = new Uint8Array(count * digestLength)
  let at = 0
  for (const hash of hashes) {
    const bytes = toBytes(hash)
    if (!isOfDagCbor(bytes)) {
      throw new Error(`Not the hash of a DAG-CBOR block: "${hash}"`)
    }
    packed.set(bytes.subarray(4), at)
    at += digestLength
  }
  return packed
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
export function sortPacked (packed: Uint8Array): Uint8Array {
  const count = packed.length / digestLength
  const keys = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    keys[i] = keyAt(packed, i * digestLength)
  }
  const base32Of = (i: number): string => toBase32Upper(multihashOf(cidOf(packed, i * digestLength)))
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || compareKeys(base32Of(a), base32Of(b)))
  const sorted = new Uint8Array(packed.length)
  for (const [to, from] of order.entries()) {
    for (let i = 0; i < digestLength; i++) sorted[to * digestLength + i] = packed[from * digestLength + i]
  }
  return sorted
}
