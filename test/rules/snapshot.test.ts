// Rule: heads and index are read together, between two writes; writers wait for that instant only.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import all from 'it-all'
import { IPFSBlockStorage, MemoryStorage } from '../../src/index.ts'
import { hashOf } from '../helpers/blocks.ts'
import { assertIsSnapshot, assertIsWhole, contentsOf, createIdentities, createLogs, createReplicaOf, keysOf, openToAll } from '../helpers/logs.ts'
import { deleteBlock } from '../helpers/node.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { AccessController, Database, DatabaseState, Events, OpenOptions, Storage } from '../../src/index.ts'

/** A storage of somebody else, which iterates over what is put meanwhile as well. */
function createLiveStorage (): Storage<any> {
  const map = new Map<string, unknown>()
  return {
    async put (hash, value) { map.set(hash, value) },
    async get (hash) { return map.get(hash) },
    async del (hash) { map.delete(hash) },
    async * iterator () { yield * map },
    async merge () {},
    async clear () { map.clear() },
    async close () {}
  }
}

const storages = {
  'LRU and Level': async () => ({}),
  Memory: async () => ({ headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }),
  'a live iterator': async () => ({ headsStorage: createLiveStorage(), indexStorage: createLiveStorage() })
} satisfies Record<string, () => Promise<OpenOptions>>

/** Creates a database that everyone may write to. */
async function createDatabase ({ orbitdb }: Replica, options?: OpenOptions): Promise<Events> {
  return orbitdb.open('log', { type: 'events', ...openToAll(), ...options })
}

/** Has something done, once, while the index of a database is being read. */
function whileIndexIsRead ({ log: { indexStorage } }: Database<any>, task: () => Promise<unknown>): void {
  let isDone = false
  const withTask = async function * <Item> (items: AsyncIterable<Item>): AsyncGenerator<Item> {
    for await (const item of items) {
      yield item
      if (!isDone) {
        isDone = true
        await task()
      }
    }
  }
  const { iterator, keys } = indexStorage
  indexStorage.iterator = options => withTask(iterator(options))
  if (keys != null) indexStorage.keys = () => withTask(keys())
}

/** Starts an export before and after each time that the heads of a database are written. */
function exportAsHeadsAreWritten (db: Database<any>): Array<Promise<DatabaseState>> {
  const { headsStorage } = db.log
  const { put } = headsStorage
  const exports: Array<Promise<DatabaseState>> = []
  const startExport = async () => {
    exports.push(db.export())
    await setTimeout(10)
  }
  headsStorage.put = async (...args) => {
    await startExport()
    await put(...args)
    await startExport()
  }
  return exports
}

const hashesOf = async ({ blocks }: Pick<DatabaseState, 'blocks'>): Promise<string[]> => (await all(blocks)).map(([hash]) => hash)

const isMissing = (hash: string) => (error: Error & { hash?: string }): boolean => {
  return error.name === 'MissingBlockError' && error.hash === hash && error.message.includes(hash)
}

describe('Snapshot', () => {
  const { createReplica } = useReplicas()

  for (const [name, createStorages] of Object.entries(storages)) {
    describe(`with ${name}`, () => {
      it('gives states of one instant while many write here and entries of a peer are joined', async () => {
        const [here, there] = [await createReplica(), await createReplica()]
        await connect(here, there)
        const db = await createDatabase(here, { ...await createStorages(), sync: true })
        const joined = new Promise(resolve => db.events.once('join', resolve))
        const peer = await there.orbitdb.open<Events>(db.address)
        await joined

        const write = async (to: Events, writer: string) => {
          for (let i = 0; i < 8; i++) {
            await to.add(`${writer} ${i}`)
          }
        }
        const written = Promise.all([write(db, 'a'), write(db, 'b'), write(db, 'c'), write(peer, 'd'), write(peer, 'e')])
        const states: DatabaseState[] = []
        while (states.at(-1)?.index.size !== 40) {
          states.push(await db.export())
        }
        await written

        for (const [i, state] of states.entries()) {
          await assertIsSnapshot(state)
          ok(i === 0 || [...states[i - 1].index.keys()].every(hash => state.index.has(hash)))
        }
        ok(new Set(states.map(({ index }) => index.size)).size > 5)
      })

      it('waits for the write that is under way', async () => {
        const replica = await createReplica()
        const db = await createDatabase(replica, await createStorages())
        const other = await createReplicaOf(db, replica, 'other')
        const exports = exportAsHeadsAreWritten(db)
        await db.add('appended')
        await db.log.joinEntry(await other.append('joined'))
        await other.append('imported')
        await db.import(await other.export())

        const states = await Promise.all(exports)
        for (const state of states) {
          await assertIsSnapshot(state)
        }
        deepStrictEqual([...new Set(states.map(({ index }) => index.size))], [1, 2, 3])
      })

      it('leaves out what is appended, joined and imported while the index is read', async () => {
        const replica = await createReplica()
        const db = await createDatabase(replica, await createStorages())
        const [joined, imported] = [await createReplicaOf(db, replica, 'joined'), await createReplicaOf(db, replica, 'imported')]
        await db.add('before')
        await db.add('before')
        await joined.join(db.log)
        const [head] = await joined.heads()
        const before = await contentsOf(db.log)
        let during: Promise<DatabaseState>

        whileIndexIsRead(db, async () => {
          await db.add('appended')
          await db.log.joinEntry(await joined.append('joined', { referencesCount: 2 }))
          await imported.append('imported')
          await db.import(await imported.export())
          during = db.export()
          await db.add('appended')
        })
        const state = await db.export()

        deepStrictEqual(state.heads, [{ hash: head.hash, next: head.next }])
        deepStrictEqual([...state.index.keys()].sort(), before.index)
        await assertIsSnapshot(state)
        strictEqual((await during!).index.size, before.index.length + 3)
        await assertIsSnapshot(await during!)
        strictEqual((await db.export()).index.size, before.index.length + 4)
      })
    })
  }

  it('waits for no join and no append that wait for an access controller, and nor does the other', async () => {
    const [writer, other] = await createIdentities(['writer', 'other'])
    const held = Promise.withResolvers<void>()
    const access = { canAppend: async ({ payload }: { payload: unknown }) => { await (payload === 'held' && held.promise); return true } }
    const [log] = await createLogs([writer], { access: access as unknown as AccessController })
    const [source] = await createLogs([other])

    const joining = log.joinEntry(await source.append('held'))
    await log.append('appended')
    const appending = log.append('held')
    strictEqual((await log.export()).index.size, 1)
    held.resolve()
    await Promise.all([joining, appending])
    strictEqual((await log.export()).index.size, 3)
    await assertIsWhole(log)
  })

  it('has what the heads lead to, also of a log that was not closed well', async () => {
    const replica = await createReplica()
    const db = await createDatabase(replica)
    const hashes = [await db.add('one'), await db.add('two'), await db.add('three')]
    await db.log.indexStorage.del(hashes[1])
    await db.log.indexStorage.del(hashes[2])
    const { blocks, ...state } = await db.export()
    const collected = await all(blocks)

    const { orbitdb } = await createReplica()
    const restored = await orbitdb.import({ ...state, blocks: collected }, { sync: false })
    deepStrictEqual(await keysOf(restored.log.indexStorage), [...hashes].sort())
    deepStrictEqual((await restored.log.values()).map(({ hash }) => hash), hashes)
  })

  describe('the blocks of a state', () => {
    it('are those of the manifest, the access controller, the identities of all writers and the entries, each once', async () => {
      const replica = await createReplica()
      const db = await createDatabase(replica)
      const others = [await createReplicaOf(db, replica, 'a'), await createReplicaOf(db, replica, 'b')]
      const unrelated = await replica.orbitdb.open('unrelated', { type: 'events', sync: false })
      await replica.orbitdb.identities.createIdentity({ id: 'reader' })
      await unrelated.add('unrelated')
      for (let i = 0; i < 3; i++) {
        await db.add(`own ${i}`)
        for (const other of others) {
          await db.log.joinEntry(await other.append(`other ${i}`))
        }
      }

      deepStrictEqual((await hashesOf(await db.export())).sort(), [
        hashOf(db.address),
        hashOf(db.access.address),
        db.identity.hash,
        ...others.map(({ identity }) => identity.hash),
        ...await keysOf(db.log.indexStorage)
      ].sort())
    })

    it('do not hold up writers while they are read, and take in nothing new', async () => {
      const db = await createDatabase(await createReplica())
      await db.add('before')
      await db.add('before')
      const index = await keysOf(db.log.indexStorage)
      const state = await db.export()

      const added: string[] = []
      const hashes: string[] = []
      for await (const [hash] of state.blocks) {
        added.push(await db.add('meanwhile'))
        hashes.push(hash)
      }
      deepStrictEqual(hashes.sort(), [hashOf(db.address), hashOf(db.access.address), db.identity.hash, ...index].sort())
      deepStrictEqual([...state.index.keys()].sort(), index)
      strictEqual((await keysOf(db.log.indexStorage)).length, index.length + added.length)
    })

    it('are read as they are asked for, each once', async () => {
      const replica = await createReplica()
      const entryStorage = await IPFSBlockStorage({ ipfs: replica.ipfs, pin: true })
      const db = await createDatabase(replica, { entryStorage, referencesCount: 0 })
      for (let i = 0; i < 250; i++) {
        await db.add(i)
      }
      const reads: string[] = []
      const { get } = entryStorage
      entryStorage.get = async (hash, ...args) => {
        reads.push(hash)
        return get(hash, ...args)
      }

      const { blocks, index } = await db.export()
      deepStrictEqual(reads, [])
      let entries = 0
      for await (const [hash] of blocks) {
        entries += index.has(hash) ? 1 : 0
        ok(reads.length <= entries + 100, `${reads.length} entries are read when ${entries} were asked for`)
      }
      deepStrictEqual(reads.sort(), [...index.keys()].sort())
    })

    it('can be iterated over again, and are still those of that instant', async () => {
      const db = await createDatabase(await createReplica())
      await db.add('before')
      const { blocks } = await db.export()
      const first = await all(blocks)
      await db.add('after')
      deepStrictEqual(await all(blocks), first)
      strictEqual(first.length, 4)
    })
  })

  describe('a missing block', () => {
    it('is an error that names it, whichever it is', async () => {
      const replica = await createReplica()
      const db = await createDatabase(replica)
      const other = await createReplicaOf(db, replica, 'other')
      const hash = await db.add('first')
      await db.log.joinEntry(await other.append('other'))
      await db.add('last')
      await db.close()

      for (const missing of [hash, other.identity.hash, hashOf(db.access.address)]) {
        const reopened = await replica.orbitdb.open(db.address, { sync: false })
        const { blocks } = await reopened.export()
        const bytes = new Map(await all(blocks)).get(missing)!
        await reopened.close()

        const incomplete = await replica.orbitdb.open(db.address, { sync: false })
        await deleteBlock(replica.ipfs, missing)
        const state = await incomplete.export()
        await rejects(hashesOf(state), isMissing(missing))
        await incomplete.close()
        await (await IPFSBlockStorage({ ipfs: replica.ipfs, pin: true })).put(missing, bytes)
      }

      const reopened = await replica.orbitdb.open(db.address, { sync: false })
      await deleteBlock(replica.ipfs, hashOf(db.address))
      await rejects(reopened.export(), isMissing(hashOf(db.address)))
    })

    it('is not looked for in the network, unless asked to', async () => {
      const [here, there] = [await createReplica(), await createReplica()]
      const original = await createDatabase(there)
      const missing = await original.add('first')
      await original.add('second')
      const db = await here.orbitdb.import(await original.export(), { sync: false })
      await db.close()
      await deleteBlock(here.ipfs, missing)
      await connect(here, there)

      const reopened = await here.orbitdb.open(db.address, { sync: false })
      await rejects(hashesOf(await reopened.export()), isMissing(missing))
      const hashes = await hashesOf(await reopened.export({ offline: false }))
      deepStrictEqual(hashes.sort(), (await hashesOf(await original.export())).sort())
    })
  })

  describe('a signal', () => {
    it('aborts an export', async () => {
      const db = await createDatabase(await createReplica())
      const reason = new Error('Changed my mind')
      await rejects(db.export({ signal: AbortSignal.abort(reason) }), reason)
    })

    it('ends the blocks, wherever they are', async () => {
      const db = await createDatabase(await createReplica())
      await db.add('first')
      await db.add('second')
      const total = (await hashesOf(await db.export())).length

      for (let wanted = 0; wanted < total; wanted++) {
        const controller = new AbortController()
        const reason = new Error('Changed my mind')
        const iterator = (await db.export({ signal: controller.signal })).blocks[Symbol.asyncIterator]()
        for (let i = 0; i < wanted; i++) {
          await iterator.next()
        }
        controller.abort(reason)
        await rejects(iterator.next(), reason, `after ${wanted} of ${total} blocks`)
      }
    })
  })

  it('costs writers nothing once its index is not wanted', async () => {
    const db = await createDatabase(await createReplica())
    const { indexStorage } = db.log
    let reads = 0
    for (const method of ['get', 'getMany'] as const) {
      const read = (indexStorage as any)[method]
      if (read != null) (indexStorage as any)[method] = (...args: unknown[]) => { reads++; return read(...args) }
    }
    const countReads = async (): Promise<number> => {
      reads = 0
      await db.add('value')
      return reads
    }
    const before = await countReads()
    const { hashes } = await db.log.snapshot()
    ok(await countReads() > before)
    await hashes.return()
    strictEqual(await countReads(), before)
    deepStrictEqual(await all(hashes), [])
  })
})
