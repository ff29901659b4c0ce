import { deepStrictEqual, strictEqual, throws } from 'assert'
import * as dagCbor from '@ipld/dag-cbor'
import { Blocks, Entry, Identities, KeyStore, MemoryStorage } from '../../src/index.js'

const { hashOf, isHash, readAccessList, readEntry, readIdentity, readManifest, scanEntry, signedBytes } = Blocks

describe('Blocks', function () {
  let identity
  let entry, value, bytes, hash

  const isInvalidEntry = { name: 'InvalidEntryError', code: 'entry-invalid' }

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity = await identities.createIdentity({ id: 'userA' })

    entry = await Entry.create(identity, 'A', { op: 'PUT', key: 'k', value: [1, null, 'ä', 1.5] })
    const encoded = await Entry.encode(entry)
    hash = encoded.hash
    bytes = encoded.bytes
    value = dagCbor.decode(bytes)
  })

  describe('Entries', () => {
    it('reads an entry', () => {
      deepStrictEqual(readEntry(bytes, hash), value)
    })

    it('gives the bytes that the writer signed', () => {
      const { id, payload, next, refs, clock, v } = value
      const signed = dagCbor.encode({ id, payload, next, refs, clock, v })

      deepStrictEqual(signedBytes(bytes, scanEntry(bytes)), Uint8Array.from(signed))
    })

    it('reads an entry with links', () => {
      const linked = { ...value, next: [hash, hash], refs: [hash] }

      deepStrictEqual(readEntry(dagCbor.encode(linked)), linked)
    })

    for (const field of ['id', 'payload', 'next', 'refs', 'clock', 'v', 'key', 'identity', 'sig']) {
      it(`refuses what has no ${field}`, () => {
        const { [field]: left, ...others } = value

        throws(() => readEntry(dagCbor.encode(others), hash), isInvalidEntry)
      })
    }

    it('refuses fields of other types', () => {
      for (const field of ['id', 'next', 'refs', 'clock', 'v', 'key', 'identity', 'sig']) {
        throws(() => readEntry(dagCbor.encode({ ...value, [field]: null }), hash), isInvalidEntry)
      }
      throws(() => readEntry(dagCbor.encode({ ...value, next: ['no hash'] }), hash), isInvalidEntry)
    })

    it('refuses fields that entries do not have', () => {
      throws(() => readEntry(dagCbor.encode({ ...value, more: 1 }), hash), isInvalidEntry)
      throws(() => readEntry(dagCbor.encode({ ...value, clock: { ...value.clock, more: 1 } }), hash), isInvalidEntry)
    })

    it('refuses bytes that go on, or end too early', () => {
      throws(() => readEntry(new Uint8Array([...bytes, 0]), hash), isInvalidEntry)
      for (let length = 0; length < bytes.length; length++) {
        throws(() => readEntry(bytes.subarray(0, length), hash), isInvalidEntry)
      }
    })

    it('names the entry in the error', () => {
      throws(() => readEntry(new Uint8Array([0]), hash), { hash })
    })
  })

  describe('Identities, manifests and access lists', () => {
    const manifest = { name: 'db', type: 'events', accessController: '/ipfs/zdpu' }
    const list = { type: 'ipfs', write: ['a', 'b'] }

    it('reads them', () => {
      const { id, publicKey, signatures, type } = identity

      deepStrictEqual(readIdentity(identity.bytes, identity.hash), { id, publicKey, signatures, type })
      deepStrictEqual(readManifest(dagCbor.encode(manifest)), manifest)
      deepStrictEqual(readManifest(dagCbor.encode({ ...manifest, meta: { a: 1 } })), { ...manifest, meta: { a: 1 } })
      deepStrictEqual(readAccessList(dagCbor.encode(list)), list)
    })

    it('refuses what has other fields', () => {
      throws(() => readIdentity(dagCbor.encode({ ...readIdentity(identity.bytes), more: 1 })), { code: 'identity-invalid' })
      throws(() => readManifest(dagCbor.encode({ ...manifest, more: 1 })), { code: 'manifest-invalid' })
      throws(() => readAccessList(dagCbor.encode({ ...list, more: 1 })), { code: 'access-list-invalid' })
    })

    it('refuses what is one of the others', () => {
      throws(() => readIdentity(bytes), { code: 'identity-invalid' })
      throws(() => readManifest(identity.bytes), { code: 'manifest-invalid' })
      throws(() => readAccessList(dagCbor.encode(manifest)), { code: 'access-list-invalid' })
    })
  })

  it('gives the hash of bytes', async () => {
    strictEqual(await hashOf(bytes), hash)
    strictEqual(isHash(hash), true)
    strictEqual(isHash('zdpu'), false)
  })
})
