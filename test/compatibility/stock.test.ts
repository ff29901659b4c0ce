import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import * as stock from '@orbitdb/core-stock'
import { assertRestores, backUp, collect, open, read, ways } from '../helpers/backups.ts'
import { createNode } from '../helpers/node.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import * as ours from '../../src/index.ts'
import type { Backup, IterableDatabase, OpenWith } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'

const { KeyStore, MemoryStorage } = ours
const restore = ways['orbitdb.import(state)']

interface TypeOfDatabase {
  type: string
  /** Options to open it with, of either copy of core */
  getOptions: (core: typeof ours) => OpenWith
  write: (db: any, text: string) => Promise<unknown>
}

const keyvalue = async (db: any, text: string) => {
  for (const [key, value] of [[text, { text }], ['of all', text], ['gone', true]]) await db.put(key, value)
  await db.del('gone')
}

const types: Record<string, TypeOfDatabase> = {
  events: {
    type: 'events',
    getOptions: () => ({}),
    write: async (db, text) => {
      for (const value of [text, { bytes: new Uint8Array([1, 2]) }]) await db.add(value)
    }
  },
  documents: {
    type: 'documents',
    getOptions: () => ({}),
    write: async (db, text) => {
      for (const _id of [text, 'of all', 'gone']) await db.put({ _id, text })
      await db.del('gone')
    }
  },
  keyvalue: { type: 'keyvalue', getOptions: () => ({}), write: keyvalue },
  KeyValueIndexed: { type: 'keyvalue', getOptions: ({ KeyValueIndexed }) => ({ Database: KeyValueIndexed() }), write: keyvalue }
}

/** Creates a database, and writes to it. */
const create = async (core: typeof ours, { orbitdb }: Replica, { type, getOptions, write }: TypeOfDatabase, writers = ['*']): Promise<IterableDatabase> => {
  const AccessController = core.IPFSAccessController({ write: writers })
  const db = await open(orbitdb, 'database', { type, ...getOptions(core), AccessController })
  await write(db, 'first')
  await write(db, 'second')
  return db
}

/** Waits until a database holds what it should. Nothing but its events makes it look again. */
const waitFor = async (db: IterableDatabase, contents: Backup['contents']): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    const check = (): void => {
      read(db).then(actual => isDeepStrictEqual(actual, contents) && resolve(), reject)
    }
    db.events.on('update', check)
    db.events.on('join', check)
    check()
  })
}

describe('The stock @orbitdb/core', () => {
  const replicas = useReplicas()
  const { createReplica } = replicas

  for (const [name, type] of Object.entries(types)) {
    const { getOptions, write } = type

    describe(name, () => {
      it('writes what is exported here, and restored', async () => {
        const source = await createReplica({ stock: true })
        const { address, ...contents } = await read(await create(stock, source, type))
        await source.stop()

        const replica = await createReplica({ directory: source.directory })
        const db = await open(replica.orbitdb, address, getOptions(ours))
        const backup = await backUp(replica, db)
        deepStrictEqual(backup.contents, { address, ...contents })
        await assertRestores(replicas, backup, { createOptions: () => getOptions(ours) })
      })

      it('reads, and writes to, what was restored here', async () => {
        const target = await createReplica({ id: 'target' })
        const source = await createReplica()
        const writers = [source, target].map(({ orbitdb }) => orbitdb.identity.id)
        const { state, contents } = await backUp(source, await create(ours, source, type, writers))
        await restore(target.orbitdb, state, getOptions(ours))
        await target.stop()

        const replica = await createReplica({ directory: target.directory, id: 'target', stock: true })
        const db = await open(replica.orbitdb, state.address, getOptions(stock))
        deepStrictEqual(await read(db), contents)
        await write(db, 'third')
        const written = await read(db)
        strictEqual(written.entries.length, contents.entries.length * 1.5)
        strictEqual(written.heads.length, 1)
        await replica.stop()

        const again = await createReplica({ directory: target.directory })
        deepStrictEqual(await read(await open(again.orbitdb, state.address, getOptions(ours))), written)
      })

      it('writes the same bytes, also after a restore', async () => {
        const keystore = await KeyStore({ storage: await MemoryStorage() })
        const createWriter = async (core: typeof ours): Promise<Replica> => {
          const ipfs = await createNode()
          const identities = await core.Identities({ ipfs, keystore })
          return createReplica({ stock: core === stock, ipfs, identities, id: 'writer' })
        }

        const stockDatabase = await create(stock, await createWriter(stock), type)
        const db = await create(ours, await createWriter(ours), type)
        deepStrictEqual(await read(db), await read(stockDatabase))

        const { orbitdb } = await createWriter(ours)
        const restored = await restore(orbitdb, await collect(await db.export()), getOptions(ours))
        await write(stockDatabase, 'third')
        await write(restored, 'third')
        deepStrictEqual(await read(restored), await read(stockDatabase))
      })
    })
  }

  it('syncs from what was restored here, and they go on from there', async () => {
    const source = await createReplica()
    const { state, contents } = await backUp(source, await create(ours, source, types.documents))
    const [replica, peer] = [await createReplica(), await createReplica({ stock: true })]
    await connect(replica, peer)

    const restored = await restore(replica.orbitdb, state)
    const db = await open(peer.orbitdb, state.address)
    await waitFor(db, contents)

    await types.documents.write(restored, 'by the restored one')
    await waitFor(db, await read(restored))
    await types.documents.write(db, 'by the stock one')
    await waitFor(restored, await read(db))
  })

  it('has what was written after a backup that is restored here, which syncs from it', async () => {
    const { getOptions, write } = types.KeyValueIndexed
    const written = await createReplica({ stock: true })
    const { address } = await create(stock, written, types.KeyValueIndexed)
    await written.stop()
    const source = await createReplica({ directory: written.directory })
    const { state } = await backUp(source, await open(source.orbitdb, address))
    const peer = await createReplica({ directory: written.directory, stock: true })
    const db = await open(peer.orbitdb, address, getOptions(stock))
    await write(db, 'after the backup')

    const replica = await createReplica()
    await connect(replica, peer)
    await waitFor(await restore(replica.orbitdb, state, getOptions(ours)), await read(db))
  })
})
