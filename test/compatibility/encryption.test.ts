import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { assertRestores, backUp, collect, open, putBlocks, read, ways } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { EncryptedEntryError, InvalidEntryError, IPFSAccessController, KeyValueIndexed, MissingBlockError } from '../../src/index.ts'
import type { Backup } from '../helpers/backups.ts'
import type { Documents, Encryption, ErrorClass, KeyValueRecord, OpenOptions, OrbitDB, RestoreOptions } from '../../src/index.ts'

const writers: Record<string, (db: any, writer: string) => Promise<unknown>> = {
  events: async (db, writer) => {
    for (const value of [writer, { secret: new Uint8Array([1, 2, 3]) }]) await db.add(value)
  },
  keyvalue: async (db, writer) => {
    for (const [key, value] of [['key', writer], [writer, { secret: 'ü' }], ['gone', 1]]) await db.put(key, value)
    await db.del('gone')
  }
}

describe('Encryption', () => {
  const replicas = useReplicas()
  const { createReplica } = replicas

  /** Writes a database that has two writers and two heads. */
  const createBackup = async (type: string, encryption: Encryption): Promise<Backup> => {
    const write = writers[type]
    const replica = await createReplica()
    const db = await replica.orbitdb.open<any>('database', { type, encryption, AccessController: IPFSAccessController({ write: ['*'] }) })
    await write(db, 'first')
    await writeAsAnother(replica, db, async copy => {
      await write(db, 'one')
      await write(copy, 'two')
    }, { database: { encryption } })
    return backUp(replica, db)
  }

  const assertReadableWith = async (orbitdb: OrbitDB, { state, contents }: Backup, encryption: Encryption): Promise<void> => {
    const db = await open(orbitdb, state.address, { encryption })
    deepStrictEqual(await read(db), contents)
    await db.close()
  }

  /** Fails unless a state is refused because of an entry, and can be restored with its keys then. */
  const assertIsRefused = async (
    backup: Backup,
    { encryption, ...options }: RestoreOptions,
    keys: Encryption,
    ErrorClass: ErrorClass<Error & { hash: string }>,
    message: string
  ): Promise<void> => {
    const { state } = backup
    const { orbitdb } = await createReplica()
    await rejects(orbitdb.import(state, { encryption, ...options }), (error: Error) => {
      ok(error instanceof ErrorClass)
      ok(state.index.has(error.hash))
      ok(error.message.includes(message))
      return true
    })
    // A database that was left open would be this one, with the keys that it has
    await putBlocks(orbitdb, state, hash => !state.index.has(hash))
    const db = await open(orbitdb, state.address, { encryption: keys })
    strictEqual(JSON.stringify(await db.log.export()), '{"heads":[],"index":[]}')
    await db.import(state)
    await db.close()
    await assertReadableWith(orbitdb, backup, keys)
  }

  for (const type of ['events', 'keyvalue']) {
    describe(`of the data of ${type}`, () => {
      let encryption: Encryption
      let backup: Backup

      before(async () => {
        encryption = { data: await createCipher() }
        backup = await createBackup(type, encryption)
      })

      it('is restored with the key', () => assertRestores(replicas, backup, { createOptions: () => ({ encryption }) }))

      it('is restored and verified without the key, unreadable until it is opened with it', async () => {
        const { orbitdb } = await createReplica()
        const db = await orbitdb.import(backup.state)
        const payloads = (await db.log.values()).map(({ payload }) => payload)
        strictEqual(payloads.length, backup.contents.entries.length)
        ok(payloads.every(payload => payload instanceof Uint8Array))
        await db.close()

        await assertReadableWith(orbitdb, backup, encryption)
      })

      it('is exported without the key', async () => {
        const { orbitdb } = await createReplica()
        const db = await orbitdb.import(backup.state)
        const state = await collect(await db.export())
        await db.close()
        await assertRestores(replicas, { state, contents: backup.contents }, { createOptions: () => ({ encryption }) })
      })

      it('is refused with another key', async () => {
        const options = { encryption: { data: await createCipher() } }
        await assertIsRefused(backup, options, encryption, InvalidEntryError, 'Could not decrypt payload')
      })
    })
  }

  for (const type of ['events', 'keyvalue']) {
    for (const isDataEncrypted of [false, true]) {
      describe(`of the entries ${isDataEncrypted ? 'and the data ' : ''}of ${type}`, () => {
        let encryption: Encryption
        let backup: Backup

        before(async () => {
          encryption = { replication: await createCipher(), ...(isDataEncrypted && { data: await createCipher() }) }
          backup = await createBackup(type, encryption)
        })

        it('is restored with the keys', () => assertRestores(replicas, backup, { createOptions: () => ({ encryption }) }))

        for (const verify of [true, 'signatures'] as const) {
          it(`is refused without the keys, with verify: ${verify}`, () => {
            return assertIsRefused(backup, { verify }, encryption, EncryptedEntryError, 'verify: false')
          })
        }

        for (const verify of [true, 'signatures', false] as const) {
          it(`is refused with another key, with verify: ${verify}`, async () => {
            const options = { verify, encryption: { ...encryption, replication: await createCipher() } }
            await assertIsRefused(backup, options, encryption, InvalidEntryError, 'Could not decrypt entry')
          })
        }

        for (const [way, restore] of Object.entries(ways)) {
          it(`is restored without the keys, with verify: false, by ${way}, unreadable until it is opened with them`, async () => {
            const { orbitdb } = await createReplica()
            const db = await restore(orbitdb, backup.state, { verify: false })
            const { heads, index } = await db.log.export()
            deepStrictEqual([heads.map(({ hash }) => hash).sort(), new Set(index)], [backup.contents.heads.toSorted(), new Set(backup.state.index)])
            await db.close()
            await assertReadableWith(orbitdb, backup, encryption)
          })
        }

        it('is only exported without the keys with verify: false', async () => {
          const { orbitdb } = await createReplica()
          const db = await orbitdb.import(backup.state, { verify: false })
          await rejects(db.export().then(collect), EncryptedEntryError)

          const state = await collect(await db.export({ verify: false }))
          await db.close()
          const createOptions = (verify: boolean | 'signatures') => ({ createOptions: () => ({ encryption, verify }) })
          const unread = { state, contents: backup.contents }
          await rejects(assertRestores(replicas, unread, createOptions(true)), MissingBlockError)
          await assertRestores(replicas, unread, createOptions('signatures'))
          await assertRestores(replicas, unread, createOptions(false))
        })
      })
    }
  }

  it('of the entries and the data: is restored and verified with the key of the entries alone', async () => {
    const encryption = { replication: await createCipher(), data: await createCipher() }
    const backup = await createBackup('keyvalue', encryption)
    const { orbitdb } = await createReplica()
    const db = await orbitdb.import(backup.state, { encryption: { replication: encryption.replication } })
    const payloads = (await db.log.values()).map(({ payload }) => payload)
    strictEqual(payloads.length, backup.contents.entries.length)
    ok(payloads.every(payload => payload instanceof Uint8Array))
    await db.close()
    await assertReadableWith(orbitdb, backup, encryption)
  })

  describe('of KeyValueIndexed', () => {
    const Database = KeyValueIndexed()

    const assertIndexed = async (orbitdb: OrbitDB, { state, contents }: Backup, encryption: Encryption) => {
      const db = await orbitdb.open(state.address, { Database, encryption })
      for (const { key, value } of contents.records as KeyValueRecord[]) {
        deepStrictEqual(await db.get(key), value)
      }
      strictEqual(await db.get('gone'), undefined)
      await db.close()
    }

    for (const part of ['data', 'replication'] as const) {
      it(`is indexed when it is opened with the key of encryption.${part}, after it was restored without`, async () => {
        const encryption = { [part]: await createCipher() }
        const backup = await createBackup('keyvalue', encryption)
        const { orbitdb } = await createReplica()
        const restored = await orbitdb.import(backup.state, { Database, verify: part === 'data' })
        await restored.close()
        const unread = await orbitdb.open(backup.state.address, { Database })
        strictEqual(await unread.get('key'), undefined)
        await unread.close()
        await assertIndexed(orbitdb, backup, encryption)
      })
    }

    it('can be opened with another key, and then with its own', async () => {
      const encryption = { replication: await createCipher() }
      const backup = await createBackup('keyvalue', encryption)
      const { orbitdb } = await createReplica()
      const restored = await orbitdb.import(backup.state, { Database, encryption })
      await restored.close()
      const unread = await orbitdb.open(backup.state.address, { Database, encryption: { replication: await createCipher() } })
      await unread.close()
      await assertIndexed(orbitdb, backup, encryption)
    })
  })

  describe('of documents', () => {
    for (const part of ['data', 'replication'] as const) {
      it(`by encryption.${part} is done when it is asked for, and leaves those to be read that were written plain before`, async () => {
        const encryption = { [part]: await createCipher() }
        const first = await createReplica({ id: 'me', stock: true })
        const plain = await first.orbitdb.open('database', { type: 'documents', encryption })
        await plain.put({ _id: 'plain' })
        const { address } = plain
        await first.stop()

        const { directory, orbitdb, stop } = await createReplica({ id: 'me', directory: first.directory })
        const keysOf = async (options: OpenOptions): Promise<string[]> => {
          const db = await orbitdb.open<Documents>(address, options)
          const keys = (await db.all()).map(({ key }) => key)
          await db.close()
          return keys
        }
        const db = await orbitdb.open<Documents>(address, { encryption })
        await db.put({ _id: 'encrypted' })
        await db.close()
        deepStrictEqual(await keysOf({ encryption }), ['plain', 'encrypted'])
        ok(!(await keysOf({})).includes('encrypted'))
        await stop()

        // It does not read what is encrypted, if it reads anything
        const { orbitdb: stock } = await createReplica({ id: 'me', directory, stock: true })
        const unread = await stock.open<Documents>(address, { encryption })
        const documents = await unread.all().catch(() => [])
        ok(!documents.some(({ key }) => key === 'encrypted'))
      })
    }
  })
})
