// Rule: everything that is derived from the log follows an import.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import { Database, IPFSAccessController, KeyValue, KeyValueIndexed, useDatabaseType } from '../../src/index.ts'
import { collect, ways } from '../helpers/backups.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import type { CollectedState, IterableDatabase } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { DatabaseFactory, Entry, Log, TypedDatabase } from '../../src/index.ts'

const createAccessController = () => IPFSAccessController({ write: ['*'] })

const headsOf = ({ heads }: CollectedState): string[] => heads.map(({ hash }) => hash).sort()

/** What a key-value database answers when it is asked for keys, and for all records, in any order. */
async function answersOf (db: KeyValue, keys: string[]) {
  return {
    values: await Promise.all(keys.map(key => db.get(key))),
    records: new Map((await all(db.iterator())).map(({ key, ...record }) => [key, record]))
  }
}

/** Waits until something is as it should be; an event of the database tells when to look. */
async function until ({ events }: Database<any>, event: 'update' | 'join', isDone: () => Promise<boolean> | boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const check = async () => {
    if (await isDone()) {
      resolve()
    }
  }
  const listener = () => { check().catch(reject) }
  events.on(event, listener)
  await check()
  await promise
  events.off(event, listener)
}

const untilHas = (db: Database<any>, hash: string) => until(db, 'update', () => db.log.has(hash))

const untilJoined = (...dbs: Array<Database<any>>) => Promise.all(dbs.map(db => until(db, 'join', () => db.peers.size > 0)))

describe('Everything that is derived follows', () => {
  const { createReplica } = useReplicas()

  /** States of a database of which two replicas were written to at the same time; `common` is what both had before. */
  let states: Record<'common' | 'shorter' | 'longer', CollectedState>
  const keys = ['shared', 'both', 'shorter', 'longer', 'put by the shorter', 'put by the longer', 'deleted']

  before(async () => {
    const a = await createReplica()
    const b = await createReplica()
    const shorter = await a.orbitdb.open('log', { type: 'keyvalue', AccessController: createAccessController(), sync: false })
    for (const key of ['shared', 'both', 'put by the shorter', 'put by the longer', 'deleted']) {
      await shorter.put(key, 'common')
    }
    await shorter.del('deleted')
    const common = await collect(await shorter.export())
    const longer = await b.orbitdb.import<KeyValue>(common, { sync: false })

    for (const [db, name] of [[shorter, 'shorter'], [longer, 'longer']] as const) {
      await db.put('both', name)
      await db.put(name, 1)
      await db.put(name, 2)
      await db.put(`put by the ${name}`, name)
    }
    await shorter.del('put by the longer')
    await longer.put('later', 1)
    await longer.del('later')
    await longer.del('put by the shorter')
    states = { common, shorter: await collect(await shorter.export()), longer: await collect(await longer.export()) }
  })

  describe('the index of KeyValueIndexed', () => {
    const orders = [['longer'], ['shorter', 'longer'], ['longer', 'shorter'], ['common', 'longer', 'shorter'], ['longer', 'common']] as const

    for (const order of orders) {
      it(`answers as a KeyValue when ${order.join(', then ')} was imported, also after it was reopened`, async () => {
        const oracle = await createReplica()
        const replica = await createReplica()
        let expected
        for (const name of order) {
          const keyValue = await oracle.orbitdb.import(states[name], { Database: KeyValue(), sync: false })
          const indexed = await replica.orbitdb.import(states[name], { Database: KeyValueIndexed(), sync: false })
          expected = await answersOf(keyValue, keys)
          deepStrictEqual(await answersOf(indexed, keys), expected, `${name} was imported`)
        }
        await replica.stop()

        const { orbitdb } = await createReplica({ directory: replica.directory })
        const reopened = await orbitdb.open(states.common.address, { Database: KeyValueIndexed(), sync: false })
        deepStrictEqual(await answersOf(reopened, keys), expected)
      })
    }

    for (const [way, restore] of Object.entries(ways)) {
      it(`answers as a KeyValue after ${way}`, async () => {
        const oracle = await createReplica()
        const keyValue = await oracle.orbitdb.import(states.longer, { Database: KeyValue(), sync: false })
        const { orbitdb } = await createReplica()
        const indexed = await restore(orbitdb, states.longer, { Database: KeyValueIndexed(), sync: false })
        deepStrictEqual(await answersOf(indexed as KeyValue, keys), await answersOf(keyValue, keys))
      })
    }

    it('follows what is written after an import', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import(states.shorter, { Database: KeyValueIndexed(), sync: false })
      await db.import(states.longer)
      await db.put('both', 'written')
      await db.del('shared')
      deepStrictEqual(await Promise.all(['both', 'shared', 'longer'].map(key => db.get(key))), ['written', undefined, 2])
    })
  })

  describe('the event update', () => {
    it('is emitted for each new head, and only for those', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import<KeyValue>(states.common, { sync: false })
      const updates: string[] = []
      db.events.on('update', ({ hash }) => updates.push(hash))

      const both = await createReplica()
      const merged = await both.orbitdb.import<KeyValue>(states.shorter, { sync: false })
      await merged.import(states.longer)
      ok((await db.import(await merged.export())).added > 0)
      deepStrictEqual(updates.sort(), [...headsOf(states.shorter), ...headsOf(states.longer)].sort())
    })

    it('is not emitted for an import that changes nothing', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import<KeyValue>(states.longer, { sync: false })
      db.events.on('update', ({ hash }) => { throw new Error(`updated by ${hash}`) })
      deepStrictEqual(await db.import(states.longer), { added: 0, mended: 0 })
      deepStrictEqual(await db.import(states.common), { added: 0, mended: 0 })
    })
  })

  it('the onUpdate of a type of database that passes on only the options that it knows is called for each new head', async () => {
    interface Derived extends TypedDatabase<any>, IterableDatabase {
      readonly type: 'derived'
    }
    const updates: string[] = []
    const createDerived: DatabaseFactory<Derived> = async ({ ipfs, identity, address, name, access, directory, syncAutomatically }) => {
      const onUpdate = (log: Log, { hash }: Entry) => { updates.push(hash) }
      const db = await Database({ ipfs, identity, address, name, access, directory, syncAutomatically, onUpdate })
      return { ...db, type: 'derived', iterator: db.log.iterator }
    }
    useDatabaseType(Object.assign(() => createDerived, { type: 'derived' }))

    const { orbitdb } = await createReplica()
    const db = await orbitdb.open<Derived>('log', { type: 'derived', sync: false })
    await db.addOperation('one')
    const state = await collect(await db.export())
    deepStrictEqual(updates.splice(0), headsOf(state))
    for (const restore of Object.values(ways)) {
      const { orbitdb } = await createReplica()
      await restore(orbitdb, state, { sync: false })
      deepStrictEqual(updates.splice(0), headsOf(state))
    }
  })

  describe('the sync with peers', () => {
    /** Creates two replicas that know each other. */
    const createPeers = async (): Promise<[Replica, Replica]> => {
      const [a, b] = [await createReplica(), await createReplica()]
      await connect(a, b)
      return [a, b]
    }

    it('tells them of the new heads at once where it runs', async () => {
      const [a, b] = await createPeers()
      const here = await a.orbitdb.import<KeyValue>(states.common)
      const there = await b.orbitdb.open<KeyValue>(states.common.address)
      await untilJoined(here, there)
      await here.import(states.longer)

      const [head] = headsOf(states.longer)
      await untilHas(there, head)
      deepStrictEqual(await answersOf(there, keys), await answersOf(here, keys))
    })

    for (const [way, restore] of Object.entries(ways)) {
      it(`goes on in both directions after ${way}`, async () => {
        const [a, b] = await createPeers()
        const there = await b.orbitdb.import<KeyValue>(states.shorter)
        const here = await restore(a.orbitdb, states.longer) as KeyValue
        await Promise.all([untilHas(there, headsOf(states.longer)[0]), untilHas(here, headsOf(states.shorter)[0])])
        deepStrictEqual(await answersOf(there, keys), await answersOf(here, keys))

        await untilJoined(here, there)
        await untilHas(there, await here.put('shared', 'here'))
        strictEqual(await there.get('shared'), 'here')
        await untilHas(here, await there.put('shared', 'there'))
        strictEqual(await here.get('shared'), 'there')
      })
    }

    it('tells them of what was restored when it starts later', async () => {
      const [a, b] = await createPeers()
      const here = await a.orbitdb.import<KeyValue>(states.longer, { sync: false })
      const there = await b.orbitdb.open<KeyValue>(states.longer.address)
      await here.sync.start()
      await untilHas(there, headsOf(states.longer)[0])
      deepStrictEqual(await answersOf(there, keys), await answersOf(here, keys))
    })

    it('does not start before a restore is done, nor when it is not to', async () => {
      const { orbitdb, ipfs } = await createReplica()
      const { pubsub } = ipfs.libp2p.services
      const topics: string[][] = []
      const db = await orbitdb.import(states.longer, { onProgress: () => topics.push(pubsub.getTopics()) })
      deepStrictEqual(topics, Array.from(states.longer.index, () => []))
      deepStrictEqual(pubsub.getTopics(), [db.address])

      await db.close()
      await orbitdb.open(db.address, { restore: states.longer, sync: false })
      deepStrictEqual(pubsub.getTopics(), [])
    })
  })
})
