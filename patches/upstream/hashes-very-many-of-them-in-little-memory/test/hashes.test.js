import { deepStrictEqual, strictEqual } from 'assert'
import { randomBytes } from 'crypto'
import { hashOf } from '../src/blocks/index.js'
import HashSet from '../src/utils/hash-set.js'
import HashTable from '../src/utils/hash-table.js'

describe('Hashes', function () {
  let hashes

  before(async () => {
    hashes = await Promise.all(Array.from({ length: 5000 }, () => hashOf(randomBytes(32))))
  })

  describe('HashSet', () => {
    it('has what a Set has', () => {
      const [missing, ...there] = hashes
      const set = HashSet([...there, ...there])

      strictEqual(set.size, there.length)
      deepStrictEqual([...set.keys()], there)
      deepStrictEqual(new Set(set), new Set(there))
      strictEqual(set.has(there[0]), true)
      strictEqual(set.has(missing), false)
    })

    it('is an array in JSON', () => {
      deepStrictEqual(JSON.parse(JSON.stringify(HashSet(hashes))), hashes)
    })

    it('is iterated over with what is added meanwhile', () => {
      const set = HashSet(hashes.slice(0, 1))
      const seen = []
      for (const hash of set) {
        seen.push(hash)
        set.add(hashes[Math.min(seen.length, hashes.length - 1)])
      }

      deepStrictEqual(seen, hashes)
    })
  })

  describe('HashTable', () => {
    it('numbers hashes, one by one or many at once', () => {
      const table = HashTable()
      const some = [...hashes.slice(0, 20), ...hashes.slice(0, 10)]
      const bytes = new TextEncoder().encode(some.join(''))
      table.add(hashes[3])

      const numbers = [...table.addTexts(bytes, 0, 49, some.length).slice(0, some.length)]

      strictEqual(table.size(), 20)
      deepStrictEqual(numbers.map(table.hashOf), some)
      strictEqual(table.find(hashes[3]), 0)
      strictEqual(table.find(hashes[20]), -1)
    })

    it('gives hashes in their order, and those that are marked', () => {
      const table = HashTable()
      hashes.forEach(table.add)
      hashes.slice(10, 20).forEach(hash => table.mark(table.find(hash), 2))

      deepStrictEqual(Array.from(table.inOrder(), table.hashOf), [...hashes].sort())
      deepStrictEqual([...table.where(number => table.is(number, 2))], hashes.slice(10, 20))
      deepStrictEqual(table.slice(4990, 100), hashes.slice(4990))
    })
  })
})
