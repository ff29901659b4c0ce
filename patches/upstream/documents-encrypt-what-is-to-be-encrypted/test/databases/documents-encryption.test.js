import { deepStrictEqual, strictEqual } from 'assert'
import { rimraf } from 'rimraf'
import SimpleEncryption from '@orbitdb/simple-encryption'
import { Documents, Entry, Identities, KeyStore, MemoryStorage } from '../../src/index.js'
import createHelia from '../utils/create-helia.js'

describe('Documents Database - Encryption', function () {
  let ipfs, identity, db

  const open = async (options) => Documents()({ ipfs, identity, address: 'documents-encryption', directory: './orbitdb', syncAutomatically: false, ...options })

  before(async () => {
    ipfs = await createHelia()
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity = await identities.createIdentity({ id: 'userA' })
  })

  after(async () => {
    await ipfs.stop()
  })

  afterEach(async () => {
    await db.close()
    await rimraf('./orbitdb')
  })

  it('encrypts documents', async () => {
    const data = await SimpleEncryption({ password: 'hello' })
    db = await open({ encryption: { data } })
    const hash = await db.put({ _id: 'one', text: 'secret' })

    const { payload } = await Entry.decode(await db.log.storage.get(hash))
    strictEqual(payload instanceof Uint8Array, true)
    deepStrictEqual((await db.get('one')).value, { _id: 'one', text: 'secret' })
  })

  it('encrypts the entries of documents', async () => {
    const replication = await SimpleEncryption({ password: 'hello' })
    db = await open({ encryption: { replication } })
    const hash = await db.put({ _id: 'one' })

    strictEqual(Entry.isEncrypted(await db.log.storage.get(hash)), true)
    deepStrictEqual((await db.get('one')).value, { _id: 'one' })
  })

  it('reads documents that were written in plain', async () => {
    db = await open()
    await db.put({ _id: 'one' })
    await db.close()

    const data = await SimpleEncryption({ password: 'hello' })
    db = await open({ encryption: { data } })
    await db.put({ _id: 'two' })

    deepStrictEqual((await db.all()).map(({ key }) => key).sort(), ['one', 'two'])
  })

  it('calls onUpdate', async () => {
    const updates = []
    db = await open({ onUpdate: async (log, { hash }) => { updates.push(hash) } })
    const hash = await db.put({ _id: 'one' })

    deepStrictEqual(updates, [hash])
  })
})
