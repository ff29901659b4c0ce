// What `open` and `import` return.
import {
  Database, Documents, Events, IPFSAccessController, KeyValue, KeyValueIndexed, MemoryStorage, OrbitDBAccessController, useDatabaseType,
  type AddressedState, type AnyDatabase, type DatabaseAddress, type DatabaseParams, type DatabaseState, type Entry, type EventRecord, type KeyValueRecord, type OrbitDB, type OrbitDBAddress
} from '../../src/index.ts'
import { is } from './helpers.ts'

declare const orbitdb: OrbitDB
declare const name: string
declare const address: DatabaseAddress
declare const parsed: OrbitDBAddress

interface Message { from: string, text: string }

// By name
is<Events>()(await orbitdb.open('mydb'))
is<Events>()(await orbitdb.open('mydb', { sync: false, meta: { a: 1 } }))
is<Events>()(await orbitdb.open('mydb', { type: 'events' }))
is<KeyValue>()(await orbitdb.open('mydb', { type: 'keyvalue' }))
is<Documents>()(await orbitdb.open('mydb', { type: 'documents', AccessController: OrbitDBAccessController({ write: ['*'] }) }))
is<AnyDatabase>()(await orbitdb.open('mydb', { type: name as 'events' | 'keyvalue' | 'documents' | 'counter' }))

// With types of values
is<KeyValue<number>>()(await orbitdb.open<KeyValue<number>>('mydb', { type: 'keyvalue' }))
is<Documents<Message>>()(await orbitdb.open<Documents<Message>>('mydb', { type: 'documents' }))
is<Events<Message>>()(await orbitdb.open('mydb', { Database: Events<Message>() }))

// With a factory
is<Events>()(await orbitdb.open('mydb', { Database: Events() }))
is<KeyValueIndexed>()(await orbitdb.open('mydb', { Database: KeyValueIndexed(), type: 'keyvalue' }))
is<KeyValueIndexed<number>>()(await orbitdb.open(address, { Database: KeyValueIndexed<number>() }))
is<Documents<Message>>()(await orbitdb.open('mydb', { Database: Documents<Message>({ indexBy: 'from' }) }))
is<Documents>()(await orbitdb.open('mydb', { Database: Documents({ indexBy: 'id' }) }))
is<Database>()(await orbitdb.open('mydb', { Database }))

// By address
is<AnyDatabase>()(await orbitdb.open('/orbitdb/zdpuAuK3BHpS7NvMBivynypqciYCuy2UW77XYBPUYRnLjnw13'))
is<AnyDatabase>()(await orbitdb.open(address))
is<AnyDatabase>()(await orbitdb.open(parsed))
is<AnyDatabase>()(await orbitdb.open(name))
is<AnyDatabase>()(await orbitdb.open(`/orbitdb/${name}`))
is<Events>()(await orbitdb.open(`my-${name}`))
is<KeyValue>()(await orbitdb.open(address, { type: 'keyvalue' }))
is<Events<Message>>()(await orbitdb.open<Events<Message>>(address))
is<AnyDatabase>()(await orbitdb.open((await orbitdb.open('mydb')).address))

// A database of any type
const any = await orbitdb.open(address)
any.events.on('update', entry => is<string>()(entry.hash))
any.events.once('join', (peerId, heads) => { is<string>()(peerId); is<Entry[]>()(heads) })
for await (const entry of any.log.iterator({ amount: 1 })) is<string>()(entry.hash)
is<DatabaseState>()(await any.export())
if (any.type === 'events') is<EventRecord[]>()(await any.all())
if (any.type === 'keyvalue') is<KeyValueRecord[]>()(await any.all())
if (any.type === 'documents') is<Documents>()(any)

// A type of your own
interface Counter extends Database<{ by: number }> {
  readonly type: 'counter'
  add (by: number): Promise<string>
}
const Counter = () => async (params: DatabaseParams): Promise<Counter> => {
  const database = await Database<{ by: number }>({ ...params, onUpdate: async (log, entry) => { await log.get(entry.hash) } })
  return { ...database, type: 'counter', add: by => database.addOperation({ by }) }
}
Counter.type = 'counter'
useDatabaseType(Counter)

declare module '../../src/core/databases/index.ts' {
  interface DatabaseTypes { counter: Counter }
}

is<Counter>()(await orbitdb.open('mydb', { type: 'counter' }))
is<Counter>()(await orbitdb.open('mydb', { Database: Counter() }))
is<Counter>()(await orbitdb.open<Counter>(address))
if (any.type === 'counter') await any.add(1)

const Inferred = () => async (params: DatabaseParams) => ({ ...await Database(params), type: 'inferred', size: 1 })
Inferred.type = 'inferred'
useDatabaseType(Inferred)
is<number>()((await orbitdb.open('mydb', { Database: Inferred() })).size)

// Every option
await orbitdb.open('mydb', {
  type: 'events',
  meta: ['anything'],
  sync: false,
  AccessController: IPFSAccessController({ write: ['*'], storage: await MemoryStorage() }),
  headsStorage: await MemoryStorage(),
  entryStorage: await MemoryStorage(),
  indexStorage: await MemoryStorage<true>(),
  referencesCount: 8,
  encryption: { data: { encrypt: bytes => bytes, decrypt: async bytes => bytes } },
  signal: AbortSignal.timeout(1000)
})

// Restore
declare const state: DatabaseState
declare const addressed: AddressedState
is<AnyDatabase>()(await orbitdb.open(state.address, { restore: state }))
is<Events>()(await orbitdb.open(state.address, { type: 'events', sync: false, restore: { ...state, verify: 'signatures', offline: false, onProgress: event => is<number>()(event.detail.done) } }))
is<AnyDatabase>()(await orbitdb.import(state))
is<AnyDatabase>()(await orbitdb.import(addressed, { sync: false, verify: false, offline: true, signal: AbortSignal.timeout(1000), onProgress: event => is<number | undefined>()(event.detail.total) }))
is<Documents>()(await orbitdb.import(state, { type: 'documents' }))
is<KeyValue<number>>()(await orbitdb.import<KeyValue<number>>(state))
is<KeyValue<number>>()(await orbitdb.import<KeyValue<number>>(state, { type: 'keyvalue' }))
is<KeyValueIndexed>()(await orbitdb.import(state, { Database: KeyValueIndexed() }))

// @ts-expect-error: no such type
await orbitdb.open('mydb', { type: 'keyvalu' })
// @ts-expect-error: not the type of that database
await orbitdb.open<KeyValue<number>>('mydb', { type: 'events' })
// @ts-expect-error: not a database
await orbitdb.open<string[]>(address)
// @ts-expect-error: no such option
await orbitdb.open('mydb', { storage: await MemoryStorage() })
// @ts-expect-error: `Database` is what Events() returns
await orbitdb.open('mydb', { Database: Events })
// @ts-expect-error: `AccessController` is what IPFSAccessController() returns
await orbitdb.open('mydb', { AccessController: IPFSAccessController })
// @ts-expect-error: does not make databases
await orbitdb.open('mydb', { Database: async () => ({ type: 'none' }) })
// @ts-expect-error: indexed by a field that the documents do not have
Documents<Message>({ indexBy: 'id' })
// @ts-expect-error: has no type
useDatabaseType(() => Events())
// @ts-expect-error: heads are required
await orbitdb.open(address, { restore: {} })
// @ts-expect-error: an import needs an address
await orbitdb.import({ heads: [] })
// @ts-expect-error: no such check
await orbitdb.import(state, { verify: 'hashes' })
// @ts-expect-error: no such type
await orbitdb.import(state, { type: 'keyvalu' })
// @ts-expect-error: a state is given once
await orbitdb.import(state, { restore: state })
// @ts-expect-error: not narrowed yet
await any.put('key', 'value')
// @ts-expect-error: an events database has no put
await (await orbitdb.open('mydb')).put('key', 'value')
