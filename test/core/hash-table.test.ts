import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cidOf } from '../../src/blocks/cids.ts'
import { toHash } from '../../src/blocks/hashes.ts'

const { default: HashTable, maxTexts } = await import(new URL('../../node_modules/@orbitdb/core/src/utils/hash-table.js', import.meta.url).href)

const length = 49
const distance = length + 2

const createHashes = (count: number): string[] => Array.from({ length: count }, () => toHash(cidOf(randomBytes(32))))

/** The texts of hashes, as links of entries have them. */
function toLinks (hashes: string[]): Uint8Array {
  const bytes = new Uint8Array(distance * hashes.length)
  for (const [i, hash] of hashes.entries()) bytes.set(new TextEncoder().encode(hash), distance * i + 2)
  return bytes
}

describe('A table of hashes', () => {
  it('numbers them in the order in which they come, one by one or many at once', () => {
    const table = HashTable()
    const numbers = new Map<string, number>()
    const hashes = createHashes(5000)
    for (let i = 0; i < hashes.length; i += 16) {
      // New ones, some of which come twice, and some that came before
      const some = [...hashes.slice(i, i + 16), ...hashes.slice(i, i + 4), ...hashes.slice(0, maxTexts - 20)].slice(0, maxTexts)
      for (const hash of some) if (!numbers.has(hash)) numbers.set(hash, numbers.size)
      const found = table.addTexts(toLinks(some), 2, distance, some.length)
      deepStrictEqual([...found.subarray(0, some.length)], some.map(hash => numbers.get(hash)))
    }
    strictEqual(table.size(), hashes.length)
    for (const [hash, number] of numbers) {
      strictEqual(table.find(hash), number)
      strictEqual(table.add(hash), number)
      strictEqual(table.hashOf(number), hash)
    }
    for (const hash of createHashes(100)) strictEqual(table.find(hash), -1)
  })

  it('gives them in their order', () => {
    const table = HashTable()
    const hashes = createHashes(5000)
    for (const hash of hashes) table.add(hash)
    deepStrictEqual(Array.from(table.inOrder() as Uint32Array, number => table.hashOf(number)), hashes.sort())
  })
})
