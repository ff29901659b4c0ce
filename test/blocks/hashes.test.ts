import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import fc from 'fast-check'
import { base32upper } from 'multiformats/bases/base32'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { isDagCborHash, multihashOf, toBase32Upper, toBase36, toBytes, toHash, toHashText } from '../../src/blocks/hashes.ts'

/** Digests, and such that have many zeros or ones. */
const digests = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.array(fc.constantFrom(0, 1, 255), { minLength: 32, maxLength: 32 }).map(bytes => Uint8Array.from(bytes))
)
const cids = digests.map(digest => Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...digest]))

describe('Hashes', () => {
  it('are what multiformats makes of CIDs, and the other way round', () => {
    fc.assert(fc.property(cids, cid => {
      strictEqual(toHash(cid), base58btc.encode(cid))
      strictEqual(new TextDecoder().decode(toHashText(cid)), base58btc.encode(cid))
      deepStrictEqual(toBytes(base58btc.encode(cid)), cid)
      strictEqual(isDagCborHash(base58btc.encode(cid)), true)
    }), { numRuns: 1000 })
  })

  it('of CIDs with other codecs and lengths are, too', () => {
    for (const cid of ['bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua', 'bagaaierasords4njcts6vs7qvdjfcvgnume4hqohf65zsfguprqphs3icwea', 'bafkqaaa'].map(cid => CID.parse(cid))) {
      strictEqual(toHash(cid.bytes), cid.toString(base58btc))
      deepStrictEqual(toBytes(cid.toString(base58btc)), cid.bytes)
      deepStrictEqual(multihashOf(cid.bytes), cid.multihash.bytes)
    }
  })

  it('that are none are refused', () => {
    const hash = toHash(Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...new Uint8Array(32)]))
    for (const wrong of ['', 'z', hash.slice(1), hash.slice(0, -1), `${hash}1`, hash.replace('z', 'y'), `${hash.slice(0, -1)}0`, `${hash.slice(0, -1)}é`, `z${'z'.repeat(48)}`]) {
      throws(() => toBytes(wrong), wrong)
      strictEqual(isDagCborHash(wrong), false)
    }
  })

  it('convert to base32 and base36 as by multiformats', () => {
    fc.assert(fc.property(cids, cid => {
      strictEqual(toBase36(cid), base36.encode(cid))
      strictEqual(toBase36(multihashOf(cid)), base36.encode(multihashOf(cid)))
      strictEqual(toBase32Upper(cid, 2), base32upper.encode(multihashOf(cid)))
      strictEqual(toBase32Upper(multihashOf(cid)), base32upper.encode(multihashOf(cid)))
    }), { numRuns: 1000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      strictEqual(toBase32Upper(bytes), base32upper.encode(bytes))
      strictEqual(toBase36(bytes), base36.encode(bytes))
    }))
  })
})
