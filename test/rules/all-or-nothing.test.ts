// Rule: a failed or killed import leaves the log as it was, or complete after the next open.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import sinon from 'sinon'
import { ComposedStorage, IPFSAccessController, IPFSBlockStorage, KeyValue, KeyValueIndexed, LevelStorage, Log, LRUStorage, MemoryStorage } from '../../src/index.ts'
import { collect, putBlocks } from '../helpers/backups.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { assertIsWhole, contentsOf, createIdentities, keysOf } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { ImporterJob } from '../helpers/importer.ts'
import type { Contents } from '../helpers/logs.ts'
import type { Block, ImportOptions, OpenOptions, Operation, RestoreState, Storage } from '../../src/index.ts'

const importer = fileURLToPath(import.meta.resolve('../helpers/importer.ts'))

/** Imports in a process of its own, which is killed as soon as it took certain steps. */
async function importAndKill (jobs: ImporterJob[], isLast: (steps: string[]) => boolean): Promise<void> {
  const steps: string[] = []
  const child = fork(importer, [JSON.stringify(jobs)])
  child.on('message', (step: string) => {
    steps.push(step)
    if (!child.killed && isLast(steps)) {
      child.kill('SIGKILL')
    }
  })
  const [code] = await once(child, 'exit')
  ok(child.killed || code === 0, 'the importer failed')
}

type Stored = Omit<Contents, 'values'>

/** What a database stores of its log, which has to fit together. */
async function storedIn ({ log }: KeyValue): Promise<Stored> {
  await assertIsWhole(log)
  const { heads, index } = await contentsOf(log)
  return { heads, index }
}

/** The values of a database by their keys, from its index where it has one. */
async function recordsOf (db: KeyValue): Promise<Record<string, unknown>> {
  return Object.fromEntries((await all(db.iterator())).map(({ key, value }) => [key, value]))
}

/** A state, and what there is once it is imported. */
interface Target {
  state: CollectedState
  /** A file with the state */
  file: string
  /** The records of the state alone */
  records: Record<string, unknown>
  /** What is stored of the log, beside the entries of the template */
  complete: Stored
}

describe('All or nothing', () => {
  const { createDirectory, createReplica } = useReplicas()

  /** A directory for all tests; its `replica` is a node with a part of the database, and entries that no state has. */
  let directory: string
  let address: string
  let asItWas: Stored
  let few: Target
  /** The database after `few`: its head follows the head of that at some distance. */
  let later: Target
  let many: Target

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    const { orbitdb, stop } = await createReplica({ directory: join(directory, 'replica') })
    const AccessController = IPFSAccessController({ write: ['*'] })
    const db = await orbitdb.open('log', { type: 'keyvalue', AccessController, sync: false })
    address = db.address
    await db.put('shared', 0)
    const shared = await collect(await db.export())
    await db.put('local', 1)
    await db.put('local', 2)
    asItWas = await storedIn(db)
    await stop()

    const [writer] = await createIdentities(['writer'])
    const entryStorage = await MemoryStorage()
    const records: Record<string, unknown> = { shared: 0 }
    for (const block of [...shared.blocks, [writer.hash, writer.bytes] as const]) {
      await entryStorage.put(...block)
    }
    const log = await Log<Operation>(writer, { logId: address, entryStorage })
    await log.import(shared, { verify: false })

    const write = async (count: number): Promise<Target> => {
      for (let i = 0; i < count; i++) {
        const key = `key ${i % 100}`
        await log.append({ op: 'PUT', key, value: i })
        records[key] = i
      }
      const { heads, index } = await log.export()
      const state = { ...shared, heads, index: new Set(index), blocks: await all(entryStorage.iterator()) as Block[] }
      const file = join(directory, `${index.size} entries`)
      await writeFile(file, dagCbor.encode({ ...state, index: [...index.keys()] }))
      const complete = {
        heads: [...asItWas.heads, ...heads.map(({ hash }) => hash)].sort(),
        index: [...new Set([...asItWas.index, ...index.keys()])].sort()
      }
      return { state, file, records: { ...records }, complete }
    }
    few = await write(50)
    later = await write(3)
    many = await write(1000)
  })

  after(() => rm(directory, { recursive: true }))

  it('an import that fails goes no further', async () => {
    const { db } = await open(await copyReplica())
    const missing = few.state.heads[0].hash.replace(/....$/, '1111')
    let done = 0
    let atError: number | undefined
    await rejects(db.import({ ...many.state, index: [...many.state.index.keys(), missing] }, { verify: false, onProgress: () => { done++ } }), () => {
      atError = done
      return true
    })
    await setTimeout(200)
    strictEqual(done, atError)
    deepStrictEqual(await storedIn(db), asItWas)
  })

  it('a storage may pin without a promise, and fail so', async () => {
    for (const persist of [() => {}, () => { throw new Error('full') }]) {
      const entryStorage = { ...await MemoryStorage(), persist: persist as () => Promise<void> }
      const log = await Log((await createIdentities(['reader']))[0], { logId: address, entryStorage })
      for (const block of few.state.blocks) await entryStorage.put(...block)
      const imported = log.import(few.state, { verify: false })
      await (persist.length === 0 && String(persist).includes('throw') ? rejects(imported, { message: 'full' }) : imported)
      await log.close()
    }
  })

  /** Creates a directory with a copy of a node. */
  const copyOf = async (from: string, to?: string): Promise<string> => {
    to ??= await createDirectory()
    await cp(from, to, { recursive: true })
    return to
  }

  /** Creates a directory with a copy of the node that has a part of the database. */
  const copyReplica = async (to?: string): Promise<string> => copyOf(join(directory, 'replica'), to)

  /** Starts a node and opens its database. */
  const open = async (directory: string, { Database = KeyValue(), ...options }: OpenOptions & { Database?: ReturnType<typeof KeyValue> } = {}) => {
    const replica = await createReplica({ directory })
    const db = await replica.orbitdb.open(address, { Database, sync: false, ...options })
    return { ...replica, db }
  }

  /** Has a database join an entry from the middle of a state, and then its heads. */
  const joinEntries = async ({ orbitdb, db: { log } }: Awaited<ReturnType<typeof open>>, { state }: Target): Promise<void> => {
    await putBlocks(orbitdb, state)
    const middle = [...state.index.keys()][state.index.size >> 1]
    for (const hash of [middle, ...state.heads.map(({ hash }) => hash)]) {
      await log.joinEntry((await log.get(hash))!)
    }
  }

  describe('an import that is killed', () => {
    const steps: Record<string, Omit<ImporterJob, 'directory' | 'file'>> = {
      'before its note is written': { stopAt: ['heads.putMany', 1] },
      'before the heads are written': { stopAt: ['heads.putMany', 2] },
      'before the index is written': { stopAt: ['index.putMany', 1] },
      'as the index is written, one by one': { stopAt: ['index.put', 20], oneByOne: true },
      'before its note is removed': { stopAt: ['heads.del', 1] },
      'as its note is removed': { stopAt: ['heads.del', 2] },
      'before the index of a KeyValueIndexed is updated': { stopAt: ['heads.del is done', 2], indexed: true }
    }

    /** The directory of the node whose import was killed at a step. */
    const killed = (when: string): string => join(directory, when)

    before(async () => {
      const jobs = Object.entries(steps).map(([when, step]) => ({ ...step, directory: killed(when), file: few.file }))
      await Promise.all(jobs.map(job => copyReplica(job.directory)))
      await importAndKill(jobs, steps => steps.filter(step => step === 'stopped').length === jobs.length)
    })

    /** The keys beside the heads of the node whose import was killed at a step. */
    const keysOfHeads = async (when: string): Promise<string[]> => {
      const headsStorage = await LevelStorage({ path: join(killed(when), 'orbitdb', address, 'log', '_heads') })
      const keys = await keysOf(headsStorage)
      await headsStorage.close()
      return keys
    }

    for (const [when, keys] of [['before its note is written', ['heads']], ['before the heads are written', ['heads', 'import/0']]] as const) {
      it(`${when} leaves the log as it was, and shuts no entry out`, async () => {
        deepStrictEqual(await keysOfHeads(when), keys)

        const replica = await open(killed(when))
        deepStrictEqual(await keysOf(replica.db.log.headsStorage), ['heads'])
        deepStrictEqual(await storedIn(replica.db), asItWas)
        await joinEntries(replica, few)
        deepStrictEqual(await storedIn(replica.db), few.complete)
      })
    }

    const noted = {
      'before the index is written': ['heads', 'import', 'import/0'],
      'as the index is written, one by one': ['heads', 'import', 'import/0'],
      'before its note is removed': ['heads', 'import', 'import/0'],
      'as its note is removed': ['heads', 'import/0']
    }
    for (const [when, keys] of Object.entries(noted)) {
      it(`${when} leaves a log that the next open completes`, async () => {
        deepStrictEqual(await keysOfHeads(when), keys)

        const { db } = await open(await copyOf(killed(when)))
        deepStrictEqual(await storedIn(db), few.complete)
        deepStrictEqual(await keysOf(db.log.headsStorage), ['heads'])
        strictEqual((await db.import(few.state)).added, 0)
        deepStrictEqual(await storedIn(db), few.complete)
      })

      it(`${when} leaves a log that stock OrbitDB reads and writes, and that is complete here after that`, async () => {
        const directory = await copyOf(killed(when))
        const { orbitdb, stop } = await createReplica({ directory, stock: true })
        const stock = await orbitdb.open<KeyValue>(address, { type: 'keyvalue', sync: false })
        const records = { ...few.records, local: 2 }
        deepStrictEqual(await recordsOf(stock), records)
        const hashes = [await stock.put('stock', 1), await stock.put('stock', 2)]
        await stop()

        const { db } = await open(directory)
        deepStrictEqual(await recordsOf(db), { ...records, stock: 2 })
        deepStrictEqual(await storedIn(db), { heads: [hashes[1]], index: [...few.complete.index, ...hashes].sort() })
      })
    }

    it('before the index of a KeyValueIndexed is updated leaves it right after the next open', async () => {
      const { db } = await open(killed('before the index of a KeyValueIndexed is updated'), { Database: KeyValueIndexed() })
      deepStrictEqual(await recordsOf(db), few.records)
    })

    it('as the index of a KeyValueIndexed is updated leaves it right after the next open', async () => {
      const directory = await copyReplica()
      await importAndKill([{ directory, file: many.file, indexed: true }], steps => steps.at(-1) === 'heads.del is done')

      const { db } = await open(directory, { Database: KeyValueIndexed() })
      deepStrictEqual(await recordsOf(db), many.records)
    })

    it('at any time leaves the log as it was or complete, and can be done again', async () => {
      for (const { state, file, complete } of [few, many]) {
        const last = randomInt(state.blocks.length + 2 * state.index.size)
        const directory = await copyReplica()
        await importAndKill([{ directory, file }], steps => steps.length > last)

        const { db } = await open(directory)
        const stored = await storedIn(db)
        const isComplete = stored.index.length > asItWas.index.length
        deepStrictEqual(stored, isComplete ? complete : asItWas, `killed at step ${last}`)
        strictEqual((await db.import(state, { verify: false })).added > 0, !isComplete)
        deepStrictEqual(await storedIn(db), complete, `imported again after step ${last}`)
      }
    })
  })

  describe('an import that fails', () => {
    type Disk = 'heads' | 'index'
    type Write = 'put' | 'putMany' | 'del'

    /** Opens the database on storages that are as its own, and gives what is under their caches. */
    const openOnDisks = async () => {
      const directory = await copyReplica()
      const createDisk = (name: Disk) => LevelStorage<any>({ path: join(directory, 'orbitdb', address, 'log', `_${name}`) })
      const createCache = async (disk: Storage<any>) => ComposedStorage(await LRUStorage<any>({ size: 1000 }), disk)
      const disks = { heads: await createDisk('heads'), index: await createDisk('index') }
      const storages = { headsStorage: await createCache(disks.heads), indexStorage: await createCache(disks.index) }
      return { disks, ...await open(directory, storages) }
    }

    const diskFull = { message: 'disk full' }

    /** Has a disk fail once, at the first or another write, when a part of what is to write is written. */
    const failOnce = (disk: Storage<any>, [method, number]: [Write, number], done: number): void => {
      const write = disk[method] as (...args: any[]) => Promise<void>
      sinon.stub(disk, method).callThrough().onCall(number - 1).callsFake(async (...args: any[]) => {
        if (done === 1) {
          await write(...args)
        } else if (done > 0) {
          await write([...args[0]].slice(0, args[0].length * done))
        }
        throw Object.assign(new Error(), diskFull)
      })
    }

    const faults: Record<string, [disk: Disk, write: [Write, number], done: number, isCommitted: boolean]> = {
      'before its note is written': ['heads', ['putMany', 1], 0, false],
      'after its note is written': ['heads', ['putMany', 1], 1, false],
      'before the heads are written': ['heads', ['putMany', 2], 0, false],
      'after the heads are written': ['heads', ['putMany', 2], 1, false],
      'before the index is written': ['index', ['putMany', 1], 0, true],
      'when half of the index is written': ['index', ['putMany', 1], 0.5, true],
      'after the index is written': ['index', ['putMany', 1], 1, true],
      'before its note is removed': ['heads', ['del', 1], 0, true],
      'as its note is removed': ['heads', ['del', 2], 0, true]
    }

    for (const [when, [disk, write, done, isCommitted]] of Object.entries(faults)) {
      const importFew = async (db: KeyValue): Promise<void> => {
        const imported = db.import(few.state, { verify: false })
        await (isCommitted ? imported : rejects(imported, diskFull))
      }

      it(`${when} ${isCommitted ? 'is complete all the same' : 'leaves the log as it was'}, also after the next open`, async () => {
        const { db, disks, directory, stop } = await openOnDisks()
        failOnce(disks[disk], write, done)
        await importFew(db)
        const { heads, index } = await db.log.export()
        const expected = isCommitted ? few.complete : asItWas
        deepStrictEqual({ heads: heads.map(({ hash }) => hash).sort(), index: [...index.keys()].sort() }, expected)
        await stop()

        const reopened = await open(directory)
        deepStrictEqual(await storedIn(reopened.db), expected)
        deepStrictEqual(await keysOf(reopened.db.log.headsStorage), ['heads'])
      })

      it(`${when} can be done again, whatever was written since`, async () => {
        const { disks, ...replica } = await openOnDisks()
        const { db, directory, stop } = replica
        failOnce(disks[disk], write, done)
        await importFew(db)
        const hash = await db.put('local', 3)
        await joinEntries(replica, later)
        const complete: Stored = {
          heads: [hash, ...later.state.heads.map(({ hash }) => hash)].sort(),
          index: [hash, ...later.complete.index].sort()
        }
        deepStrictEqual(await storedIn(db), complete)
        await db.import(few.state, { verify: false })
        deepStrictEqual(await storedIn(db), complete)
        await stop()

        const reopened = await open(directory)
        deepStrictEqual(await storedIn(reopened.db), complete)
      })
    }

    /** Has nothing more written to disks once an import has written a part. */
    const importOnFullDisks = async (disk: Disk, write: [Write, number], done: number) => {
      const { disks, ...replica } = await openOnDisks()
      failOnce(disks[disk], write, done)
      const stubs = Object.values(disks).flatMap(disk => [sinon.stub(disk, 'put'), sinon.stub(disk, 'del')])
      stubs.forEach(stub => stub.rejects(Object.assign(new Error(), diskFull)))
      const imported = await replica.db.import(few.state, { verify: false }).then(() => true, () => false)
      return { ...replica, stubs, imported }
    }

    it('on a disk that stays full is complete once the heads are written, and the next write tells that it is full', async () => {
      const { db, imported, directory, stop } = await importOnFullDisks('index', ['putMany', 1], 0.5)
      ok(imported)
      await rejects(db.put('key', 1), diskFull)
      deepStrictEqual([...(await db.log.export()).index.keys()].sort(), few.complete.index)
      await stop()

      const reopened = await open(directory)
      deepStrictEqual(await storedIn(reopened.db), few.complete)
    })

    it('on a disk that stays full leaves a log that is complete or as it was after the next open, where it can not be undone', async () => {
      const { db, imported, directory, stop } = await importOnFullDisks('heads', ['putMany', 2], 1)
      ok(!imported)
      await rejects(db.put('key', 1), diskFull)
      await stop()

      const reopened = await open(directory)
      deepStrictEqual(await storedIn(reopened.db), few.complete)
    })

    for (const [when, disk, write, done] of [
      ['once its heads are written', 'index', ['putMany', 1], 0.5],
      ['before its heads are written', 'heads', ['putMany', 2], 0],
      ['as its heads are written', 'heads', ['putMany', 2], 1]
    ] as Array<[string, Disk, [Write, number], number]>) {
      it(`on a disk that is full for a while, ${when}, leaves nothing that stands in the way of others`, async () => {
        const { stubs, ...replica } = await importOnFullDisks(disk, write, done)
        stubs.forEach(stub => stub.restore())
        await joinEntries(replica, later)
        deepStrictEqual(await storedIn(replica.db), later.complete)
        await replica.stop()

        const { db } = await open(replica.directory)
        deepStrictEqual(await storedIn(db), later.complete)
      })

      it(`on a disk that is full for a while, ${when}, can be done again, after another that began at the same time`, async () => {
        const { disks, ...replica } = await openOnDisks()
        const { db, directory, stop } = replica
        failOnce(disks[disk], write, done)
        sinon.stub(disks.heads, 'put').callThrough().onFirstCall().rejects(Object.assign(new Error(), diskFull))
        sinon.stub(disks.index, 'del').callThrough().onFirstCall().rejects(Object.assign(new Error(), diskFull))
        const [writer] = await createIdentities(['another'])
        const another = await Log<Operation>(writer, { logId: address })
        await another.append({ op: 'PUT', key: 'another', value: 1 })
        await another.append({ op: 'PUT', key: 'another', value: 2 })
        const state = { ...await another.export(), blocks: [[writer.hash, writer.bytes], ...await all(another.storage.iterator())] as Block[] }
        await Promise.allSettled([db.import(few.state, { verify: false }), db.import(state, { verify: false })])

        await db.import(few.state, { verify: false })
        await db.import(state, { verify: false })
        const complete = {
          heads: [...few.complete.heads, ...state.heads.map(({ hash }) => hash)].sort(),
          index: [...few.complete.index, ...state.index.keys()].sort()
        }
        deepStrictEqual(await storedIn(db), complete)
        await stop()

        const reopened = await open(directory)
        deepStrictEqual(await storedIn(reopened.db), complete)
      })
    }

    it('and could not be undone at first is as if it had not failed for a KeyValueIndexed when it is done again', async () => {
      const { db } = await open(await copyReplica(), { Database: KeyValueIndexed() })
      const updates: string[] = []
      db.events.on('update', ({ hash }) => updates.push(hash))
      for (const method of ['putMany', 'put'] as const) {
        sinon.stub(db.log.headsStorage, method).callThrough().onFirstCall().rejects(Object.assign(new Error(), diskFull))
      }
      await rejects(db.import(few.state, { verify: false }), diskFull)

      ok((await db.import(few.state, { verify: false })).added > 0)
      deepStrictEqual(updates, few.state.heads.map(({ hash }) => hash))
      deepStrictEqual(await recordsOf(db), few.records)
    })

    const interrupted: Record<string, () => [state: RestoreState, options: ImportOptions]> = {
      'as the blocks are read': () => [{
        ...few.state,
        blocks: (function * () {
          yield * few.state.blocks.slice(0, 20)
          throw Object.assign(new Error(), diskFull)
        })()
      }, {}],
      'as it tells of its progress': () => [few.state, {
        onProgress: ({ detail: { done } }) => {
          if (done === 20) {
            throw Object.assign(new Error(), diskFull)
          }
        }
      }],
      'as it is aborted': () => {
        const controller = new AbortController()
        const onProgress = () => controller.abort(Object.assign(new Error(), diskFull))
        return [few.state, { signal: controller.signal, onProgress }]
      }
    }

    for (const [when, create] of Object.entries(interrupted)) {
      it(`${when} leaves the log and the pins as they were`, async () => {
        const { db, ipfs } = await open(await copyReplica())
        await db.import({ ...few.state, heads: [], index: [] })
        const pins = await pinsOf(ipfs)
        const [state, options] = create()
        await rejects(db.import(state, options), diskFull)
        deepStrictEqual(await storedIn(db), asItWas)
        deepStrictEqual(await pinsOf(ipfs), pins)
      })
    }

    for (const isFull of [false, true]) {
      it(`after another one pinned the same ${isFull ? 'and can not pin it again then leaves log and pins as they were' : 'pins it again'}, when that one takes its pins back`, async () => {
        const { db, ipfs } = await open(await copyReplica())
        const pins = await pinsOf(ipfs)
        const blockStorage = await IPFSBlockStorage({ ipfs, pin: true })
        const importWith = (commit: () => Promise<void>) => db.log.import(few.state, {
          blockStorage,
          openAccess: async () => ({ canAppend: async () => true, commit, close: () => {} })
        } as ImportOptions)

        const pinned = Promise.withResolvers<void>()
        const ended = Promise.withResolvers<void>()
        const failing = rejects(importWith(async () => { pinned.resolve(); await ended.promise; throw new Error('refused') }), { message: 'refused' })
        await pinned.promise
        const importing = importWith(async () => {
          ended.resolve()
          await failing
          if (isFull) {
            sinon.stub(ipfs.pins, 'add').throws(Object.assign(new Error(), diskFull))
          }
        })
        await (isFull ? rejects(importing, diskFull) : importing)
        deepStrictEqual(await storedIn(db), isFull ? asItWas : few.complete)
        const identities = few.state.blocks.map(([hash]) => hash).filter(hash => !few.state.index.has(hash) && !address.endsWith(hash))
        const entries = few.complete.index.filter(hash => few.state.index.has(hash))
        deepStrictEqual(await pinsOf(ipfs), isFull ? pins : [...new Set([...pins, ...identities, ...entries])].sort())
      })
    }
  })
})
