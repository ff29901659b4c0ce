import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import all from 'it-all'
import drain from 'it-drain'
import { concat } from 'uint8arrays/concat'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { read } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { openToAll } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createBackup, createSnapshot, KeyValueIndexed, mergeBackups, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { Events, KeyValue } from '../../src/index.ts'

const merge = async (...args: Parameters<typeof mergeBackups>): Promise<Uint8Array> => concat(await all(mergeBackups(...args)))

describe('mergeBackups', () => {
  const { createReplica } = useReplicas()

  it('gives the archive of the union, byte by byte', async () => {
    const [a, b] = [await createReplica({ id: 'a' }), await createReplica({ id: 'b' })]
    const db = await a.orbitdb.open('forked', { ...openToAll(), type: 'events' }) as unknown as Events
    for (let i = 0; i < 40; i++) await db.add(i)
    const replica = await restoreBackup<any>(b.orbitdb, await archive(db), { sync: false } as object) as Events
    for (let i = 0; i < 30; i++) {
      await db.add(`a ${i}`)
      await replica.add(`b ${i}`)
    }
    const [one, other] = [await archive(db), await archive(replica)]
    await restoreBackup(a.orbitdb, other)
    const union = await archive(db)
    strictEqual((await db.log.heads()).length, 2)
    for (const sources of [[one, other], [other, one], [other, one, one, union], [union], [new Blob([one as Uint8Array<ArrayBuffer>]), new Blob([other as Uint8Array<ArrayBuffer>])]] as Uint8Array[][]) {
      deepStrictEqual(await merge(sources), union)
    }
    strictEqual(String(await mergeBackups([one, other]).root), String(await createBackup(db).root))
    strictEqual((await verifyBackup(await merge([one, other]))).ok, true)
  })

  it('makes one whole archive of increments and snapshots on the node', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('days', { type: 'events' })
    const archives: Uint8Array[] = []
    for (let day = 0; day < 3; day++) {
      for (let i = 0; i < 30; i++) await db.add([day, i])
      archives.push(await archive(db, archives.length === 0 ? {} : { base: { sources: archives } }))
    }
    deepStrictEqual(await merge([archives[1], archives[2], archives[0]]), await archive(db))
    deepStrictEqual(await merge([{ sources: archives }]), await archive(db))
    await rejects(merge(archives.slice(1)), { name: 'IncompleteArchiveError', code: 'archive-incomplete' })
    const snapshot = await createSnapshot(db)
    for (const sources of [[archives[0], snapshot], [snapshot, archives[0]]]) {
      deepStrictEqual(await merge(sources as Uint8Array[], { ipfs: a.ipfs }), await archive(db))
    }
  })

  it('has what only the base of an increment has: other databases, and entries that the log did not have', async () => {
    const [a, b] = [await createReplica({ id: 'a' }), await createReplica({ id: 'b' })]
    const db = await a.orbitdb.open('forked', { ...openToAll(), type: 'events' }) as unknown as Events
    for (let i = 0; i < 40; i++) await db.add(i)
    const other = await a.orbitdb.open('other', { type: 'events' })
    await other.add('entry')
    const early = await archive([db, other])
    const replica = await restoreBackup<any>(b.orbitdb, early, { databases: ['forked'], sync: false } as object) as Events
    await db.add('of a')
    await replica.add('of b')
    const ofB = await archive(replica)
    const thin = await archive(db, { base: { sources: [early, ofB] } })
    for (const sources of [[early, ofB, thin], [thin, early, ofB]]) {
      const merged = await merge(sources)
      await restoreBackup(a.orbitdb, ofB)
      deepStrictEqual(merged, await archive([db, other]))
    }
    await rejects(merge([thin, ofB]), { name: 'IncompleteArchiveError' })
  })

  it('has all of archives that name each other as their bases, as a log is again as it was', async () => {
    const { orbitdb } = await createReplica()
    const [a, b] = [await orbitdb.open('a', { type: 'events' }), await orbitdb.open('b', { type: 'events' })]
    for (const db of [a, b]) await db.add('entry')
    const ofA = await archive(a)
    const both = await archive([a, b], { base: ofA })
    const again = await archive(a, { base: { sources: [ofA, both] } })
    await rejects(verifyBackup({ sources: [ofA, both, again] }), { name: 'WrongRootError', code: 'root-required' })
    deepStrictEqual(await merge([ofA, both, again]), await archive([a, b]))
  })

  it('of different databases has all of them, with access controllers that are databases, encryption and indexes', async () => {
    const a = await createReplica()
    const encryption = { replication: await createCipher(), data: await createCipher() }
    const secrets = await a.orbitdb.open('secrets', { Database: KeyValueIndexed(), type: 'keyvalue', AccessController: OrbitDBAccessController(), encryption }) as unknown as KeyValue & IterableDatabase
    for (let i = 0; i < 20; i++) await secrets.put(String(i), { i })
    const open = await a.orbitdb.open('open', { type: 'events' })
    await open.add('hello')
    const merged = await merge([await archive(secrets), await archive(open)])
    deepStrictEqual(merged, await archive([secrets, open]))
    const b = await createReplica()
    const restored = await restoreBackup<IterableDatabase>(b.orbitdb, merged, { databases: ['secrets'], Database: KeyValueIndexed(), encryption })
    deepStrictEqual(await read(restored), await read(secrets))
  })

  it('of archives that were read with the key and without it knows all writers', async () => {
    const a = await createReplica()
    const encryption = { replication: await createCipher() }
    const db = await a.orbitdb.open('half', { type: 'events', encryption })
    for (let i = 0; i < 10; i++) await db.add(i)
    const readable = await archive(db)
    const { address } = db
    await db.close()
    const unreadable = await archive(await a.orbitdb.open(address, { type: 'events' }) as any)
    ok(String(await mergeBackups([unreadable]).root) !== String(await mergeBackups([readable]).root))
    deepStrictEqual(await merge([unreadable, readable]), readable)
    deepStrictEqual(await merge([readable, unreadable]), readable)
  })

  it('refuses what is missing, damaged or nothing', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('hostile', { type: 'events' })
    for (let i = 0; i < 20; i++) await db.add(i)
    const bytes = await archive(db)
    const { roots, blocks } = await readCar(bytes)
    throws(() => mergeBackups([]), TypeError)
    for (const source of [null, 'text', {}] as any[]) await rejects(merge([source]), { name: 'TypeError', message: /^Could not read the archive/ })
    await rejects(merge([new Uint8Array()]), { code: 'archive-empty' })
    await rejects(merge([await writeCar(roots, blocks.slice(0, -1))]), { name: 'TruncatedArchiveError' })
    const changed = blocks.map((block, i) => i < blocks.length - 1 ? block : { ...block, bytes: block.bytes.map(byte => byte ^ 1) })
    await rejects(merge([await writeCar(roots, changed)]), { code: 'block-damaged' })
    // What one lacks, another may have
    deepStrictEqual(await merge([await writeCar(roots, changed), bytes]), bytes)
    const stopped = mergeBackups([bytes], { signal: AbortSignal.abort(new Error('stop')) })
    await rejects(drain(stopped), /stop/)
  })
})
