// Rule: whatever is opened, restored, closed, dropped or stopped at once, each waits for its turn or is refused by name,
// all that was begun settles, and nothing half done is ever seen.
import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Events, IPFSAccessController, IPFSBlockStorage, KeyValueIndexed, Log, MemoryStorage, OrbitDBAccessController } from '../../src/index.ts'
import { collect } from '../helpers/backups.ts'
import { hashOf, pinsOf } from '../helpers/blocks.ts'
import { assertIsWhole, createIdentities, keysOf, openToAll } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { AnyDatabase, Block, DatabaseParams, LogOptions, OrbitDB } from '../../src/index.ts'

const closed = { name: 'LogClosedError', code: 'log-closed' }
const cleared = { name: 'LogClosedError', code: 'log-cleared' }
const stopped = { name: 'OrbitDBStoppedError', code: 'orbitdb-stopped' }

/** Blocks that come once they are released, and tell when they are asked for. */
const holdBlocks = (blocks: Block[]) => {
  const asked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const held = async function * (): AsyncGenerator<Block> {
    asked.resolve()
    await released.promise
    yield * blocks
  }
  return { blocks: held(), asked: asked.promise, release: released.resolve }
}

describe('One at a time', () => {
  const { createReplica } = useReplicas()

  /** The state of a database with entries, on a node of its own. */
  const createState = async (entries = 20): Promise<CollectedState> => {
    const { orbitdb, stop } = await createReplica()
    const db = await orbitdb.open('log', { type: 'events', ...openToAll() })
    for (let i = 0; i < entries; i++) {
      await db.add(i)
    }
    const state = await collect(await db.export())
    await stop()
    return state
  }

  const valuesOf = async (db: { log: Log }): Promise<number> => (await db.log.values()).length

  describe('a database', () => {
    it('that is opened several times at once is one', async () => {
      const { orbitdb } = await createReplica()
      const byName = await Promise.all([1, 2, 3].map(() => orbitdb.open('log', { type: 'keyvalue', sync: false })))
      const { address } = byName[0]
      const byAddress = await Promise.all([1, 2, 3].map(() => orbitdb.open(address, { sync: false })))
      deepStrictEqual([...new Set([...byName, ...byAddress])], [byName[0]])
    })

    it('that is opened by its name and by its address at once, in any form, is one', async () => {
      const { orbitdb } = await createReplica()
      const { address, close } = await orbitdb.open('log', { type: 'events', sync: false })
      await close()
      const dbs = await Promise.all([orbitdb.open('log', { type: 'events', sync: false }), orbitdb.open(address, { sync: false })])
      strictEqual(dbs[0], dbs[1])
    })

    it('can be opened by the second who tries where the first one fails', async () => {
      const { orbitdb } = await createReplica()
      const failing = async (): Promise<any> => { throw new Error('failed') }
      const { address, close } = await orbitdb.open('log', { type: 'events', sync: false })
      await close()
      const first = orbitdb.open(address, { Database: failing })
      const second = orbitdb.open(address, { sync: false })
      await rejects(first, { message: 'failed' })
      strictEqual((await second).address, address)
    })

    it('that is opened while it is closed is opened after that', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('log', { type: 'events', sync: false })
      await db.add('value')
      const closing = db.close()
      const again = await orbitdb.open(db.address, { sync: false })
      await closing
      notStrictEqual(again, db)
      strictEqual(await valuesOf(again), 1)
    })

    it('can be closed twice', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('log', { type: 'events', sync: false })
      let count = 0
      db.events.on('close', () => { count++ })
      await Promise.all([db.close(), db.close()])
      await db.close()
      strictEqual(count, 1)
    })

    it('tells whether it is open', async () => {
      const { orbitdb } = await createReplica()
      const { address, blocks, ...state } = await createState()
      const statuses = [orbitdb.status(address)]
      const held = holdBlocks(blocks)
      const restoring = orbitdb.import({ ...state, address, blocks: held.blocks }, { sync: false })
      await held.asked
      statuses.push(orbitdb.status(address))
      held.release()
      const db = await restoring
      statuses.push(orbitdb.status(address))
      const closing = db.close()
      statuses.push(orbitdb.status(address))
      await closing
      statuses.push(orbitdb.status(address))
      deepStrictEqual(statuses, ['closed', 'opening', 'open', 'closing', 'closed'])
    })
  })

  describe('a restore', () => {
    it('is waited for by whoever opens the database', async () => {
      const { orbitdb } = await createReplica()
      const { blocks, ...state } = await createState()
      const held = holdBlocks(blocks)
      const restoring = orbitdb.import({ ...state, blocks: held.blocks }, { sync: false })
      await held.asked
      let opened: AnyDatabase | undefined
      const opening = orbitdb.open(state.address, { sync: false }).then(db => { opened = db })
      await setTimeout(50)
      strictEqual(opened, undefined)
      held.release()
      await opening
      strictEqual(opened, await restoring)
      strictEqual(await valuesOf(opened as AnyDatabase), 20)
    })

    it('that fails lets the next one open or restore the database', async () => {
      const { orbitdb } = await createReplica()
      const { blocks, ...state } = await createState()
      const failing = orbitdb.import({ ...state, blocks: blocks.slice(0, -1) }, { sync: false })
      const next = orbitdb.import({ ...state, blocks }, { sync: false })
      const last = orbitdb.open(state.address, { sync: false })
      await rejects(failing, { code: 'block-missing' })
      strictEqual(await valuesOf(await next), 20)
      strictEqual(await last, await next)
    })

    it('of an older and of a newer state at once are both there', async () => {
      const { orbitdb } = await createReplica()
      const source = await createReplica()
      const original = await source.orbitdb.open('log', { type: 'events', ...openToAll() })
      await original.add('older')
      const older = await collect(await original.export())
      await original.add('newer')
      const newer = await collect(await original.export())
      const dbs = await Promise.all([orbitdb.import(newer, { sync: false }), orbitdb.import(older, { sync: false }), orbitdb.import(newer, { sync: false })])
      strictEqual(new Set(dbs).size, 1)
      strictEqual(await valuesOf(dbs[0]), 2)
      await assertIsWhole(dbs[0].log)
    })

    it('into an open database, with other storages, that fails leaves it open', async () => {
      const { orbitdb } = await createReplica()
      const state = await createState()
      const db = await orbitdb.import(state, { sync: false })
      const missing = state.heads[0].hash.replace(/....$/, '1111')
      await rejects(orbitdb.import({ ...state, index: [missing] }, { entryStorage: await MemoryStorage(), sync: false }), { code: 'block-missing' })
      strictEqual(orbitdb.status(state.address), 'open')
      strictEqual(await orbitdb.open(state.address), db)
      strictEqual(await valuesOf(db), 20)
    })

    it('into an open database that is closed is refused by name', async () => {
      const { orbitdb } = await createReplica()
      const { blocks, ...state } = await createState()
      const opened = await orbitdb.import({ ...state, heads: [], index: [], blocks }, { sync: false })
      const held = holdBlocks(blocks)
      const importing = opened.import({ ...state, blocks: held.blocks })
      await held.asked
      await Promise.all([rejects(importing, closed), opened.close()])
      held.release()

      const again = await orbitdb.open(state.address, { sync: false })
      strictEqual(await valuesOf(again), 0)
    })

    it('that an OrbitDB is stopped in is refused by name, and so is all that waits, and what is opened then', async () => {
      const { orbitdb, ...replica } = await createReplica()
      const { blocks, ...state } = await createState()
      const held = holdBlocks(blocks)
      const restoring = orbitdb.import({ ...state, blocks: held.blocks }, { sync: false })
      await held.asked
      const opening = orbitdb.open(state.address, { sync: false })
      await Promise.all([rejects(restoring, stopped), rejects(opening, stopped), orbitdb.stop()])
      await rejects(orbitdb.open('another', { type: 'events' }), stopped)
      await rejects(orbitdb.open(state.address), stopped)
      held.release()
      await replica.stop()
    })
  })

  describe('an access controller with a database', () => {
    const openTwo = async (orbitdb: OrbitDB) => Promise.all((['events', 'keyvalue'] as const).map(type => {
      return orbitdb.open('same name', { type, AccessController: OrbitDBAccessController(), sync: false })
    }))

    it('stays open until the last database that it decides on is closed', async () => {
      const { orbitdb } = await createReplica()
      const [one, two] = await openTwo(orbitdb)
      const { address } = one.access
      strictEqual(two.access.address, address)
      await one.close()
      await one.close()
      strictEqual(orbitdb.status(address), 'open')
      await two.addOperation({ op: 'PUT', key: 'key', value: 1 } as any)
      await two.close()
      strictEqual(orbitdb.status(address), 'closed')
    })

    it('is not closed by a database of another that fails to open', async () => {
      const { orbitdb } = await createReplica()
      const [one, two] = await openTwo(orbitdb)
      await two.close()
      await rejects(orbitdb.open(two.address, { Database: async () => { throw new Error('failed') } }), { message: 'failed' })
      await one.addOperation({ op: 'ADD', key: null, value: 1 } as any)
      await (one.access as any).grant('write', 'somebody')
      strictEqual(await valuesOf(one), 1)
    })

    it('stays open where it is open by itself', async () => {
      const { orbitdb } = await createReplica()
      const [one, two] = await openTwo(orbitdb)
      const access = await orbitdb.open(one.access.address)
      await one.close()
      await two.close()
      strictEqual(orbitdb.status(access.address), 'open')
      await access.close()
      strictEqual(orbitdb.status(access.address), 'closed')
    })
  })

  describe('a database that is dropped', () => {
    it('settles operations, imports and exports that were begun, and has nothing then', async () => {
      const { orbitdb } = await createReplica()
      const { blocks, ...state } = await createState()
      const db = await orbitdb.import<Events<any>>({ ...state, blocks }, { sync: false })
      const held = holdBlocks(blocks)
      const importing = db.import({ ...state, blocks: held.blocks })
      const adding = [1, 2, 3].map(value => db.add(value))
      await held.asked
      const results = Promise.allSettled([importing, ...adding, db.export()])
      await db.drop()
      held.release()
      for (const result of await results) {
        if (result.status === 'rejected') {
          deepStrictEqual({ name: result.reason.name, code: result.reason.code }, cleared)
        }
      }
      strictEqual((await results)[0].status, 'rejected')
      deepStrictEqual(await keysOf(db.log.indexStorage), [])
      deepStrictEqual(await keysOf(db.log.headsStorage), [])

      await db.add('after')
      strictEqual(await valuesOf(db), 1)
      await assertIsWhole(db.log)
    })

    it('and closed at once, is empty when it is opened again', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import<Events<any>>(await createState(), { sync: false })
      const adding = db.add('value')
      await Promise.all([db.drop(), db.close(), adding.catch(() => {})])
      const again = await orbitdb.open(db.address, { sync: false })
      deepStrictEqual(await keysOf(again.log.indexStorage), [])
      strictEqual(await valuesOf(again), 0)
    })
  })

  it('a join that waits for a peer holds up no operation, no export and no close', async function () {
    this.timeout(20_000) // Less than a join waits for a peer
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('log', { type: 'events', ...openToAll() })
    const [writer] = await createIdentities(['writer'])
    const log = await Log<any>(writer, { logId: db.address })
    await log.append({ op: 'ADD', key: null, value: 'nowhere' })
    const entry = await log.append({ op: 'ADD', key: null, value: 'here' })
    await db.log.storage.put(writer.hash, writer.bytes)
    const joining = rejects(db.log.joinEntry(entry), closed)
    await db.add('value')
    strictEqual((await db.export()).index.size, 1)
    await db.import({ heads: [] })
    await Promise.all([joining, db.close()])
  })

  for (const [type, AccessController] of Object.entries({ ipfs: IPFSAccessController(), orbitdb: OrbitDBAccessController() })) {
    it(`an open that waits for a peer, for an access controller of the type ${type}, holds up no stop, and ends with its signal`, async function () {
      this.timeout(20_000) // Less than it waits for a peer
      const [owner, replica] = [await createReplica(), await createReplica()]
      const { address } = await owner.orbitdb.open('log', { type: 'events', AccessController, sync: false })
      const storages = await Promise.all([owner, replica].map(({ ipfs }) => IPFSBlockStorage({ ipfs })))
      await storages[1].put(hashOf(address), (await storages[0].get(hashOf(address)))!)

      const controller = new AbortController()
      const reason = new Error('enough')
      const aborted = rejects(replica.orbitdb.open(address, { signal: controller.signal }), reason)
      await setTimeout(100)
      controller.abort(reason)
      await aborted
      const opening = rejects(replica.orbitdb.open(address), stopped)
      await setTimeout(100)
      await replica.orbitdb.stop()
      await opening
    })
  }

  describe('a log', () => {
    const createLog = async (options?: LogOptions): Promise<Log<unknown>> => Log((await createIdentities(['writer']))[0], { logId: 'log', ...options })

    /** A storage that waits before it writes. */
    const createSlow = async (wait: () => Promise<unknown>) => {
      const { putMany, ...storage } = await MemoryStorage<any>()
      return { ...storage, put: async (...args: Parameters<typeof storage.put>) => { await wait(); await storage.put(...args) } }
    }

    it('that is cleared while one import writes and another waits has nothing then, and both settle', async () => {
      const writing = Promise.withResolvers<void>()
      const entryStorage = { ...await MemoryStorage(), clear: async () => {} }
      const full = await createLog({ entryStorage })
      for (let i = 0; i < 30; i++) await full.append(i)
      const state = await full.export()
      const log = await createLog({ entryStorage, indexStorage: await createSlow(() => { writing.resolve(); return setTimeout(5) }) })

      const imports = Promise.allSettled([log.import(state, { verify: false }), log.import(state, { verify: false })])
      await writing.promise
      await log.clear()
      const [first, second] = await imports
      strictEqual(first.status, 'fulfilled')
      strictEqual(second.status, 'rejected')
      deepStrictEqual(await keysOf(log.indexStorage), [])
      deepStrictEqual(await keysOf(log.headsStorage), [])
    })

    it('that is cleared just before an import writes takes nothing of it', async () => {
      const full = await createLog()
      for (let i = 0; i < 3; i++) await full.append(i)
      const log = await createLog({ entryStorage: { ...full.storage, clear: async () => {} } })
      const access = { canAppend: async () => true, commit: () => log.clear(), close: () => {} }
      await rejects(log.import(await full.export(), { openAccess: async () => access } as any), cleared)
      deepStrictEqual(await keysOf(log.indexStorage), [])
      deepStrictEqual(await keysOf(log.headsStorage), [])
    })

    for (const way of ['joined', 'imported']) {
      it(`that is cleared has nothing of that for what is ${way} meanwhile, which it has with all that it leads to`, async () => {
        const entryStorage = { ...await MemoryStorage(), clear: async () => {} }
        const index = await MemoryStorage<any>()
        const indexStorage = { ...index, clear: async () => { await setTimeout(20); await index.clear() } }
        const [writer] = await createIdentities(['writer'])
        const log = await Log<any>(writer, { logId: 'log', entryStorage, indexStorage })
        const other = await Log<any>(writer, { logId: 'log', entryStorage })
        await log.append('first')
        await other.import(await log.export())
        const entry = await other.append('second')
        await Promise.all([log.clear(), way === 'joined' ? log.joinEntry(entry) : log.import({ heads: [entry.hash], index: [entry.hash] })])
        await assertIsWhole(log)
        strictEqual((await log.values()).length, 2)
      })
    }

    it('that is cleared waits for no access controller, and takes nothing that was begun', async () => {
      const asked = Promise.withResolvers<void>()
      const allowed = Promise.withResolvers<boolean>()
      const log = await createLog({ access: { canAppend: async () => { asked.resolve(); return allowed.promise } } as any })
      const other = await createLog()
      const begun = Promise.allSettled([log.append('value'), log.append('next'), log.joinEntry(await other.append('joined'))])
      await asked.promise
      await log.clear()
      allowed.resolve(true)
      for (const result of await begun) {
        strictEqual(result.status, 'rejected')
        strictEqual(result.status === 'rejected' && result.reason.code, 'log-cleared')
      }
      deepStrictEqual(await keysOf(log.indexStorage), [])
      await log.append('after')
      strictEqual((await log.values()).length, 1)
      await log.close()
    })

    it('that is closed completes what was appended, and refuses what is joined, imported or appended then', async () => {
      const log = await createLog({ entryStorage: { ...await MemoryStorage(), close: async () => {} } })
      const other = await createLog()
      const entry = await other.append('joined')
      const waiting = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const get = log.storage.get
      log.storage.get = async (...args) => {
        if (args[0] === entry.hash) {
          asked.resolve()
          await waiting.promise
        }
        return get(...args)
      }
      const importing = log.import({ heads: [entry.hash] })
      await asked.promise
      const appending = [log.append(1), log.append(2)]
      await Promise.all([rejects(importing, closed), log.close(), ...appending])
      waiting.resolve()
      await rejects(log.append(3), closed)
      await rejects(log.joinEntry(entry), closed)
      await rejects(log.import({ heads: [entry.hash] }), closed)
      await rejects(log.export(), closed)
    })

    it('takes appends, joins and imports side by side, and is whole', async () => {
      const entryStorage = await MemoryStorage()
      const [log, ...others] = await Promise.all((await createIdentities(['a', 'b', 'c', 'd'])).map(identity => Log<any>(identity, { logId: 'log', entryStorage })))
      const write = async (other: Log<any>, i: number): Promise<void> => {
        const entry = await other.append(i)
        await Promise.all([log.append(i), log.joinEntry(entry), log.import(await other.export()), log.append(-i)])
      }
      for (let i = 1; i < 20; i++) {
        await Promise.all(others.map(other => write(other, i)))
        await assertIsWhole(log)
      }
      strictEqual((await log.values()).length, 19 * others.length * 3)
    })
  })

  describe('a database that a restore did not complete', () => {
    it('has a mark until it is restored or refused, where it was not there before', async () => {
      const { orbitdb, ipfs } = await createReplica()
      const { blocks, ...state } = await createState()
      const pins = await pinsOf(ipfs)
      const heads: string[][] = []
      const storages = { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }
      const Type = async (params: DatabaseParams) => {
        const db = await Events()(params)
        return { ...db, import: async (...args: Parameters<typeof db.import>) => { heads.push(await keysOf(storages.headsStorage)); return db.import(...args) } }
      }
      const broken = blocks.slice(0, -1)
      await rejects(orbitdb.import({ ...state, blocks: broken }, { ...storages, Database: Type as any, sync: false }), { code: 'block-missing' })
      deepStrictEqual(await keysOf(storages.headsStorage), [])
      deepStrictEqual(await pinsOf(ipfs), pins)

      const db = await orbitdb.import({ ...state, blocks }, { ...storages, Database: Type as any, sync: false })
      deepStrictEqual(await keysOf(storages.headsStorage), ['heads'])
      deepStrictEqual(heads, [['restore'], ['restore']])
      await db.close()
    })

    it('has none where it was there before, or once somebody opens it', async () => {
      const { orbitdb } = await createReplica()
      const { blocks, ...state } = await createState()
      const storages = { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }
      await rejects(orbitdb.import({ ...state, blocks: blocks.slice(0, -1) }, { ...storages, sync: false }), { code: 'block-missing' })
      // As a process leaves it that is killed meanwhile
      await storages.headsStorage.put('restore', Uint8Array.of(1))
      const db = await orbitdb.open(state.address, { ...storages, sync: false })
      deepStrictEqual(await keysOf(storages.headsStorage), [])
      await db.close()
      await rejects(orbitdb.import({ ...state, blocks: blocks.slice(0, -1) }, { ...storages, sync: false }), { code: 'block-missing' })
      deepStrictEqual(await keysOf(storages.headsStorage), [])
    })
  })

  for (const [type, Database] of [['events', undefined], ['keyvalue', KeyValueIndexed()]] as const) {
    it(`all at random, with ${Database == null ? 'Events' : 'KeyValueIndexed'}, settles, is refused by name or done, and leaves a whole log`, async function () {
      this.timeout(120_000)
      const source = await createReplica()
      const original = await source.orbitdb.open('log', { type, ...openToAll() }) as AnyDatabase
      const write = async (db: AnyDatabase, i: number): Promise<unknown> => db.addOperation(type === 'events' ? { op: 'ADD', key: null, value: i } as any : { op: 'PUT', key: `key ${i % 7}`, value: i })
      for (let i = 0; i < 10; i++) await write(original, i)
      const older = await collect(await original.export())
      for (let i = 0; i < 40; i++) await write(original, i)
      const newer = await collect(await original.export())

      const { orbitdb } = await createReplica()
      const { address } = older
      const options = { Database, sync: false } as any
      for (let round = 0; round < 4; round++) {
        let db = await orbitdb.import(older, options) as AnyDatabase
        const actions: Array<() => Promise<unknown>> = [
          async () => { db = await orbitdb.open(address, options) as AnyDatabase },
          async () => { db = await orbitdb.open(address, options) as AnyDatabase },
          async () => orbitdb.import(older, options),
          async () => orbitdb.import(newer, options),
          async () => db.import(older),
          async () => db.import(newer),
          async () => collect(await db.export()),
          async () => write(db, 1),
          async () => write(db, 2),
          async () => db.log.joinEntry((await original.log.heads())[0] as any),
          async () => db.close(),
          async () => db.drop()
        ]
        const running: Array<Promise<Error | undefined>> = []
        for (let i = 0; i < 80; i++) {
          running.push(actions[randomInt(actions.length)]().then(() => undefined, (error: Error) => error))
          await setTimeout(randomInt(8))
        }
        for (const error of await Promise.all(running)) {
          ok(error == null || error.name === 'LogClosedError', error?.stack)
        }
        const last = await orbitdb.import(newer, options) as AnyDatabase
        await assertIsWhole(last.log)
        const hashes = new Set((await last.log.values()).map(({ hash }) => hash))
        deepStrictEqual([...newer.index.keys()].filter(hash => !hashes.has(hash)), [])
        await last.drop()
        await last.close()
      }
    })
  }
})
