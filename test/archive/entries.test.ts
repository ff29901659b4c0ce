import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { readEntry, scanLinks, timeOf } from '../../src/archive/create/entries.ts'
import { toHash as bytesToHash } from '../../src/blocks/hashes.ts'

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => bytesToHash(Uint8Array.from([0x01, 0x71, 0x12, 0x20, ...digest])))
const values = fc.letrec(tie => ({
  value: fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 30 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 30 }))
})).value

const entries = fc.record({
  v: fc.constant(2),
  id: fc.string(),
  key: fc.string({ maxLength: 300 }),
  sig: fc.string({ maxLength: 300 }),
  next: fc.array(hashes, { maxLength: 30 }),
  refs: fc.array(hashes, { maxLength: 20 }),
  clock: fc.record({ id: fc.string(), time: fc.nat() }),
  payload: values,
  identity: hashes
})

const linksOf = (bytes: Uint8Array) => {
  const entry = readEntry(bytes)!
  return { next: entry.next, identity: entry.identity, time: timeOf(entry) }
}

describe('The links of an entry', () => {
  it('are read without decoding the rest of it', () => {
    fc.assert(fc.property(entries, entry => {
      const bytes = dagCbor.encode(entry)
      // An entry with very many heads before it is left to others
      deepStrictEqual(scanLinks(bytes), entry.next.length < 24 ? linksOf(bytes) : undefined)
    }), { numRuns: 500 })
  })

  it('are those that decoding it gives, or none, whatever else is in it', () => {
    const looksLikeIdentity = hashes.map(hash => `\x68identity\x78\x31${hash}`)
    fc.assert(fc.property(entries, fc.dictionary(fc.string(), fc.oneof(values, looksLikeIdentity), { maxKeys: 2 }), (entry, more) => {
      const bytes = dagCbor.encode({ ...more, ...entry })
      const links = scanLinks(bytes)
      if (links != null) deepStrictEqual(links, linksOf(bytes))
    }), { numRuns: 500 })
  })

  it('are those that decoding it gives, or none, when bytes of it are others', () => {
    fc.assert(fc.property(entries, fc.nat(), fc.nat(255), (entry, at, byte) => {
      const bytes = dagCbor.encode(entry)
      const other = bytes.with(at % bytes.length, byte)
      const links = scanLinks(other)
      if (links != null && readEntry(other) != null) deepStrictEqual(links, linksOf(other))
    }), { numRuns: 1000 })
  })

  it('are none when it is cut off, or something follows it', () => {
    fc.assert(fc.property(entries, fc.nat(), (entry, at) => {
      const bytes = dagCbor.encode(entry)
      strictEqual(scanLinks(bytes.subarray(0, at % bytes.length)), undefined)
      strictEqual(scanLinks(Uint8Array.from([...bytes, 0])), undefined)
    }))
  })
})
