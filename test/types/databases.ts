// The methods of each type of database.
import {
  Database, Documents, Events, KeyValue, KeyValueIndexed,
  type AccessController, type DatabaseState, type DocumentRecord, type Entry, type EventRecord, type HeliaNode, type KeyValueRecord, type Log, type Operation, type SigningIdentity, type Sync
} from '../../src/index.ts'
import { once } from 'node:events'
import { is } from './helpers.ts'

declare const ipfs: HeliaNode
declare const identity: SigningIdentity
const params = { ipfs, identity, address: 'log' }

// Common to all
const db = await Database<string>(params)
is<`/orbitdb/${string}`>()(db.address)
is<string>()(db.name)
is<unknown>()(db.meta)
is<SigningIdentity>()(db.identity)
is<Log<string>>()(db.log)
is<Sync>()(db.sync)
is<Set<string>>()(db.peers)
is<AccessController>()(db.access)
is<string>()(await db.addOperation('operation'))
is<void>()(await db.close())
is<void>()(await db.drop())
db.events
  .on('update', entry => is<Entry>()(entry))
  .on('join', (peerId, heads) => { is<string>()(peerId); is<Entry[]>()(heads) })
  .on('leave', peerId => is<string>()(peerId))
  .on('error', error => is<Error>()(error))
  .once('close', () => {})
  .off('drop', () => {})
db.events.emit('leave', 'peer')
await once(db.events, 'update')

// @ts-expect-error: no such event
db.events.on('updated', () => {})
// @ts-expect-error: not what the event has
db.events.on('leave', (peerId: number) => {})
// @ts-expect-error: not the log's payload
await db.addOperation(1)
// @ts-expect-error: readonly
db.address = '/orbitdb/a'
// @ts-expect-error: the identity is required
await Database({ ipfs, address: 'log' })

// Export and import
const state = await db.export({ offline: false, verify: false, signal: AbortSignal.timeout(1000) })
is<DatabaseState>()(state)
is<`/orbitdb/${string}`>()(state.address)
is<string>()(state.name)
is<string>()(state.type)
is<Array<{ hash: string, next: string[] }>>()(state.heads.map(({ hash, next }) => ({ hash, next })))
is<number>()(state.index.size)
is<boolean>()(state.index.has('hash'))
is<string[]>()([...state.index])
is<Set<string>>()(new Set(state.index))
await db.import({ heads: state.heads, index: state.index.toJSON() })
is<unknown>()(state.accessController)
for await (const [hash, bytes] of state.blocks) { is<string>()(hash); is<Uint8Array>()(bytes) }

is<{ added: number, mended: number }>()(await db.import(state))
await db.import(state, { verify: 'signatures', offline: false, signal: AbortSignal.timeout(1000), onProgress: ({ type, detail }) => { is<'orbitdb:import:progress'>()(type); is<number>()(detail.done) } })
await db.import({ heads: ['hash'] })
await db.import({ heads: [{ hash: 'hash', next: [] }], index: ['hash'] })
await db.import({ heads: await db.log.heads(), index: new Map([['hash', true as const]]), blocks: new Map([['hash', new Uint8Array()]]) })
await db.import({ heads: [], index: (async function * () { yield 'hash' })(), blocks: (async function * (): AsyncGenerator<[string, Uint8Array]> { yield ['hash', new Uint8Array()] })() })

// @ts-expect-error: not heads
await db.import({ heads: [1] })
// @ts-expect-error: not blocks
await db.import({ heads: [], blocks: [['hash', 'bytes']] })
// @ts-expect-error: not an index
await db.import({ heads: [], index: new Map([['hash', 1]]) })
// @ts-expect-error: no such option
await db.export({ blocks: false })

// Events
const events = await Events<number>()(params)
is<'events'>()(events.type)
is<'events'>()(Events.type)
is<string>()(await events.add(1))
is<number>()(await events.get('hash'))
is<Array<EventRecord<number>>>()(await events.all())
is<Log<Operation<number>>>()(events.log)
for await (const { hash, value } of events.iterator({ gt: 'a', gte: 'a', lt: 'a', lte: 'a', amount: 1 })) { is<string>()(hash); is<number>()(value) }
// @ts-expect-error: not the type of the values
await events.add('one')
// @ts-expect-error: not a hash
await events.get(1)

// KeyValue
const keyvalue = await KeyValue<number>()(params)
is<'keyvalue'>()(keyvalue.type)
is<'keyvalue'>()(KeyValue.type)
is<string>()(await keyvalue.put('key', 1))
is<string>()(await keyvalue.set('key', 1))
is<string>()(await keyvalue.del('key'))
is<number | undefined>()(await keyvalue.get('key'))
is<Array<KeyValueRecord<number>>>()(await keyvalue.all())
for await (const { hash, key, value } of keyvalue.iterator({ amount: 1 })) { is<string>()(hash); is<string>()(key); is<number>()(value) }
// @ts-expect-error: not the type of the values
await keyvalue.put('key', 'value')
// @ts-expect-error: no such option
keyvalue.iterator({ gt: 'key' })

// KeyValueIndexed
const indexed = await KeyValueIndexed<number>()(params)
is<'keyvalue'>()(KeyValueIndexed.type)
is<KeyValue<number>>()(indexed)
// @ts-expect-error: takes no options
KeyValueIndexed({})

// Documents
interface Doc { id: string, size: number }
const documents = await Documents<Doc>({ indexBy: 'id' })(params)
is<'documents'>()(documents.type)
is<'documents'>()(Documents.type)
is<string>()(documents.indexBy)
is<string>()(await documents.put({ id: 'a', size: 1 }))
is<string>()(await documents.del('a'))
is<DocumentRecord<Doc> | undefined>()(await documents.get('a'))
is<Doc[]>()(await documents.query(doc => { is<Doc>()(doc); return doc.size > 0 }))
is<Array<DocumentRecord<Doc>>>()(await documents.all())
for await (const { hash, key, value } of documents.iterator({ amount: 1 })) { is<string>()(hash); is<string>()(key); is<Doc>()(value) }
await (await Documents()(params)).put({ _id: 'a', anything: true })
// @ts-expect-error: not a document of that type
await documents.put({ id: 'a' })
// @ts-expect-error: not an object
await (await Documents()(params)).put('doc')
// @ts-expect-error: the option is the field's name
Documents({})
