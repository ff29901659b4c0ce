import { deepStrictEqual, strictEqual } from 'assert'
import { rimraf } from 'rimraf'
import { Identities, KeyStore, KeyValueIndexed, Log, MemoryStorage } from '../../src/index.js'
import createHelia from '../utils/create-helia.js'

describe('KeyValueIndexed Database - Index', function () {
  const address = 'keyvalue-index'

  let ipfs, identity1, identity2, db
  let storages

  const open = async () => KeyValueIndexed()({ ipfs, identity: identity1, address, directory: './orbitdb', syncAutomatically: false, ...storages })

  before(async () => {
    ipfs = await createHelia()
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  after(async () => {
    await ipfs.stop()
  })

  beforeEach(async () => {
    storages = { entryStorage: await MemoryStorage(), headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }
    db = await open()
  })

  afterEach(async () => {
    await db.close()
    await rimraf('./orbitdb')
  })

  it('has the value of the newest entry of a key, also where an older one is added later', async () => {
    const other = await Log(identity2, { logId: address, entryStorage: storages.entryStorage })
    const older = await other.append({ op: 'PUT', key: 'key', value: 'older' })
    await db.put('another', 1)
    await db.put('key', 'newer')

    await db.log.joinEntry(older)
    await db.put('another', 2)

    strictEqual(await db.get('key'), 'newer')
  })

  it('indexes what the log got without it', async () => {
    await db.put('key', 'before')
    await db.close()
    const log = await Log(identity1, { logId: address, ...storages })
    await log.append({ op: 'PUT', key: 'key', value: 'after' })

    db = await open()

    strictEqual(await db.get('key'), 'after')
  })

  it('gives values that JSON has no form for as they were put', async () => {
    const value = { bytes: new Uint8Array([1, 2, 3]), none: null }
    await db.put('key', value)

    deepStrictEqual(await db.get('key'), value)
  })

  it('has numbers and texts as the same keys', async () => {
    await db.put('1', 'text')
    await db.put(1, 'number')

    strictEqual(await db.get('1'), 'number')
    strictEqual(await db.get(1), 'number')
  })
})
