// Snapshots, differences, merges and backups that are open, of all that OrbitDB lets people choose
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { archive } from '../helpers/archives.ts'
import { read } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createBackup, createSnapshot, Database, deleteSnapshot, diffBackups, Documents, Events, KeyValueIndexed, listSnapshots, mergeBackups, openBackup, OrbitDBAccessController, restoreBackup, useAccessController, useDatabaseType } from '../../src/index.ts'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { AccessControllerParams, DatabaseParams, HeliaNode, OpenDatabaseOptions, SignedEntry } from '../../src/index.ts'

/** Of an app: it counts, and knows only the options that there were when it was written. */
const createCounter = (type: string) => Object.assign(() => async ({ ipfs, identity, address, name, access, directory, meta, headsStorage, entryStorage, indexStorage, syncAutomatically }: DatabaseParams) => {
  const database = await Database<number>({ ipfs, identity, address, name, access, directory, meta, headsStorage, entryStorage, indexStorage, syncAutomatically })
  const iterator = async function * () {
    for await (const { payload } of database.log.iterator()) yield payload
  }
  return { ...database, type, add: database.addOperation, iterator }
}, { type })

/** Of an app: whoever has an identity may write. */
const createEveryone = (type: string) => Object.assign(() => async () => ({ type, address: `/${type}/may write`, canAppend: () => true }), { type })

const registries = new WeakMap<HeliaNode, Set<string>>()

/** Of an app: it keeps its writers itself, for each node that it runs on, and has its own way to export them. */
const Registry = Object.assign(() => async ({ orbitdb: { ipfs, identity }, identities, address, name }: AccessControllerParams) => {
  const writers = registries.get(ipfs) ?? new Set(address == null ? [identity.id] : [])
  registries.set(ipfs, writers)
  return {
    type: 'members',
    address: address ?? `/members/${name}`,
    canAppend: async (entry: SignedEntry) => writers.has((await identities.getIdentity(entry.identity))?.id ?? ''),
    export: async () => ({ writers: [...writers] }),
    import: async (state: any) => { state.writers.forEach((id: string) => writers.add(id)) }
  }
}, { type: 'members' })

/** Of an app: its writers are in a database that again has an access controller with a database. */
const Committee = Object.assign(() => async ({ orbitdb, identities, address, name }: AccessControllerParams) => {
  const db = await orbitdb.open(address?.replace('/committee/', '/orbitdb/') ?? `committee of ${name}`, { type: 'keyvalue', AccessController: OrbitDBAccessController() })
  if (address == null) await db.put(orbitdb.identity.id, true)
  return {
    type: 'committee',
    address: db.address.replace('/orbitdb/', '/committee/'),
    canAppend: async (entry: SignedEntry) => await db.get((await identities.getIdentity(entry.identity))?.id ?? '') === true,
    export: db.export,
    import: db.import,
    close: db.close,
    drop: db.drop
  }
}, { type: 'committee' })

interface Choice {
  /** What the database is opened with. */
  open: object
  /** What it is opened with in a backup, where its manifest does not say it. */
  openInBackup?: OpenDatabaseOptions
  write: (db: any, i: number) => Promise<unknown>
}

const add: Choice['write'] = (db, i) => db.add(i)
const putDocument: Choice['write'] = (db, i) => db.put({ _id: String(i % 20), isbn: String(i), bytes: new Uint8Array([i]) })
const putKey: Choice['write'] = (db, i) => i % 7 === 6 ? db.del(String(i % 3)) : db.put(String(i % 20), { i })
const [data, replication] = [await createCipher(), await createCipher()]
const [Counter, OtherCounter] = [createCounter('counts'), createCounter('other counts')]
const [Everyone, OtherEveryone] = [createEveryone('all'), createEveryone('others')]

const choices: Record<string, Choice> = {
  'a type and an access controller of its own': { open: { type: 'counts', AccessController: Everyone() }, write: add },
  'a type and an access controller that are not registered': {
    open: { type: 'other counts', Database: OtherCounter(), AccessController: OtherEveryone() },
    openInBackup: { Database: OtherCounter() as any, AccessController: OtherEveryone() as any },
    write: add
  },
  'an access controller that exports a state of its own': { open: { type: 'events', AccessController: Registry() }, write: add },
  'an access controller whose database has one with a database': { open: { type: 'keyvalue', AccessController: Committee() }, write: putKey },
  'another indexBy': { open: { type: 'documents', Database: Documents({ indexBy: 'isbn' }) }, openInBackup: { Database: Documents({ indexBy: 'isbn' }) }, write: putDocument },
  'values that are encrypted': { open: { type: 'documents', encryption: { data } }, openInBackup: { encryption: { data } }, write: putDocument },
  'entries that are encrypted': { open: { type: 'events', encryption: { replication } }, openInBackup: { encryption: { replication } }, write: add },
  'KeyValueIndexed, encrypted in both ways': {
    open: { type: 'keyvalue', Database: KeyValueIndexed(), encryption: { data, replication }, AccessController: OrbitDBAccessController() },
    openInBackup: { Database: KeyValueIndexed(), encryption: { data, replication } },
    write: putKey
  }
}

describe('A database with', () => {
  const { createReplica } = useReplicas()

  before(() => {
    useDatabaseType(Counter as never)
    for (const access of [Everyone, Registry, Committee]) useAccessController(access as never)
  })

  // An index gives them by their keys, and a log by their times
  const readSorted = async (db: IterableDatabase) => {
    const { records, ...rest } = await read(db)
    return { ...rest, records: records.map(record => JSON.stringify(record)).sort() }
  }

  for (const [name, { open, openInBackup = {}, write }] of Object.entries(choices)) {
    it(`${name} has snapshots, is compared and merged, and is read in a backup`, async () => {
      const { ipfs, orbitdb } = await createReplica()
      const db = await orbitdb.open('chosen', { ...open, sync: false } as object) as unknown as IterableDatabase
      for (let i = 0; i < 40; i++) await write(db, i)
      const monday = await archive(db)
      const snapshot = await createSnapshot(db)
      strictEqual(String(snapshot), String(await createBackup(db).root))
      await ipfs.gc()
      deepStrictEqual((await listSnapshots(ipfs)).map(({ root, isComplete, databases }) => [String(root), isComplete, databases[0].entries]), [[String(snapshot), true, 40]])
      strictEqual((await diffBackups(monday, db)).isSame, true)
      strictEqual((await diffBackups(snapshot, db, { ipfs })).isSame, true)

      for (let i = 40; i < 45; i++) await write(db, i)
      const tuesday = await archive(db, { base: snapshot })
      const whole = await archive(db)
      const both = { sources: [tuesday, monday] }
      const onNode = { sources: [tuesday, snapshot] }
      for (const [a, b] of [[monday, db], [snapshot, db], [monday, whole], [monday, tuesday], [monday, both], [snapshot, onNode]] as any[][]) {
        const { databases, isSame } = await diffBackups(a, b, { ipfs })
        deepStrictEqual([isSame, databases.filter(({ state }) => state !== 'same').map(({ entries }) => entries)], [false, [{ new: 5, gone: 0, same: 40 }]])
      }
      for (const sources of [[monday, tuesday], [snapshot, tuesday], [whole, monday]] as any[]) {
        deepStrictEqual(concat(await all(mergeBackups(sources, { ipfs }))), whole)
      }

      const contents = await readSorted(db)
      for (const source of [new Blob([whole as BlobPart]), both, onNode]) {
        const backup = await openBackup(source, { ipfs })
        deepStrictEqual(await readSorted(await backup.open<any>('chosen', openInBackup)), contents)
        await backup.close()
      }
      strictEqual(await deleteSnapshot(ipfs, snapshot), true)
      await ipfs.gc()
      deepStrictEqual(await readSorted(db), contents)
    })
  }

  it('encrypted entries is merged and compared without its key, and not read', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('secret', { type: 'events', encryption: { replication, data } })
    await db.add(1)
    const monday = await archive(db)
    await db.add(2)
    const tuesday = await archive(db, { base: monday })
    const { databases: [{ entries }] } = await diffBackups(monday, { sources: [monday, tuesday] })
    deepStrictEqual(entries, { new: 1, gone: 0, same: 1 })
    const backup = await openBackup(mergeBackups([monday, tuesday]))
    await rejects(backup.open<Events>('secret').then(db => db.all()), { code: 'entry-encrypted' })
    const other = await createReplica()
    const restored = await restoreBackup<Events>(other.orbitdb, mergeBackups([monday, tuesday]), { encryption: { replication, data } })
    deepStrictEqual((await restored.all()).map(({ value }) => value), [1, 2])
  })
})
