import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { flipBit } from '../helpers/blocks.ts'
import { createCipher } from '../helpers/encryption.ts'
import { forge, toHash } from '../helpers/forgery.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { inspectBackup, IPFSAccessController, openBackup, OrbitDBAccessController } from '../../src/index.ts'
import type { InspectProgressEvent } from '../../src/index.ts'

describe('inspectBackup', () => {
  const { createReplica } = useReplicas()

  const createArchive = async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('database', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) })
    await db.add('first')
    let another = ''
    await writeAsAnother(replica, db, async copy => {
      another = copy.identity.id
      await db.add('one')
      await copy.add('two')
      await copy.add('three')
    })
    return { db, writers: [replica.orbitdb.identity.id, another].sort(), bytes: await archive(db) }
  }

  it('tells what is in an archive', async () => {
    const { db, writers, bytes } = await createArchive()
    const { roots, blocks } = await readCar(bytes)
    const summary = await inspectBackup(bytes)
    deepStrictEqual(summary, {
      isClaimed: true,
      root: roots[0].toString(),
      roots: [roots[0].toString()],
      bases: [],
      version: 1,
      databases: [{
        address: db.address,
        name: 'database',
        type: 'events',
        entries: 4,
        heads: 2,
        writers,
        isUnread: false,
        clock: { first: 1, last: 3 }
      }]
    })
    ok(CID.parse(summary.root))
    deepStrictEqual(await inspectBackup(await writeCar(roots, blocks.toReversed())), summary)
  })

  it('tells what is in the database of an access controller', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { type: 'keyvalue', AccessController: OrbitDBAccessController() })
    await (db.access as OrbitDBAccessController).grant('write', 'someone')
    const { databases: [{ entries, clock, accessController }] } = await inspectBackup(await archive(db))
    deepStrictEqual([entries, clock, accessController?.address, accessController?.entries], [0, undefined, db.access.address, 1])
  })

  it('tells that entries can not be read', async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('database', { type: 'events', encryption: { replication: await createCipher() } })
    await db.add('secret')
    await db.close()
    const { databases: [{ entries, writers, isUnread, clock }] } = await inspectBackup(await archive(await replica.orbitdb.open(db.address)))
    deepStrictEqual([entries, writers, isUnread, clock], [1, [], true, undefined])
  })

  it('says what to give instead of what has no bytes', async () => {
    for (const [source, message] of [['posts.car', /openAsBlob/], [Promise.resolve(new Blob()), /Await it/], [undefined, /undefined/], [null, /null/]] as const) {
      await rejects(inspectBackup(source as never), { name: 'TypeError', message })
      await rejects(openBackup(source as never), { name: 'TypeError', message })
    }
  })

  it('fails when the archive is damaged, truncated, foreign or of another version', async () => {
    const { bytes } = await createArchive()
    const { roots, blocks } = await readCar(bytes)
    for (const index of [0, 1, 5]) {
      const damaged = blocks.map((block, i) => i === index ? { ...block, bytes: flipBit(block.bytes) } : block)
      await rejects(inspectBackup(await writeCar(roots, damaged)), { name: 'DamagedArchiveError', hash: toHash(blocks[index].cid) })
    }
    await rejects(inspectBackup(bytes.subarray(0, 300)), { name: 'TruncatedArchiveError' })
    for (const length of [0, 1, 5]) {
      await rejects(inspectBackup(await writeCar(roots, blocks.slice(0, length))), { name: 'TruncatedArchiveError' })
    }
    await rejects(inspectBackup(await forge(bytes, ({ root }) => { root.format = 'another' })), { name: 'ForeignArchiveError' })
    await rejects(inspectBackup(await forge(bytes, ({ root }) => { root.version = 2 })), { name: 'UnsupportedVersionError' })
    await rejects(inspectBackup(new Uint8Array()), { name: 'EmptyArchiveError' })
  })

  it('stops when the signal is aborted, and tells how far it has come', async () => {
    const { bytes } = await createArchive()
    await rejects(inspectBackup(bytes, { signal: AbortSignal.abort() }), { name: 'AbortError' })
    const events: InspectProgressEvent[] = []
    await inspectBackup(bytes, { onProgress: event => { events.push(event) } })
    deepStrictEqual([events.at(-1)!.type, events.at(-1)!.detail.bytes.total], ['orbitdb-backup:inspect:read', bytes.length])
    ok(events.at(-1)!.detail.blocks.done > 0)
  })

  it('reads the head only of what createBackup wrote', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events' })
    for (let i = 0; i < 300; i++) await db.add(i)
    const bytes = await archive(db)
    let read = 0
    const source = async function * (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 1000) {
        read = at + 1000
        yield bytes.subarray(at, read)
      }
    }
    const { databases: [{ entries }] } = await inspectBackup(source())
    strictEqual(entries, 300)
    ok(read < bytes.length / 10)
  })
})
