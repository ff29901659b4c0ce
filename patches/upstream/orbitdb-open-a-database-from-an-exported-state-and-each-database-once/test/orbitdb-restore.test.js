import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import { rimraf } from 'rimraf'
import { createOrbitDB } from '../src/index.js'
import createHelia from './utils/create-helia.js'

describe('Restore databases', function () {
  let ipfs1, ipfs2
  let orbitdb1, orbitdb2
  let db1

  const exported = async (db) => {
    const { blocks, ...state } = await db.export()
    const all = []
    for await (const block of blocks) {
      all.push(block)
    }
    return { ...state, blocks: all }
  }

  const values = async (db) => (await db.all()).map(({ value }) => value)

  beforeEach(async () => {
    [ipfs1, ipfs2] = await Promise.all([createHelia(), createHelia()])
    orbitdb1 = await createOrbitDB({ ipfs: ipfs1, id: 'user1', directory: './orbitdb/1' })
    orbitdb2 = await createOrbitDB({ ipfs: ipfs2, id: 'user2', directory: './orbitdb/2' })
    db1 = await orbitdb1.open('db', { sync: false })
    for (let i = 0; i < 5; i++) {
      await db1.add(i)
    }
  })

  afterEach(async () => {
    await orbitdb1.stop()
    await orbitdb2.stop()
    await ipfs1.stop()
    await ipfs2.stop()
    await rimraf('./orbitdb')
  })

  it('restores a database on a node that has nothing of it', async () => {
    const db2 = await orbitdb2.import(await exported(db1), { sync: false })

    strictEqual(db2.address, db1.address)
    deepStrictEqual(await values(db2), await values(db1))
  })

  it('has what was restored when it is opened again', async () => {
    const { address } = await orbitdb2.import(await exported(db1), { sync: false })
    await orbitdb2.stop()
    orbitdb2 = await createOrbitDB({ ipfs: ipfs2, id: 'user2', directory: './orbitdb/2' })

    deepStrictEqual(await values(await orbitdb2.open(address, { sync: false })), [0, 1, 2, 3, 4])
  })

  it('restores into a database that is open', async () => {
    const db2 = await orbitdb2.import(await exported(db1), { sync: false })
    await db1.add('more')

    strictEqual(await orbitdb2.import(await exported(db1), { sync: false }), db2)
    deepStrictEqual(await values(db2), await values(db1))
  })

  it('opens no database of a state that is refused', async () => {
    const state = await exported(db1)
    state.blocks.pop()

    await rejects(orbitdb2.import(state, { sync: false }), { name: 'MissingBlockError' })
    strictEqual(orbitdb2.status(db1.address), 'closed')
  })

  it('refuses a state without an address, and a name instead of one', async () => {
    const state = await exported(db1)

    await rejects(orbitdb2.import({ ...state, address: undefined }), { name: 'InvalidStateError', code: 'address-invalid' })
    await rejects(orbitdb2.open('db', { restore: state }), { name: 'InvalidStateError', code: 'address-invalid' })
  })

  it('says that a type of database has no import', async () => {
    const Database = async () => ({ log: null, type: 'other', close: async () => {} })

    await rejects(orbitdb2.import(await exported(db1), { Database, sync: false }), { name: 'ImportNotSupportedError', code: 'import-not-supported' })
  })

  it('pins the access list of a database that was created elsewhere', async () => {
    const accessList = CID.parse(db1.access.address.split('/').pop(), base58btc)
    for (const [hash, bytes] of (await exported(db1)).blocks) {
      await ipfs2.blockstore.put(CID.parse(hash, base58btc), bytes)
    }
    await orbitdb2.open(db1.address, { sync: false })

    strictEqual(await ipfs2.pins.isPinned(accessList), true)
  })

  it('gives the same database to those who open it at once', async () => {
    const { address } = db1
    await db1.close()
    const [first, second] = await Promise.all([orbitdb1.open(address, { sync: false }), orbitdb1.open(address, { sync: false })])

    strictEqual(first, second)
  })

  it('says whether a database is open', async () => {
    const { address } = db1
    strictEqual(orbitdb1.status(address), 'open')

    await db1.close()
    strictEqual(orbitdb1.status(address), 'closed')

    const opening = orbitdb1.open(address, { sync: false })
    strictEqual(orbitdb1.status(address), 'opening')
    await opening
    strictEqual(orbitdb1.status(address), 'open')
  })

  it('opens nothing any more when it was stopped', async () => {
    await orbitdb2.stop()

    await rejects(orbitdb2.open('db'), { name: 'OrbitDBStoppedError', code: 'orbitdb-stopped' })
  })
})
