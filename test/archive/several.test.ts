// What becomes of the databases of an archive when one of them can not be restored.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { archive } from '../helpers/archives.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { Events, IPFSBlockStorage, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import type { DatabaseParams, Events as EventsDatabase } from '../../src/index.ts'

describe('An archive of two databases, of which the second can not be restored,', () => {
  const { createReplica } = useReplicas()

  /** An archive of two databases, and how to open them so that the import of the second one fails. */
  const createArchive = async () => {
    const { orbitdb, stop } = await createReplica()
    const dbs = []
    for (const name of ['one', 'two']) {
      const db = await orbitdb.open(name, { type: 'events', AccessController: OrbitDBAccessController(), sync: false })
      await db.add(name)
      dbs.push(db)
    }
    dbs.sort((a, b) => a.address < b.address ? -1 : 1)
    const [first, second] = dbs.map(({ address }) => address)
    const [one, both] = [await archive(dbs[0]), await archive(dbs)]
    await stop()
    const Database = async (params: DatabaseParams): Promise<EventsDatabase> => {
      const db = await Events()(params)
      return params.address === second ? { ...db, import: async () => { throw new Error('full') } } : db as any
    }
    return { one, both, first, second, Database: Database as any }
  }

  it('leaves the first one restored, pinned and closed, and nothing of the second one pinned', async () => {
    const { both, first, second, Database } = await createArchive()
    const { orbitdb, ipfs } = await createReplica()
    await rejects(restoreBackup(orbitdb, both, { Database, sync: false }), { message: 'full' })
    deepStrictEqual([orbitdb.status(first), orbitdb.status(second)], ['closed', 'closed'])
    await ipfs.gc()
    const db = await orbitdb.open(first, { sync: false })
    strictEqual((await db.log.values()).length, 1)
    ok(!(await pinsOf(ipfs)).includes(second.split('/').pop()!))
  })

  for (const withStorage of [true, false]) {
    it(`leaves the first one open where it was open before, ${withStorage ? 'also with the same storage' : 'with storages of its own'}`, async () => {
      const { one, both, first, Database } = await createArchive()
      const { orbitdb, ipfs } = await createReplica()
      const options = withStorage ? { entryStorage: await IPFSBlockStorage({ ipfs, pin: true }), sync: false } : { sync: false }
      const db = await restoreBackup<EventsDatabase>(orbitdb, one, options)
      await rejects(restoreBackup(orbitdb, both, { ...options, Database }), { message: 'full' })
      strictEqual(orbitdb.status(first), 'open')
      strictEqual((await db.all()).length, 1)
    })
  }
})

describe('Databases that are to be closed once they are restored', () => {
  const { createReplica } = useReplicas()

  it('are there, and those that were open before stay open', async () => {
    const { orbitdb: source } = await createReplica()
    const dbs = []
    for (const name of ['one', 'two', 'three']) {
      const db = await source.open<EventsDatabase>(name, { type: 'events', sync: false })
      await db.add(name)
      dbs.push(db)
    }
    const addresses = dbs.map(({ address }) => address)
    const { orbitdb } = await createReplica()
    const open = await restoreBackup<EventsDatabase>(orbitdb, await archive(dbs[0]), { sync: false })
    await restoreBackup(orbitdb, await archive(dbs), { close: true, sync: false })
    deepStrictEqual(addresses.map(address => orbitdb.status(address)), ['open', 'closed', 'closed'])
    strictEqual((await open.all()).length, 1)
    for (const address of addresses) {
      const db = await orbitdb.open<EventsDatabase>(address, { sync: false })
      strictEqual((await db.all()).length, 1)
    }
  })
})
