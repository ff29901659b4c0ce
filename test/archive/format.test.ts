import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import { toCID, toHash } from '../helpers/forgery.ts'
import { toHash as bytesToHash } from '../../src/blocks/hashes.ts'
import { pack, sortPacked, unpack } from '../../src/blocks/packed.ts'
import { decodeLeaf, decodeSnapshot, encodeList, encodeSnapshot } from '../../src/archive/format.ts'

const createHashes = (count: number): string[] => {
  return Array.from({ length: count }, () => bytesToHash(Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...randomBytes(32)])))
}

const maxLength = 2 ** 20

describe('The format of archives', () => {
  for (const count of [0, 1, 23, 24, 255, 256, 8191, 8192, 8193, 20_000]) {
    it(`has the leaves of a list of ${count} as DAG-CBOR, of 8192 links each`, async () => {
      const packed = sortPacked(pack(createHashes(count)))
      const hashes = unpack(packed).map(bytesToHash)
      const { list, leaves } = await encodeList(packed)
      strictEqual(list.count, count)
      deepStrictEqual(list.leaves, leaves.map(([hash]) => hash))
      const links = leaves.map(([, bytes]) => dagCbor.decode<any[]>(bytes))
      deepStrictEqual(links.flat().map(toHash), hashes)
      ok(links.slice(0, -1).every(({ length }) => length === 8192))
      for (const [i, [hash, bytes]] of leaves.entries()) {
        deepStrictEqual(bytes, dagCbor.encode(links[i]))
        deepStrictEqual(decodeLeaf(hash, bytes), links[i].map(toHash))
        ok(bytes.length < maxLength)
      }
    })
  }

  it('has no leaf that is anything else', () => {
    const [hash, other] = createHashes(2)
    const leaf = dagCbor.encode([toCID(hash), toCID(other)])
    deepStrictEqual(decodeLeaf(hash, leaf), [hash, other])
    const wrong = [[], {}, 'text', [1], [toCID(hash), 'text'], toCID(hash), new Array(8193).fill(toCID(hash))].map(value => dagCbor.encode(value))
    for (const bytes of [new Uint8Array(), leaf.subarray(1), leaf.subarray(0, -1), Uint8Array.from([...leaf, 0]), ...wrong]) {
      throws(() => decodeLeaf(hash, bytes), { name: 'DamagedArchiveError', hash })
    }
  })

  it('has snapshots below 1 MiB of 200 million entries', async () => {
    const leaves = createHashes(25_000)
    const [manifest] = leaves
    const none = { count: 0, leaves: [] }
    const snapshot = { address: `/orbitdb/${manifest}`, name: 'database', type: 'events', manifest, accessController: { block: manifest }, heads: none, identities: none, isUnread: true } as const
    const entries = { count: leaves.length * 8192, leaves }
    const [hash, bytes] = await encodeSnapshot({ ...snapshot, entries })
    ok(entries.count > 200_000_000 && bytes.length < maxLength)
    deepStrictEqual(decodeSnapshot(hash, bytes), { ...snapshot, entries })
  })
})
