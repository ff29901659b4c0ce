import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { BlockSequence } from '../../src/core/blocks.ts'

const values = fc.oneof(
  fc.jsonValue(), fc.uint8Array({ maxLength: 300 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string({ minLength: 300, maxLength: 70000 })
)

describe('Blocks that come one after another', () => {
  it('are split where one ends, whatever the pieces are', () => {
    fc.assert(fc.property(fc.array(values, { maxLength: 5 }), fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (values, lengths) => {
      const blocks = values.map(value => Buffer.from(dagCbor.encode(value)))
      const bytes = new Uint8Array(Buffer.concat(blocks))
      const sequence = BlockSequence()
      const found: Buffer[] = []
      for (let at = 0; at < bytes.length;) {
        const { value: length } = lengths.next()
        found.push(...sequence.push(bytes.subarray(at, at + length)).map(block => Buffer.from(block)))
        at += length
      }
      deepStrictEqual(found, blocks)
      strictEqual(sequence.isEmpty(), true)
    }))
  })

  it('are not guessed at where it can not be told where one ends, or longer than a block may be', () => {
    for (const hex of ['5f', '9f', 'bf', '1c', '1800', '5b0000000100000000', '9b0000000100000000', 'bb7fffffffffffffff']) {
      throws(() => BlockSequence().push(new Uint8Array(Buffer.from(hex, 'hex'))), { name: 'InvalidEntryError', code: 'entry-invalid' }, hex)
    }
    const sequence = BlockSequence()
    deepStrictEqual(sequence.push(new Uint8Array([0x82, 0x01])), [])
    strictEqual(sequence.isEmpty(), false)
  })
})
