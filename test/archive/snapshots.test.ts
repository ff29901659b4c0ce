import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import drain from 'it-drain'
import { archive, readCar } from '../helpers/archives.ts'
import { toCID } from '../helpers/blocks.ts'
import { read } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { deleteBlock, keyOf, keysOn } from '../helpers/node.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { createBackup, createSnapshot, deleteSnapshot, KeyValueIndexed, listSnapshots, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { KeyValue } from '../../src/index.ts'

describe('createSnapshot', () => {
  const { createReplica } = useReplicas()

  it('has the root of a backup, takes no more than its lists, and survives garbage collection and a restart', async () => {
    const { ipfs, orbitdb, directory, stop } = await createReplica()
    const db = await orbitdb.open('notes', { type: 'keyvalue' })
    for (let i = 0; i < 100; i++) await db.put(String(i), i)
    const before = await keysOn(ipfs)
    const root = await createSnapshot(db)
    const { blocks } = await readCar(await archive(db))
    strictEqual(String(root), String(await createBackup(db).root))
    ok((await keysOn(ipfs)).size - before.size < 20)
    await ipfs.gc()
    await stop()

    const restarted = await createReplica({ directory })
    await restarted.ipfs.gc()
    const there = await keysOn(restarted.ipfs)
    deepStrictEqual(blocks.filter(({ cid }) => !there.has(keyOf(cid))), [])
    const [snapshot, ...others] = await listSnapshots(restarted.ipfs)
    deepStrictEqual(others, [])
    ok(Math.abs(snapshot.created.getTime() - Date.now()) < 600_000)
    deepStrictEqual({ ...snapshot, root: String(snapshot.root), created: undefined }, {
      root: String(root),
      created: undefined,
      isComplete: true,
      databases: [{ address: db.address, name: 'notes', type: 'keyvalue', entries: 100, heads: 1 }]
    })
  })

  it('can be got from the node by peers, with access controllers that are databases, encryption and an index', async () => {
    const a = await createReplica()
    const encryption = { replication: await createCipher(), data: await createCipher() }
    const db = await a.orbitdb.open('secrets', { Database: KeyValueIndexed(), type: 'keyvalue', AccessController: OrbitDBAccessController(), encryption }) as unknown as KeyValue & IterableDatabase
    for (let i = 0; i < 20; i++) await db.put(String(i), { i })
    const contents = await read(db)
    const root = await createSnapshot(db)
    await a.ipfs.gc()
    const b = await createReplica()
    await connect(b, a)
    const restored = await restoreBackup<IterableDatabase>(b.orbitdb, root, { Database: KeyValueIndexed(), encryption })
    deepStrictEqual(await read(restored), contents)
  })

  it('is the base of a backup, and of the next snapshot, which reads what is new', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('days', { type: 'events' })
    for (let i = 0; i < 50; i++) await db.add(i)
    const monday = await createSnapshot(db)
    const whole = await archive(db)
    for (let i = 0; i < 5; i++) await db.add(i)
    const events: any[] = []
    const tuesday = await createSnapshot(db, { base: monday, onProgress: event => { events.push(event) } })
    const reads = events.filter(({ type }) => type === 'orbitdb-backup:create:read')
    strictEqual(reads.at(-1).detail.blocks.done, 5)
    strictEqual(String(tuesday), String(await createBackup(db).root))

    const thin = await archive(db, { base: monday })
    deepStrictEqual((await readCar(thin)).roots.map(String), [String(tuesday), String(monday)])
    ok(thin.length < whole.length)
    const b = await createReplica()
    const restored = await restoreBackup(b.orbitdb, { sources: [whole, thin] })
    strictEqual((await restored.log.values()).length, 55)
  })

  it('is made once of one state, and not at all when it is aborted', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('once', { type: 'events' })
    await db.add('one')
    await rejects(createSnapshot(db, { signal: AbortSignal.abort(new Error('stop')) }), /stop/)
    deepStrictEqual(await listSnapshots(ipfs), [])
    const roots = await Promise.all([createSnapshot(db), createSnapshot([db]), createSnapshot(db)])
    strictEqual(new Set(roots.map(String)).size, 1)
    strictEqual((await listSnapshots(ipfs)).length, 1)
    const notes = async () => (await all(ipfs.datastore.query({ prefix: '/orbitdb-backup' }))).map(({ key }) => key.toString())
    deepStrictEqual(await notes(), [`/orbitdb-backup/snapshots/${roots[0].toString()}`])
    const setup = [db.address.split('/').pop()!, db.access.address!.split('/').pop()!, orbitdb.identity.hash].map(hash => toCID(hash) as any)
    strictEqual(await deleteSnapshot(ipfs, String(roots[0])), true)
    strictEqual(await deleteSnapshot(ipfs, roots[0]), false)
    await ipfs.gc()
    ok(!(await keysOn(ipfs)).has(keyOf(roots[0])))
    strictEqual((await db.all()).length, 1)
    deepStrictEqual(await notes(), [])
    for (const cid of setup) ok(await ipfs.pins.isPinned(cid))
  })

  it('is listed as incomplete once entries are gone, until they come back', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('gone', { type: 'events' })
    const hash = await db.add('one')
    const bytes = await db.log.storage.get(hash) as Uint8Array
    const root = await createSnapshot(db)
    await deleteBlock(ipfs, hash)
    deepStrictEqual((await listSnapshots(ipfs)).map(({ isComplete }) => isComplete), [false])
    await ipfs.blockstore.put(toCID(hash) as any, bytes)
    deepStrictEqual((await listSnapshots(ipfs)).map(({ root, isComplete }) => [String(root), isComplete]), [[String(root), true]])
  })

  it('keeps what a database has besides entries, though nothing else has pinned it', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('shared', { type: 'events' })
    await db.add('one')
    await drain(ipfs.pins.rm(toCID(orbitdb.identity.hash) as any))
    const root = await createSnapshot(db)
    await ipfs.gc()
    ok((await keysOn(ipfs)).has(keyOf(toCID(orbitdb.identity.hash))))
    deepStrictEqual((await listSnapshots(ipfs)).map(({ root, isComplete }) => [String(root), isComplete]), [[String(root), true]])
  })

  it('of databases on two nodes is an error', async () => {
    const [a, b] = [await createReplica(), await createReplica()]
    await rejects(createSnapshot([await a.orbitdb.open('a'), await b.orbitdb.open('b')]), { name: 'TypeError', message: /several nodes/ })
  })
})
