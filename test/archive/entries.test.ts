import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { readEntry, scanLinks } from '../../src/archive/entries.ts'

const hash = fc.stringMatching(/^zdpu[1-9A-HJ-NP-Za-km-z]{45}$/)
const text = fc.oneof(fc.string({ maxLength: 30 }), fc.string({ minLength: 200, maxLength: 400 }))
const entry = fc.record({
  v: fc.constantFrom(1, 2),
  id: text,
  key: text,
  sig: text,
  next: fc.array(hash, { maxLength: 30 }),
  refs: fc.array(hash, { maxLength: 3 }),
  clock: fc.record({ id: text, time: fc.nat() }),
  payload: fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.string()).filter(map => !Object.hasOwn(map, '__proto__'))),
  identity: hash
})

describe('The links of an entry', () => {
  it('are read without decoding it as they are by decoding it', () => {
    fc.assert(fc.property(entry, entry => {
      const bytes = dagCbor.encode(entry)
      const { next, identity } = readEntry(bytes)!
      deepStrictEqual([next, identity], [entry.next, entry.identity])
      deepStrictEqual(scanLinks(bytes), entry.next.length < 24 ? { next, identity } : undefined)
    }), { numRuns: 500 })
  })

  it('are not read from what is no entry, or is cut off', () => {
    fc.assert(fc.property(entry, fc.nat(), fc.constantFrom('v', 'id', 'key', 'sig', 'next', 'identity'), (entry, length, key) => {
      const bytes = dagCbor.encode(entry)
      strictEqual(scanLinks(bytes.subarray(0, length % bytes.length)), undefined)
      const { [key]: _, ...rest } = entry
      strictEqual(scanLinks(dagCbor.encode(rest)), undefined)
    }), { numRuns: 500 })
    for (const value of [{}, [], 'text', new Uint8Array(100), null, { next: [], identity: 'hash' }]) {
      strictEqual(scanLinks(dagCbor.encode(value)), undefined)
      strictEqual(readEntry(dagCbor.encode(value)), undefined)
    }
  })
})
