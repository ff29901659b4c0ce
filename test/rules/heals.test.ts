// Rule: after an import everything that the state holds is there, pinned and reached by the heads, whatever was there before.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import drain from 'it-drain'
import fc from 'fast-check'
import all from 'it-all'
import { IPFSBlockStorage, Log, MemoryStorage } from '../../src/index.ts'
import { collect } from '../helpers/backups.ts'
import { deleteBlock } from '../helpers/node.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { assertIsWhole, createIdentities, createLogs, keysOf, openToAll, storedHeads } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { Block, Entry, Head } from '../../src/index.ts'

const collectStorage = async ({ storage }: Log<any>): Promise<Block[]> => await all(storage.iterator()) as Block[]

const setHeads = async (log: Log<any>, heads: Head[]): Promise<void> => {
  await log.headsStorage.put('heads', new TextEncoder().encode(JSON.stringify(heads.map(({ hash, next }) => ({ hash, next })))))
}

describe('Heals', () => {
  const { createReplica } = useReplicas()

  /** A database with entries on a node, and its state. */
  const createBackedUp = async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('log', { type: 'events', ...openToAll() })
    for (let i = 0; i < 20; i++) {
      await db.add(i)
    }
    const state = await collect(await db.export())
    return { ...replica, db, state }
  }

  /** Fails unless all of a state is on a node, pinned, also after garbage collection. */
  const assertIsKept = async ({ ipfs, db, state }: Pick<Awaited<ReturnType<typeof createBackedUp>>, 'ipfs' | 'db' | 'state'>): Promise<void> => {
    await ipfs.gc()
    const storage = await IPFSBlockStorage({ ipfs })
    const pins = new Set(await pinsOf(ipfs))
    for (const [hash] of state.blocks) {
      ok(pins.has(hash), `${hash} is pinned`)
      ok(await storage.get(hash, undefined, { offline: true }) != null, `${hash} is there`)
    }
    await assertIsWhole(db.log)
    const index = await keysOf(db.log.indexStorage)
    deepStrictEqual([...state.index.keys()].filter(hash => !index.includes(hash)), [])
  }

  it('lost pins', async () => {
    const { ipfs, db, state } = await createBackedUp()
    for await (const { cid } of ipfs.pins.ls()) {
      await drain(ipfs.pins.rm(cid))
    }
    deepStrictEqual(await db.import(state), { added: 0, mended: 20 })
    await assertIsKept({ ipfs, db, state })
    deepStrictEqual(await db.import(state), { added: 0, mended: 0 })
  })

  for (const isOpen of [true, false]) {
    it(`lost blocks, of a database that is ${isOpen ? 'open' : 'not open'}`, async () => {
      const { ipfs, orbitdb, db, state } = await createBackedUp()
      const lost = state.blocks.filter((block, i) => i % 2 === 0)
      for (const [hash] of lost) {
        await deleteBlock(ipfs, hash)
      }
      if (!isOpen) {
        await db.close()
      }
      const restored = await orbitdb.import<typeof db>(state, { sync: false })
      await assertIsKept({ ipfs, db: restored, state })
      strictEqual((await restored.log.values()).length, 20)
    })
  }

  it('lost heads and a lost index', async () => {
    const { ipfs, db, state } = await createBackedUp()
    await db.log.headsStorage.clear()
    const { added, mended } = await db.import(state)
    deepStrictEqual(added + mended, 20)
    await assertIsKept({ ipfs, db, state })
    await db.log.indexStorage.clear()
    await db.import(state)
    await assertIsKept({ ipfs, db, state })
  })

  it('entries that the index has and no head reaches, once they are verified', async () => {
    const [writer, other] = await createIdentities(['writer', 'other'])
    const entryStorage = await MemoryStorage()
    const [log] = await createLogs([writer], { entryStorage, access: { canAppend: async ({ identity }: Entry) => identity === writer.hash } as any })
    const [lost] = await createLogs([writer], { entryStorage })
    const [foreign] = await createLogs([other], { entryStorage })
    await log.append('local')
    for (const value of ['a', 'b']) {
      await log.indexStorage.put((await lost.append(value)).hash, true)
      await log.indexStorage.put((await foreign.append(value)).hash, true)
    }
    await rejects(log.import(await foreign.export()), { code: 'access-denied' })
    const { heads, added, mended } = await log.import(await lost.export())
    deepStrictEqual({ heads: heads.map(({ hash }) => hash), added, mended }, { heads: (await lost.heads()).map(({ hash }) => hash), added: 0, mended: 2 })
    strictEqual((await log.values()).length, 3)
  })

  it('heads that are not the latest, as of a log that was not closed well', async () => {
    const [writer] = await createIdentities(['writer'])
    const entryStorage = await MemoryStorage()
    const [full, log] = await createLogs([writer, writer], { entryStorage })
    for (let i = 0; i < 4; i++) await full.append(i)
    const [head] = await full.heads()
    await log.indexStorage.put(head.hash, true)
    await log.indexStorage.put(head.next[0], true)
    await setHeads(log, [head])
    const { heads } = await log.import(await full.export())
    deepStrictEqual(heads, [])
    await assertIsWhole(log)
    strictEqual((await keysOf(log.indexStorage)).length, 4)
  })

  it('and reads of the log that is there only what lies between its heads and those of the state', async () => {
    const readBy = async (count: number): Promise<number> => {
      const [writer] = await createIdentities(['writer'])
      const entryStorage = await MemoryStorage()
      let reads = 0
      const counted: typeof entryStorage = { ...entryStorage, get: async hash => { reads++; return entryStorage.get(hash) } }
      const [log, other] = await createLogs([writer, writer], { entryStorage: counted })
      for (let i = 0; i < count; i++) await log.append(i)
      await other.import(await log.export())
      for (let i = 0; i < 3; i++) await log.append(`here ${i}`)
      const before = new Set(await keysOf(other.indexStorage))
      for (let i = 0; i < 3; i++) await other.append(`there ${i}`)
      const { heads } = await other.export()
      const index = (await keysOf(other.indexStorage)).filter(hash => !before.has(hash))
      const blocks = await Promise.all([writer.hash, ...index].map(async (hash): Promise<Block> => [hash, hash === writer.hash ? writer.bytes : (await entryStorage.get(hash))!]))
      reads = 0
      deepStrictEqual((await log.import({ heads, index, blocks })).added, 3)
      const { length } = await log.heads()
      strictEqual(length, 2)
      return reads
    }
    const few = await readBy(20)
    ok(few > 0)
    strictEqual(await readBy(200), few)
  })

  it('any mixture of these', async function () {
    this.timeout(120_000)
    const writers = await createIdentities(['a', 'b', 'c'])
    const entryStorage = await MemoryStorage()
    const logs = await createLogs(writers, { entryStorage })
    for (let i = 0; i < 24; i++) {
      const log = logs[i % 3]
      await log.append(i)
      if (i % 4 === 3) {
        const from = logs[(i + 1) % 3]
        for (const head of await from.heads()) await log.joinEntry(head)
      }
    }
    for (const log of logs.slice(1)) {
      for (const head of await log.heads()) await logs[0].joinEntry(head)
    }
    const entries = await logs[0].values()
    const state = { ...await logs[0].export(), blocks: [] as Block[] }
    for (const { hash } of entries) {
      state.blocks.push([hash, (await entryStorage.get(hash))!])
    }
    const identityBlocks: Block[] = writers.map(({ hash, bytes }) => [hash, bytes])

    const subset = fc.uniqueArray(fc.nat(entries.length - 1), { maxLength: entries.length })
    await fc.assert(fc.asyncProperty(subset, subset, subset, fc.nat(3), async (indexed, headsAt, lostAt, local) => {
      const blocks = await MemoryStorage()
      for (const [i, block] of state.blocks.entries()) {
        if (!lostAt.includes(i)) await blocks.put(...block)
      }
      for (const block of identityBlocks) await blocks.put(...block)
      const pinned = new Set<string>()
      const log = await Log<any>(writers[0], {
        logId: 'log',
        entryStorage: { ...blocks, persist: async hash => { pinned.add(hash) } }
      })
      for (const i of indexed) await log.indexStorage.put(entries[i].hash, true)
      await setHeads(log, headsAt.slice(0, 3).map(i => entries[i]))

      const { added, mended } = await log.import({ ...state, blocks: state.blocks }, { blockStorage: { ...blocks, persist: async hash => { pinned.add(hash) } } })
      await assertIsWhole(log)
      deepStrictEqual(await keysOf(log.indexStorage), entries.map(({ hash }) => hash).sort())
      deepStrictEqual((await storedHeads(log)).map(({ hash }) => hash).sort(), (await storedHeads(logs[0])).map(({ hash }) => hash).sort())
      ok(state.blocks.every(([hash]) => pinned.has(hash)))
      ok(added <= entries.length && mended <= entries.length)

      // What is written then goes on from there
      for (let i = 0; i < local; i++) await log.append(i)
      strictEqual((await log.values()).length, entries.length + local)
      deepStrictEqual((await log.import(state, { blockStorage: blocks as any })).added, 0)
      await assertIsWhole(log)
    }), { numRuns: 150 })
  })

  describe('with repair, also what the state does not have:', () => {
    /** A database that was written to after its state was exported. */
    const createWithMore = async () => {
      const backedUp = await createBackedUp()
      for (let i = 20; i < 30; i++) {
        await backedUp.db.add(i)
      }
      return { ...backedUp, whole: await collect(await backedUp.db.export()) }
    }

    it('nothing, where nothing is wrong', async () => {
      const { db, state } = await createWithMore()
      deepStrictEqual(await db.import(state, { repair: true }), { added: 0, mended: 0 })
      deepStrictEqual(await db.import({ heads: [] }, { repair: true }), { added: 0, mended: 0 })
    })

    it('lost pins', async () => {
      const { ipfs, db, state, whole } = await createWithMore()
      for await (const { cid } of ipfs.pins.ls()) {
        await drain(ipfs.pins.rm(cid))
      }
      deepStrictEqual(await db.import(state, { repair: true }), { added: 0, mended: 30 })
      await assertIsKept({ ipfs, db, state: whole })
    })

    it('what is not in the index', async () => {
      const { ipfs, db, state, whole } = await createWithMore()
      await db.log.indexStorage.clear()
      const { added, mended } = await db.import(state, { repair: true })
      deepStrictEqual({ added, mended }, { added: 20, mended: 10 })
      await assertIsKept({ ipfs, db, state: whole })
    })

    it('what no head reaches, and heads that others follow, when it is opened', async () => {
      const { ipfs, orbitdb, db, state, whole } = await createWithMore()
      const values = await db.log.values()
      await setHeads(db.log, [values[24], values[5]])
      await db.close()
      const restored = await orbitdb.import<typeof db>(state, { sync: false, repair: true })
      await assertIsKept({ ipfs, db: restored, state: whole })
      deepStrictEqual((await storedHeads(restored.log)).map(({ hash }) => hash), whole.heads.map(({ hash }) => hash))
    })

    it('what is in the index and can not be in the log, which is taken out of it', async () => {
      const { ipfs, db, state, whole } = await createWithMore()
      const [other] = await createIdentities(['other'])
      const [foreign, here] = await Promise.all([Log<any>(other, { logId: 'foreign' }), Log<any>(other, { logId: db.address })])
      const entries = [await foreign.append(1), await here.append({ op: 'ADD', key: null, value: 'lost' }), await here.append({ op: 'ADD', key: null, value: 'found' })]
      const storage = await IPFSBlockStorage({ ipfs })
      for (const { hash } of [entries[0], entries[2]]) {
        await storage.put(hash, (await foreign.storage.get(hash) ?? await here.storage.get(hash))!)
        await db.log.indexStorage.put(hash, true)
      }
      await db.log.indexStorage.put(entries[1].hash, true)
      deepStrictEqual(await db.import(state, { repair: true, verify: 'signatures' }), { added: 0, mended: 3 })
      await assertIsKept({ ipfs, db, state: whole })

      // And can be joined or imported again
      const blocks = [[other.hash, other.bytes] as Block, ...await collectStorage(here)]
      strictEqual((await db.import({ ...await here.export(), blocks }, { verify: 'signatures' })).added, 2)
      await assertIsWhole(db.log)
    })

    it('and tells what is lost for good', async () => {
      const { ipfs, db, state, whole } = await createWithMore()
      const { hash } = (await db.log.values())[25]
      await deleteBlock(ipfs, hash)
      await rejects(db.import(state, { repair: true }), { code: 'block-missing', hash })
      await db.import(whole, { repair: true })
      await assertIsKept({ ipfs, db, state: whole })
    })
  })
})
