import { deepStrictEqual, strictEqual } from 'assert'
import { rimraf } from 'rimraf'
import { Documents, Events, Identities, KeyStore, KeyValue, MemoryStorage } from '../../src/index.js'
import createHelia from '../utils/create-helia.js'

describe('Databases - Operations', function () {
  let ipfs, identity, db

  const open = async (Database) => Database()({ ipfs, identity, address: 'operations', directory: './orbitdb', syncAutomatically: false })

  const all = async () => {
    const values = []
    for await (const { key, value } of db.iterator()) {
      values.push([key, value])
    }
    return values.sort()
  }

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

  for (const Database of [KeyValue, Documents]) {
    it(`has keys of any name, and skips what is no operation: ${Database.type}`, async () => {
      db = await open(Database)
      const keys = ['__proto__', 'constructor', 'key', 'toString']
      for (const key of keys) {
        const value = { _id: key }
        await (db.set ? db.set(key, value) : db.put(value))
      }
      await db.addOperation(1)
      await db.addOperation('text')
      await db.addOperation({ op: 'PUT', key: null, value: { _id: null } })

      deepStrictEqual((await all()).map(([key]) => key), keys)
    })

    it(`has numbers and texts as the same keys: ${Database.type}`, async () => {
      db = await open(Database)
      await db.addOperation({ op: 'PUT', key: '1', value: { _id: 'text' } })
      await db.addOperation({ op: 'PUT', key: 1, value: { _id: 'number' } })

      deepStrictEqual((await all()).map(([, value]) => value), [{ _id: 'number' }])
    })
  }

  it('returns undefined for an event that there is none of', async () => {
    db = await Events()({ ipfs, identity, address: 'operations', directory: './orbitdb', syncAutomatically: false, entryStorage: await MemoryStorage() })
    await db.add('hello')

    strictEqual(await db.get(identity.hash), undefined)
  })
})
