import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { cidOf } from '../../src/blocks/cids.ts'
import { createFingerprints, maxFound } from '../../src/blocks/fingerprints.ts'
import { toHash } from '../../src/blocks/hashes.ts'

/** Hashes, some of which are of digests that differ in a byte only. */
const hash = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(31).map(at => new Uint8Array(32).fill(1, at, at + 1))).map(digest => toHash(cidOf(digest)))

const toText = (hash: string): Uint8Array => new TextEncoder().encode(hash)

describe('Fingerprints', () => {
  it('are found as a map of strings finds them, wherever the text stands', () => {
    fc.assert(fc.property(fc.array(hash, { maxLength: 200 }), fc.array(hash), fc.nat(9), (added, sought, at) => {
      const fingerprints = createFingerprints()
      const numbers = new Map<string, number>()
      for (const hash of added) {
        if (!numbers.has(hash)) numbers.set(hash, numbers.size)
        strictEqual(fingerprints.add(toText(hash)), numbers.get(hash))
      }
      strictEqual(fingerprints.size, numbers.size)
      const some = [...added, ...sought].slice(0, maxFound)
      const numbersOf = fingerprints.findMany(toText(' '.repeat(at) + some.join('  ')), at, 51, some.length)
      deepStrictEqual([...numbersOf.subarray(0, some.length)], some.map(hash => numbers.get(hash) ?? -1))
      for (const hash of [...added, ...sought]) {
        strictEqual(fingerprints.find(toText(' '.repeat(at) + hash), at), numbers.get(hash) ?? -1)
      }
    }))
  })

  it('differ where texts differ in what may cancel out', () => {
    const alike = [['A', 'a'], ['1', 'q'], ['A', 'a']]
    for (let round = 0; round < 10; round++) {
      const text = toText(toHash(cidOf(crypto.getRandomValues(new Uint8Array(32)))))
      // The last character of a word, and the second and the last one of the next
      for (let end = 28; end < 48; end += 4) {
        const [one, other] = [0, 1].map(which => {
          const changed = text.slice()
          for (const [i, at] of [end, end + 2, end + 4].entries()) changed[at] = alike[i][which].charCodeAt(0)
          return changed
        })
        const fingerprints = createFingerprints()
        fingerprints.add(one)
        strictEqual(fingerprints.find(other), -1)
      }
    }
  })

  it('keep what is marked as they grow', () => {
    const fingerprints = createFingerprints()
    const textOf = (i: number): Uint8Array => toText(toHash(cidOf(Uint8Array.from({ length: 32 }, (_, j) => j === 31 ? i & 255 : j === 30 ? i >> 8 : 7))))
    for (let i = 0; i < 1000; i++) {
      fingerprints.add(textOf(i))
      if (i % 3 === 0) fingerprints.mark(i)
    }
    deepStrictEqual(Array.from({ length: 1000 }, (_, i) => fingerprints.isMarked(fingerprints.find(textOf(i)))), Array.from({ length: 1000 }, (_, i) => i % 3 === 0))
  })
})
