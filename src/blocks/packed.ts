import { cidLength, isOfDagCbor, multihashOf, toBase32Upper, toBytes } from './hashes.ts'
import type { CIDBytes } from './blocks.ts'

/*
 * The CIDs of very many DAG-CBOR blocks take the least memory as their bytes, one after the other.
 */

/**
 * Converts hashes of DAG-CBOR blocks to the bytes of their CIDs, one after the other.
 *
 * @throws Error when one is not such a hash.
 */
export function pack (hashes: ReadonlySet<string> | ReadonlyMap<string, unknown> | string[]): Uint8Array {
  const packed = new Uint8Array(('size' in hashes ? hashes.size : hashes.length) * cidLength)
  let at = 0
  for (const hash of Array.isArray(hashes) ? hashes : hashes.keys()) {
    const bytes = toBytes(hash)
    if (!isOfDagCbor(bytes)) {
      throw new Error(`Not the hash of a DAG-CBOR block: "${hash}"`)
    }
    packed.set(bytes, at)
    at += cidLength
  }
  return packed
}

/** How many CIDs were packed. */
export const countOf = (packed: Uint8Array): number => packed.length / cidLength

/** The CIDs that were packed, or some of them. */
export function unpack (packed: Uint8Array, start = 0, end = countOf(packed)): CIDBytes[] {
  const cids = []
  for (let i = start; i < Math.min(end, countOf(packed)); i++) {
    cids.push(cidAt(packed, i))
  }
  return cids
}

const cidAt = (packed: Uint8Array, i: number): CIDBytes => packed.subarray(i * cidLength, (i + 1) * cidLength)

// In a multihash of 34 bytes, base32 has 5 bits for each character. The first three are the same for all
// of SHA2-256.
const firstBit = 15
const digits = 10

/** The values of base32 characters in the order of their codes, in which digits come before letters. */
const order = Uint8Array.from({ length: 32 }, (_, value) => value < 26 ? value + 6 : value - 26)

/** The first characters that CIDs differ in, as a number: of 50 bits, so that it is exact. */
function keyOf (cid: CIDBytes): number {
  const multihash = cid.subarray(cidLength - 34)
  let key = 0
  for (let i = 0; i < digits; i++) {
    const bit = firstBit + 5 * i
    const bits = (multihash[bit >> 3] << 8) | multihash[(bit >> 3) + 1]
    key = key * 32 + order[(bits >> (11 - (bit & 7))) & 31]
  }
  return key
}

const compareKeys = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * Sorts packed CIDs by the base32 of their multihashes. That is the order in which blockstores keep
 * blocks, so that these are read and written one after the other.
 */
export function sortPacked (packed: Uint8Array): Uint8Array {
  const count = countOf(packed)
  const keys = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    keys[i] = keyOf(cidAt(packed, i))
  }
  const base32Of = (i: number): string => toBase32Upper(multihashOf(cidAt(packed, i)))
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || compareKeys(base32Of(a), base32Of(b)))
  const sorted = new Uint8Array(packed.length)
  for (const [to, from] of order.entries()) {
    sorted.set(cidAt(packed, from), to * cidLength)
  }
  return sorted
}
