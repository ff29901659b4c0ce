import { deepStrictEqual, rejects, strictEqual } from 'assert'
import * as dagCbor from '@ipld/dag-cbor'
import { Entry, Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Entry - Reading', function () {
  let identity
  let entry

  const value = () => {
    const { hash, ...value } = entry
    return value
  }

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity = await identities.createIdentity({ id: 'userA' })
    entry = await Entry.create(identity, 'A', 'hello')
  })

  it('decodes what it encodes', async () => {
    const { hash, bytes } = await Entry.encode(entry)

    deepStrictEqual(await Entry.decode(bytes), { ...value(), hash })
  })

  it('takes only what an entry has', async () => {
    const bytes = dagCbor.encode({ ...value(), more: 1 })

    strictEqual('more' in await Entry.decode(bytes), false)
  })

  it('takes only links that are hashes', async () => {
    const { hash } = await Entry.encode(entry)
    const { next, refs } = await Entry.decode(dagCbor.encode({ ...value(), next: [hash, 'no hash', 1], refs: null }))

    deepStrictEqual(next, [hash])
    deepStrictEqual(refs, [])
  })

  it('reads a payload that was not encrypted with an encryption', async () => {
    const { bytes } = await Entry.encode(entry)
    const decrypt = async () => { throw new Error('Not encrypted') }

    strictEqual((await Entry.decode(bytes, undefined, decrypt)).payload, 'hello')
  })

  it('says which payload could not be decrypted', async () => {
    const encrypted = { ...value(), payload: new Uint8Array([1]) }
    const decrypt = async () => { throw new Error('Not the key') }

    await rejects(Entry.decode(dagCbor.encode(encrypted), undefined, decrypt), { message: 'Could not decrypt payload' })
  })

  it('does not encode what can not be read', async () => {
    await rejects(Entry.encode({ ...entry, clock: { id: 'A', time: -1 } }), { code: 'entry-invalid' })
  })

  it('sorts entries whose clocks have no time', async () => {
    const log = await Log(identity, { logId: 'A' })
    await log.append('one')
    const { hash, bytes } = await Entry.encode(entry)
    const clockless = dagCbor.encode({ ...dagCbor.decode(bytes), clock: null })
    const read = await Entry.decode(clockless)

    strictEqual(hash === read.hash, false)

    const reading = await Log(identity, { logId: 'A', logHeads: [...await log.heads(), read], entryStorage: { ...await MemoryStorage(), get: async (hash) => hash === read.hash ? clockless : log.storage.get(hash) } })
    strictEqual((await reading.values()).length, 2)
  })
})
