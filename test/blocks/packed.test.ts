import { deepStrictEqual, throws } from 'node:assert/strict'
import fc from 'fast-check'
import { base32upper } from 'multiformats/bases/base32'
import { cidOf } from '../../src/blocks/cids.ts'
import { multihashOf, toHash } from '../../src/blocks/hashes.ts'
import { arrange, orderBy, orderOf, pack, sortPacked } from '../../src/blocks/packed.ts'

/** Digests, and such that have nearly all in common. */
const digests = fc.array(fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.record({ at: fc.nat(31), bits: fc.nat(255) }).map(({ at, bits }) => new Uint8Array(32).fill(bits, at, at + 1))
), { maxLength: 30 })

const concat = (digests: Uint8Array[]): Uint8Array => Uint8Array.from(digests.flatMap(digest => [...digest]))

describe('Packed digests', () => {
  it('are those of the hashes that were packed', () => {
    fc.assert(fc.property(digests, digests => {
      deepStrictEqual(pack(digests.map(digest => toHash(cidOf(digest)))), concat(digests))
    }))
  })

  it('are of DAG-CBOR blocks only', () => {
    throws(() => pack(['zb2rhZBCk97MByUrtCczyx4xSX4sSgAe57eb9TXc8Ykwi2jJu']), /Not the hash of a DAG-CBOR block/)
  })

  it('are sorted by the base32 of their multihashes', () => {
    const keyOf = (digest: Uint8Array): string => base32upper.encode(multihashOf(cidOf(digest)))
    fc.assert(fc.property(digests, digests => {
      const arranged = concat(digests)
      arrange(arranged, orderOf(arranged))
      deepStrictEqual(arranged, sortPacked(concat(digests)))
      deepStrictEqual(arranged, concat(digests.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0)))
    }), { numRuns: 1000 })
  })

  it('are as items in the order of their numbers, and of a comparison where the first digits of these are the same', () => {
    const numbers = fc.array(fc.oneof(fc.nat(3), fc.maxSafeNat(), fc.nat(3).map(n => Number.MAX_SAFE_INTEGER - n)), { maxLength: 300, size: 'max' })
    fc.assert(fc.property(numbers, numbers => {
      const order = orderBy(Float64Array.from(numbers), (a, b) => numbers[a] - numbers[b] || b - a)
      deepStrictEqual([...order], [...numbers.keys()].sort((a, b) => numbers[a] - numbers[b] || b - a))
    }))
  })
})
