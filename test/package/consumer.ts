// What an app that depends on the package compiles.
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createHelia } from 'helia'
import { createOrbitDB, Database, KeyValueIndexed, MissingBlockError, useDatabaseType, type DatabaseParams, type DatabaseState, type Events, type KeyValue } from 'orbitdb-backup'
import { verifySignatures } from 'orbitdb-backup/signatures'

interface Counter extends Database<number> {
  readonly type: 'counter'
  add (by: number): Promise<string>
}
const Counter = () => async (params: DatabaseParams): Promise<Counter> => {
  const database = await Database<number>(params)
  return { ...database, type: 'counter', add: by => database.addOperation(by) }
}
Counter.type = 'counter'
useDatabaseType(Counter)

declare module 'orbitdb-backup' {
  interface DatabaseTypes { counter: Counter }
}

const ipfs = createHelia({ libp2p: { services: { identify: identify(), pubsub: gossipsub() } } })
const orbitdb = await createOrbitDB({ ipfs })
export const events: Events = await orbitdb.open('events')
export const keyvalue: KeyValue<number> = await orbitdb.open('keyvalue', { Database: KeyValueIndexed<number>() })
export const counter: Counter = await orbitdb.open('counter', { type: 'counter' })
export const state: DatabaseState = await keyvalue.export()
export const restored = await orbitdb.import(state, { onProgress: ({ detail }) => console.log(detail.done, detail.total) })
if (restored.type === 'counter') await restored.add(1)
export const [isValid]: boolean[] = await verifySignatures([{ signature: new Uint8Array(), publicKey: new Uint8Array(), data: new Uint8Array() }])

export const missing = (error: unknown): string | undefined => error instanceof MissingBlockError ? error.hash : undefined

// @ts-expect-error: no such type
await orbitdb.open('counter', { type: 'count' })
