import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as stock from '@orbitdb/core-stock'
import * as dagCbor from '@ipld/dag-cbor'
import { hashOf } from '../../src/core/blocks.ts'
import { collect } from '../helpers/backups.ts'
import { toCID } from '../helpers/cid.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { IPFSAccessController, KeyValueIndexed, OrbitDBAccessController } from '../../src/index.ts'
import type { Documents, KeyValue } from '../../src/index.ts'

describe('Databases', () => {
  const { createReplica } = useReplicas()

  describe('documents', () => {
    for (const kind of ['data', 'replication'] as const) {
      it(`are encrypted when asked to (${kind}), and those written in plain before are read as they are`, async () => {
        const replica = await createReplica({ stock: true, id: 'writer' })
        const encryption = { [kind]: await createCipher() }
        // Stock does not encrypt documents
        const plain = await replica.orbitdb.open<Documents>('docs', { type: 'documents', encryption, sync: false })
        await plain.put({ _id: '1', text: 'in plain' })
        await replica.stop()

        const { orbitdb } = await createReplica({ directory: replica.directory, id: 'writer' })
        const db = await orbitdb.open<Documents>(plain.address, { encryption, sync: false })
        await db.put({ _id: '2', text: 'secret' })
        deepStrictEqual((await db.all()).map(({ value }) => value).sort((a: any, b: any) => a._id < b._id ? -1 : 1), [{ _id: '1', text: 'in plain' }, { _id: '2', text: 'secret' }])
        const blocks = await Promise.all((await db.log.values()).map(({ hash }) => db.log.storage.get(hash)))
        deepStrictEqual(blocks.map(bytes => Buffer.from(bytes!).includes('text')), [true, false])

        const other = await createReplica()
        const copy = await other.orbitdb.import<Documents>(await collect(await db.export()), { encryption, sync: false })
        deepStrictEqual(await copy.all(), await db.all())
      })
    }

    it('have keys that are names of properties of objects', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open<Documents>('docs', { type: 'documents', sync: false })
      for (const _id of ['toString', '__proto__', 'constructor']) await db.put({ _id })
      deepStrictEqual((await db.all()).map(({ key }) => key), ['toString', '__proto__', 'constructor'])
    })
  })

  describe('KeyValueIndexed', () => {
    const Database = KeyValueIndexed()
    const values: Record<string, unknown> = {
      text: 'text', bytes: new Uint8Array([1, 2]), big: 2n ** 60n, nested: { list: [1, { bytes: new Uint8Array([3]) }], nothing: null }, proto: JSON.parse('{ "__proto__": 1 }')
    }

    it('has the values that were put, live, after a restart and after an import', async () => {
      const replica = await createReplica()
      const db = await replica.orbitdb.open<KeyValue>('kv', { Database, sync: false })
      for (const [key, value] of Object.entries(values)) await db.put(key, value)
      const assertHas = async (db: KeyValue) => {
        for (const [key, value] of Object.entries(values)) deepStrictEqual(await db.get(key), value)
        strictEqual((await db.all()).length, Object.keys(values).length)
      }
      await assertHas(db)
      const state = await collect(await db.export())
      const { address } = db
      await replica.stop()
      const { orbitdb } = await createReplica({ directory: replica.directory })
      await assertHas(await orbitdb.open<KeyValue>(address, { Database, sync: false }))
      await assertHas(await (await createReplica()).orbitdb.import<KeyValue>(state, { Database, sync: false }))
    })

    it('takes 1 and "1" for the same key, live and after an import', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open<any>('kv', { Database, sync: false })
      await db.put(1, 'old')
      await db.put('1', 'new')
      await db.put('2', 'old')
      await db.put(2, 'new')
      await db.put(3, 'gone')
      await db.del('3')
      const copy = await (await createReplica()).orbitdb.import<any>(await collect(await db.export()), { Database, sync: false })
      for (const { get, all } of [db, copy]) {
        deepStrictEqual([await get(1), await get('1'), await get(2), await get(3)], ['new', 'new', 'new', undefined])
        strictEqual((await all()).length, 2)
      }
    })
  })

  it('have every key of a value for their own, and say that stock refuses such a value', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<KeyValue>('kv', { type: 'keyvalue', sync: false })
    const value = JSON.parse('{ "__proto__": { "role": "admin" }, "a": 1 }')
    const { warn } = console
    const warnings: string[] = []
    console.warn = warning => warnings.push(warning)
    try {
      await db.put('k', value)
      await db.put('k2', { a: '__proto__' })
    } finally {
      console.warn = warn
    }
    strictEqual(warnings.length, 1)
    ok(warnings[0].includes('__proto__'))
    const read: any = await db.get('k')
    deepStrictEqual(read, value)
    strictEqual(read.role, undefined)
    const state = await collect(await db.export())
    deepStrictEqual(await (await target.orbitdb.import<KeyValue>(state, { sync: false })).get('k'), value)

    const [, first] = (await db.log.values()).toReversed()
    const entry = await stock.Entry.decode((await db.log.storage.get(first.hash))!)
    strictEqual(await stock.Entry.verify({ verify: source.orbitdb.identity.verify }, entry), false)
  })

  it('say that a value is nested too deeply, and write nothing', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open<KeyValue>('kv', { type: 'keyvalue', sync: false })
    const deep = Array.from({ length: 1001 }).reduce<unknown>(value => [value], 0)
    await rejects(db.put('deep', deep), { name: 'InvalidEntryError', code: 'entry-invalid' })
    await db.put('k', 1)
    deepStrictEqual((await db.all()).map(({ key }) => key), ['k'])
  })

  it('refuse types that are names of properties of objects', async () => {
    const { orbitdb } = await createReplica()
    for (const type of ['constructor', 'toString', '__proto__']) {
      await rejects(orbitdb.open('database', { type } as object), /Unsupported database type/)
    }
  })

  describe('whose manifest or access list is none', () => {
    const put = async ({ blockstore }: any, value: unknown): Promise<string> => {
      const bytes = dagCbor.encode(value)
      const hash = await hashOf(bytes)
      await blockstore.put(toCID(hash), bytes)
      return hash
    }

    it('are refused by name, and nothing is pinned', async () => {
      const { orbitdb, ipfs } = await createReplica()
      const list = await put(ipfs, { type: 'ipfs', write: ['*'] })
      const text = await put(ipfs, { type: 'ipfs', write: '*' })
      for (const [manifest, code] of [
        [{ name: 'n', type: 'events', accessController: `/ipfs/${list}`, x: 1 }, 'manifest-invalid'],
        [{ name: 1, type: 'events', accessController: `/ipfs/${list}` }, 'manifest-invalid'],
        [{ type: 'ipfs', write: ['*'] }, 'manifest-invalid'],
        [{ name: 'n', type: 'events', accessController: `/ipfs/${text}` }, 'access-list-invalid']
      ] as const) {
        const hash = await put(ipfs, manifest)
        await rejects(orbitdb.open(`/orbitdb/${hash}`, { sync: false }), { name: 'InvalidStateError', code })
        if (code === 'manifest-invalid') {
          strictEqual(await ipfs.pins.isPinned(toCID(hash)), false)
        }
      }
    })

    it('are not created', async () => {
      const { orbitdb } = await createReplica()
      const AccessController = IPFSAccessController({ write: '*' as unknown as string[] })
      await rejects(orbitdb.open('database', { AccessController, sync: false }), { code: 'access-list-invalid' })
    })
  })

  it('give nobody access by what is no list of ids', async () => {
    const { orbitdb } = await createReplica()
    const { identities } = orbitdb
    const access = await OrbitDBAccessController()({ orbitdb, identities, name: 'access' })
    const db = await orbitdb.open<KeyValue>(access.address, { sync: false })
    for (const [key, value] of Object.entries({ write: '*', length: ['x'], admin: null, odd: 1 })) {
      await db.put(key, value)
    }
    const stranger = await identities.createIdentity({ id: 'stranger' })
    strictEqual(await access.canAppend({ identity: stranger.hash } as never), false)
    strictEqual(await access.canAppend({ identity: orbitdb.identity.hash } as never), true)
    deepStrictEqual([...await access.get('length')], ['x'])
    await access.grant('write', stranger.id)
    strictEqual(await access.canAppend({ identity: stranger.hash } as never), true)
  })
})
