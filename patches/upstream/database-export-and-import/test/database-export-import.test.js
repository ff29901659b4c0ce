import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import { rimraf } from 'rimraf'
import { createOrbitDB } from '../src/index.js'
import createHelia from './utils/create-helia.js'

describe('Database - Export and import', function () {
  let ipfs1, ipfs2
  let orbitdb1, orbitdb2
  let db1, db2

  // The state as it is after the way to another place
  const exported = async (db, options) => {
    const { blocks, ...state } = await db.export(options)
    const all = []
    for await (const [hash, bytes] of blocks) {
      all.push([hash, bytes])
    }
    return { ...state, blocks: all }
  }

  const values = async (db) => (await db.all()).map(({ key, value }) => [key, value]).sort()

  const openAgain = async () => {
    // What a database is opened with has to be there
    const state = await exported(db1)
    for (const [hash, bytes] of state.blocks) {
      await ipfs2.blockstore.put(CID.parse(hash, base58btc), bytes)
    }
    return orbitdb2.open(db1.address, { sync: false })
  }

  beforeEach(async () => {
    [ipfs1, ipfs2] = await Promise.all([createHelia(), createHelia()])
    orbitdb1 = await createOrbitDB({ ipfs: ipfs1, id: 'user1', directory: './orbitdb/1' })
    orbitdb2 = await createOrbitDB({ ipfs: ipfs2, id: 'user2', directory: './orbitdb/2' })
    db1 = await orbitdb1.open('db', { type: 'keyvalue', sync: false })
    for (let i = 0; i < 5; i++) {
      await db1.put(`key${i}`, i)
    }
    db2 = await openAgain()
  })

  afterEach(async () => {
    await orbitdb1.stop()
    await orbitdb2.stop()
    await ipfs1.stop()
    await ipfs2.stop()
    await rimraf('./orbitdb')
  })

  it('exports what the database is', async () => {
    const { address, name, type, heads, index, blocks } = await exported(db1)

    deepStrictEqual([address, name, type], [db1.address, 'db', 'keyvalue'])
    deepStrictEqual(heads.map(({ hash }) => hash), (await db1.log.heads()).map(({ hash }) => hash))
    deepStrictEqual([...index.keys()].sort(), (await db1.log.values()).map(({ hash }) => hash).sort())
    // The entries, the manifest, the access list and the identity of the writer
    strictEqual(blocks.length, 5 + 3)
  })

  it('imports it', async () => {
    deepStrictEqual(await db2.import(await exported(db1)), { added: 5, mended: 0 })
    deepStrictEqual(await values(db2), await values(db1))
  })

  it('imports what it gives as it gives it', async () => {
    await db2.import(await db1.export())

    deepStrictEqual(await values(db2), await values(db1))
  })

  it('emits update for each new head', async () => {
    const updates = []
    db2.events.on('update', ({ hash }) => updates.push(hash))
    await db2.import(await exported(db1))

    deepStrictEqual(updates, (await db1.log.heads()).map(({ hash }) => hash))
  })

  it('pins what it imports', async () => {
    const state = await exported(db1)
    await db2.import(state)

    for (const [hash] of state.blocks) {
      strictEqual(await ipfs2.pins.isPinned(CID.parse(hash, base58btc)), true)
    }
  })

  it('adds only what is new', async () => {
    await db2.import(await exported(db1))
    await db1.put('more', 1)

    deepStrictEqual(await db2.import(await exported(db1)), { added: 1, mended: 0 })
    deepStrictEqual(await values(db2), await values(db1))
  })

  it('refuses the state of another database', async () => {
    const other = await orbitdb1.open('other', { type: 'keyvalue', sync: false })

    await rejects(db2.import(await exported(other)), { name: 'InvalidStateError', code: 'state-invalid' })
  })

  it('refuses what is no state', async () => {
    for (const state of [undefined, {}, { heads: 'none' }, { heads: [], index: 1 }, { heads: [], blocks: 1 }]) {
      await rejects(db2.import(state), { name: 'InvalidStateError' })
    }
  })

  it('says that it was closed to an import that waits', async () => {
    const state = await exported(db1)
    const blocks = async function * () {
      await new Promise(() => {})
    }
    const importing = db2.import({ ...state, blocks: blocks() })

    await Promise.all([
      rejects(importing, { name: 'LogClosedError', code: 'log-closed' }),
      db2.close()
    ])
  })

  it('exports one instant while it is written to', async () => {
    const { blocks, index } = await db1.export()
    await db1.put('later', 1)
    const hashes = []
    for await (const [hash] of blocks) {
      hashes.push(hash)
    }

    strictEqual(index.size, 5)
    strictEqual(hashes.length, 5 + 3)
  })
})
