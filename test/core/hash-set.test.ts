import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cidOf } from '../../src/blocks/cids.ts'
import { createHashSet } from '../../src/blocks/hash-set.ts'
import { toHash } from '../../src/blocks/hashes.ts'

const { default: HashSet } = await import(new URL('../../node_modules/@orbitdb/core/src/utils/hash-set.js', import.meta.url).href)

const hashes = Array.from({ length: 1000 }, () => toHash(cidOf(randomBytes(32))))
const [missing, ...there] = hashes

for (const [name, create] of Object.entries({ 'of the core': HashSet, 'of digests': createHashSet })) {
  describe(`A set of hashes ${name}`, () => {
    it('is what a Set is', () => {
      const set = create(there)
      set.add(there[0])
      strictEqual(set.size, there.length)
      deepStrictEqual([...set], there)
      deepStrictEqual([...set], there, 'again')
      deepStrictEqual(new Set(set), new Set(there))
      strictEqual(set.has(there[1]), true)
      strictEqual(set.has(missing), false)
    })
  })
}

describe('The set of hashes that an export gives', () => {
  it('has keys, and is an array in JSON', () => {
    const set = HashSet(there)
    deepStrictEqual([...set.keys()], there)
    strictEqual(JSON.stringify(set), JSON.stringify(there))
  })

  it('is iterated over with what is added meanwhile', () => {
    const set = HashSet([there[0]])
    const seen: string[] = []
    for (const hash of set) {
      seen.push(hash)
      if (seen.length < there.length) set.add(there[seen.length])
    }
    deepStrictEqual(seen, there)
  })
})
