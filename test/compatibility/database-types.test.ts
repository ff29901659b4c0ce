import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { Database as StockDatabase } from '@orbitdb/core-stock'
import { base58btc } from 'multiformats/bases/base58'
import * as Block from 'multiformats/block'
import { sha256 } from 'multiformats/hashes/sha2'
import { assertRestores, backUp, open, read, ways } from '../helpers/backups.ts'
import { createNode } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { Database, Documents, Events, ImportNotSupportedError, IPFSAccessController, KeyValueIndexed, MemoryStorage, useDatabaseType } from '../../src/index.ts'
import type { Backup, OpenWith, Restore } from '../helpers/backups.ts'
import type { DatabaseParams, KeyValueRecord } from '../../src/index.ts'

const binary = new Uint8Array([0, 1, 127, 128, 255])
const nested = { list: [1, -0.5, [null, true]], map: { '': {}, ключ: [{ deep: 'värde' }] } }
const unicode = 'e\u0301 \u0000 漢字 👩‍👩‍👧 \u202e'

/** A database type as an app would register it: it passes on only the options that it knows. */
const createCounter = (type: string, createDatabase: typeof Database) => {
  const Counter = () => async ({ ipfs, identity, address, name, access, directory, meta, syncAutomatically }: DatabaseParams) => {
    const database = await createDatabase<number>({ ipfs, identity, address, name, access, directory, meta, syncAutomatically })
    const iterator = async function * () {
      for await (const { payload } of database.log.iterator()) {
        yield payload
      }
    }
    return { ...database, type, add: database.addOperation, iterator }
  }
  return Object.assign(Counter, { type })
}

// KeyValueIndexed iterates over its index, from the last key to the first
const toIndexed = ({ state, contents }: Backup): Backup => {
  const records = contents.records as KeyValueRecord[]
  return { state, contents: { ...contents, records: records.toSorted((a, b) => Buffer.compare(Buffer.from(b.key), Buffer.from(a.key))) } }
}

interface TypeOfDatabase {
  options: OpenWith & { type: string }
  /** Writes what no other writer does */
  write: (db: any, writer: string) => Promise<unknown>
}

const types: Record<string, TypeOfDatabase> = {
  events: {
    options: { type: 'events' },
    write: async (db, writer) => {
      for (const value of [writer, binary, nested, unicode, null, '']) await db.add(value)
    }
  },
  documents: {
    options: { type: 'documents' },
    write: async (db, writer) => {
      for (const _id of ['text', unicode, 'gone']) await db.put({ _id: writer + _id, binary, nested, unicode })
      await db.put({ _id: 'of all', writer })
      await db.del(writer + 'gone')
    }
  },
  'documents with another indexBy': {
    options: { type: 'documents', Database: Documents({ indexBy: 'isbn' }) },
    write: async (db, writer) => {
      for (const isbn of ['1', unicode, 'gone']) await db.put({ isbn: writer + isbn, _id: 'the same' })
      await db.put({ isbn: 'of all', writer })
      await db.del(writer + 'gone')
    }
  },
  keyvalue: {
    options: { type: 'keyvalue' },
    write: async (db, writer) => {
      for (const [key, value] of Object.entries({ binary, nested, [unicode]: unicode, gone: '' })) await db.put(writer + key, value)
      await db.put('of all', writer)
      await db.del(writer + 'gone')
    }
  },
  'a registered type': {
    options: { type: 'counter' },
    write: async (db, writer) => {
      for (const value of [writer.length, 0, -1]) await db.add(value)
    }
  }
}

describe('Database types', () => {
  const replicas = useReplicas()
  const { createReplica } = replicas

  const createBackup = async ({ options, write }: TypeOfDatabase): Promise<Backup> => {
    const replica = await createReplica()
    const AccessController = IPFSAccessController({ write: ['*'] })
    const db = await open(replica.orbitdb, 'database', { ...options, AccessController, meta: { of: ['the', binary] } })
    await write(db, 'first')
    await writeAsAnother(replica, db, async copy => {
      await writeAsAnother(replica, db, async other => {
        await write(db, 'one')
        await write(copy, 'two')
        await write(other, 'three')
      }, { database: options })
    }, { database: options })
    return backUp(replica, db)
  }

  before(() => {
    useDatabaseType(createCounter('counter', Database))
  })

  for (const [name, type] of Object.entries(types)) {
    const createOptions = () => ({ Database: type.options.Database })

    describe(name, () => {
      let backup: Backup

      before(async () => {
        backup = await createBackup(type)
      })

      it('is exported with several heads of several writers', () => {
        const { state, contents } = backup
        strictEqual(state.heads.length, 3)
        strictEqual(new Set(contents.entries.map(({ identity }) => identity)).size, 3)
        deepStrictEqual(contents.meta, { of: ['the', binary] })
        ok(contents.records.length > 0)
      })

      for (const [way, restore] of Object.entries(ways)) {
        it(`is restored by ${way}`, () => assertRestores(replicas, backup, { restore, createOptions }))
      }

      it('is restored without any entries', async () => {
        const replica = await createReplica()
        const empty = await backUp(replica, await open(replica.orbitdb, 'database', type.options))
        deepStrictEqual(empty.contents.entries, [])
        await assertRestores(replicas, empty, { createOptions })
      })
    })
  }

  describe('KeyValueIndexed', () => {
    const createOptions = () => ({ Database: KeyValueIndexed() })
    let backup: Backup

    before(async () => {
      backup = toIndexed(await createBackup({
        options: { type: 'keyvalue' },
        write: async (db, writer) => {
          for (const [key, value] of Object.entries({ nested, [unicode]: unicode, gone: '' })) await db.put(writer + key, value)
          await db.put('of all', writer)
          await db.del(writer + 'gone')
        }
      }))
      strictEqual(backup.contents.records.length, 9)
    })

    for (const [way, restore] of Object.entries(ways)) {
      it(`is restored with its index by ${way}`, () => assertRestores(replicas, backup, { restore, createOptions }))
    }

    it('answers for each key right after it is restored', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import(backup.state, createOptions())
      for (const { key, value } of backup.contents.records as KeyValueRecord[]) {
        deepStrictEqual(await db.get(key), value)
      }
      strictEqual(await db.get('firstgone'), undefined)
    })

    it('is restored from what was written with its index', async () => {
      const replica = await createReplica()
      const db = await replica.orbitdb.open('database', { type: 'keyvalue', ...createOptions() })
      for (const key of ['a', unicode, 'gone', 'a']) await db.put(key, { nested, unicode })
      await db.del('gone')
      const written = await backUp(replica, db)
      strictEqual(written.contents.records.length, 2)
      await assertRestores(replicas, written, { createOptions })
    })

    it('is restored without any entries', async () => {
      const replica = await createReplica()
      const empty = await backUp(replica, await replica.orbitdb.open('database', { type: 'keyvalue', ...createOptions() }))
      await assertRestores(replicas, empty, { createOptions })
    })
  })

  describe('a type that was built on an unpatched core', () => {
    const Database = Events()
    let backup: Backup

    before(async () => {
      useDatabaseType(createCounter('stock-counter', StockDatabase))
      const replica = await createReplica()
      const { address } = await replica.orbitdb.open('database', { type: 'stock-counter', Database })
      const db = await replica.orbitdb.open(address, { Database })
      await db.add('value')
      backup = await backUp(replica, db)
    })

    const isNotSupported = (error: Error): boolean => {
      ok(error instanceof ImportNotSupportedError)
      strictEqual(error.name, 'ImportNotSupportedError')
      strictEqual(error.type, 'stock-counter')
      return true
    }

    for (const way of ['orbitdb.import(state)', 'open(address, { restore }) once the blocks are there'] as const) {
      it(`is refused by ${way}, and nothing is left open`, async () => {
        const { orbitdb } = await createReplica()
        await rejects(ways[way](orbitdb, backup.state), isNotSupported)
        deepStrictEqual(await read(await open(orbitdb, backup.state.address, { Database, restore: backup.state })), backup.contents)
      })
    }

    it('is refused when it is open already, and stays open', async () => {
      const { orbitdb } = await createReplica()
      await rejects(orbitdb.import(backup.state), isNotSupported)
      const db = await orbitdb.open(backup.state.address)
      await rejects(orbitdb.import(backup.state), isNotSupported)
      strictEqual(await orbitdb.open(backup.state.address), db)
      deepStrictEqual(await db.log.values(), [])
    })
  })

  describe('referencesCount', () => {
    for (const [name, referencesCount, expected] of [['the default', undefined, 16], ['0', 0, 0], ['3', 3, 3]] as const) {
      it(`is kept by what is written before and after a restore: ${name}`, async () => {
        const replica = await createReplica()
        const db = await replica.orbitdb.open('database', { referencesCount, AccessController: IPFSAccessController({ write: ['*'] }) })
        for (let i = 0; i < 20; i++) await db.add(i)
        const backup = await backUp(replica, db)
        strictEqual(backup.contents.entries.at(-1)?.refs.length, expected)
        await assertRestores(replicas, backup)

        const { orbitdb } = await createReplica()
        const restored = await orbitdb.import(backup.state, { type: 'events', referencesCount })
        const entry = await restored.log.get(await restored.add('after'))
        strictEqual(entry?.refs.length, expected)
      })
    }
  })

  it('are restored by open(address, { restore }) with the blocks that the state has', async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('database', { type: 'events' })
    await db.add('value')
    const backup = await backUp(replica, db)
    const restore: Restore = async (orbitdb, state) => open(orbitdb, state.address, { restore: state })
    await assertRestores(replicas, backup, { restore })
  }).timeout(10000)

  it('are restored with links to blocks that are not theirs', async () => {
    const replica = await createReplica()
    const { cid, bytes } = await Block.encode({ value: 'of something else', codec: dagCbor, hasher: sha256 })
    await replica.orbitdb.ipfs.blockstore.put(cid, bytes)
    const db = await replica.orbitdb.open('database', { type: 'events' })
    await db.add({ link: cid })
    const backup = await backUp(replica, db)
    ok(backup.state.blocks.every(([hash]) => hash !== cid.toString(base58btc)))
    await assertRestores(replicas, backup)
  }).timeout(10000)

  it('are restored with 2,000 entries', async () => {
    const replica = await createReplica({ ipfs: await createNode() })
    const [entryStorage, headsStorage, indexStorage] = await Promise.all([MemoryStorage(), MemoryStorage(), MemoryStorage()])
    const { log, address } = await replica.orbitdb.open('database', { type: 'keyvalue', sync: false, entryStorage, headsStorage, indexStorage })
    for (let i = 0; i < 2000; i++) await log.append({ op: 'PUT', key: String(i), value: i })
    const backup = toIndexed(await backUp(replica, await open(replica.orbitdb, address)))
    strictEqual(backup.contents.records.length, 2000)
    await assertRestores(replicas, backup, { createOptions: () => ({ Database: KeyValueIndexed(), verify: false }) })
  })
})
