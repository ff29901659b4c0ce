import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { rimraf } from 'rimraf'
import { createOrbitDB, OrbitDBAccessController } from '../../src/index.js'
import createHelia from '../utils/create-helia.js'

describe('OrbitDBAccessController - Export and import', function () {
  let ipfs1, ipfs2, ipfs3
  let orbitdb1, orbitdb2, orbitdb3
  let db1

  const exported = async (state) => {
    const blocks = []
    for await (const block of state.blocks) {
      blocks.push(block)
    }
    const { accessController } = state
    return { ...state, blocks, ...(accessController && { accessController: await exported(accessController) }) }
  }

  const values = async (db) => (await db.all()).map(({ value }) => value).sort()

  beforeEach(async () => {
    [ipfs1, ipfs2, ipfs3] = await Promise.all([createHelia(), createHelia(), createHelia()])
    orbitdb1 = await createOrbitDB({ ipfs: ipfs1, id: 'user1', directory: './orbitdb/1' })
    orbitdb2 = await createOrbitDB({ ipfs: ipfs2, id: 'user2', directory: './orbitdb/2' })
    orbitdb3 = await createOrbitDB({ ipfs: ipfs3, id: 'user3', directory: './orbitdb/3' })

    db1 = await orbitdb1.open('db', { AccessController: OrbitDBAccessController(), sync: false })
    await db1.add('of the creator')
    await db1.access.grant('write', orbitdb3.identity.id)
    const db3 = await orbitdb3.import(await exported(await db1.export()), { sync: false })
    await db3.add('of a writer that was granted access')
    await db1.import(await exported(await db3.export()))
  })

  afterEach(async () => {
    await orbitdb1.stop()
    await orbitdb2.stop()
    await orbitdb3.stop()
    await ipfs1.stop()
    await ipfs2.stop()
    await ipfs3.stop()
    await rimraf('./orbitdb')
  })

  it('exports its database', async () => {
    const { accessController } = await db1.export()

    strictEqual(accessController.address, db1.access.address.replace('/orbitdb/orbitdb/', '/orbitdb/'))
    strictEqual(accessController.type, 'keyvalue')
  })

  it('is imported before the entries that it decides on', async () => {
    const db2 = await orbitdb2.import(await exported(await db1.export()), { sync: false })

    deepStrictEqual(await values(db2), await values(db1))
    deepStrictEqual(await db2.access.capabilities(), await db1.access.capabilities())
  })

  it('decides on the entries as it is in the state', async () => {
    await db1.access.revoke('write', orbitdb3.identity.id)
    const state = await exported(await db1.export())

    await rejects(orbitdb2.import(state, { sync: false }), { name: 'AccessDeniedError', code: 'access-denied' })

    const db2 = await orbitdb2.import(state, { verify: 'signatures', sync: false })
    deepStrictEqual(await values(db2), await values(db1))
    strictEqual((await db2.access.get('write')).has(orbitdb3.identity.id), false)
  })
})
