import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import fc from 'fast-check'
import { base32upper } from 'multiformats/bases/base32'
import { multihashOf, toHash } from '../../src/blocks/hashes.ts'
import { countOf, pack, sortPacked, unpack } from '../../src/blocks/packed.ts'

/** Digests, and such that have nearly all in common. */
const digests = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.record({ at: fc.nat(31), bits: fc.nat(255) }).map(({ at, bits }) => new Uint8Array(32).fill(bits, at, at + 1))
)
const cids = fc.array(digests.map(digest => Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...digest])), { maxLength: 30 })

describe('Packed CIDs', () => {
  it('are those that were packed, from an array, a set or the keys of a map', () => {
    fc.assert(fc.property(cids, fc.nat(30), fc.nat(30), (cids, start, end) => {
      const packed = pack(cids.map(toHash))
      strictEqual(countOf(packed), cids.length)
      deepStrictEqual(unpack(packed), cids)
      deepStrictEqual(unpack(packed, start, end), cids.slice(start, end))
    }))
    const hash = toHash(Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...new Uint8Array(32)]))
    deepStrictEqual(pack(new Set([hash])), pack([hash]))
    deepStrictEqual(pack(new Map([[hash, true]])), pack([hash]))
  })

  it('are of DAG-CBOR blocks only', () => {
    throws(() => pack(['zb2rhZBCk97MByUrtCczyx4xSX4sSgAe57eb9TXc8Ykwi2jJu']), /Not the hash of a DAG-CBOR block/)
  })

  it('are sorted by the base32 of their multihashes', () => {
    const keyOf = (cid: Uint8Array): string => base32upper.encode(multihashOf(cid))
    fc.assert(fc.property(cids, cids => {
      deepStrictEqual(unpack(sortPacked(pack(cids.map(toHash)))), cids.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))
    }), { numRuns: 1000 })
  })
})
