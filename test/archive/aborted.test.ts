// What is aborted, or fails, at whatever point: nothing is left open, pinned or half restored, and it can be done again.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import all from 'it-all'
import drain from 'it-drain'
import { archive, hashesOf } from '../helpers/archives.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { kinds } from '../helpers/helia.ts'
import { createNode, keysOn } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import {
  createBackup, createSnapshot, deleteSnapshot, diffBackups, inspectBackup, listSnapshots, mergeBackups, openBackup, OrbitDBAccessController, restoreBackup, verifyBackup
} from '../../src/index.ts'
import type { Node } from '../helpers/node.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Database, Events } from '../../src/index.ts'

/** Where Linux lists what a process has open. */
const fileDescriptors = '/proc/self/fd'

describe('What is aborted, or fails, at any point', () => {
  const { createReplica } = useReplicas()

  /** Called at each point: when something is asked of the node or of a source, and with each progress. */
  let point: () => void = () => {}
  /** How many pins Helia is about to set or to remove. */
  let walking = 0
  /** The sources that were opened and are not closed. */
  let opened = 0

  const watch = <Watched extends object> (watched: Watched, ...names: Array<keyof Watched>): void => {
    for (const name of names) {
      const method = watched[name] as (...args: unknown[]) => unknown
      watched[name] = function (this: unknown, ...args: unknown[]) {
        point()
        return method.apply(watched, args)
      } as any
    }
  }

  /** A stream, each chunk of which is a point. */
  const stream = (bytes: Uint8Array): AsyncIterable<Uint8Array> => ({
    async * [Symbol.asyncIterator] () {
      opened++
      try {
        for (let at = 0; at < bytes.length; at += 3000) {
          point()
          yield bytes.subarray(at, at + 3000)
        }
      } finally {
        opened--
      }
    }
  })

  let network: Node
  before(async () => { network = await createNode() })
  after(async () => { await network.stop() })

  const createWatched = async (): Promise<Replica> => {
    const ipfs = Object.assign(await kinds['Helia 7 in memory'](), { libp2p: network.libp2p })
    watch(ipfs.blockstore, 'get', 'getMany', 'put', 'putMany', 'has')
    watch(ipfs.pins, 'add', 'rm', 'isPinned', 'ls')
    for (const name of ['add', 'rm'] as const) {
      const method = ipfs.pins[name].bind(ipfs.pins)
      ipfs.pins[name] = async function * (...args: any) {
        // What fails while Helia goes through links rejects a promise that nobody has
        walking++
        try {
          yield * (method as any)(...args)
        } finally {
          walking--
        }
      }
    }
    return createReplica({ ipfs })
  }

  /** What is open, besides what was before. */
  const openNow = (): { files: number, opened: number, resources: number } => {
    return { files: existsSync(fileDescriptors) ? readdirSync(fileDescriptors).length : 0, opened, resources: process.getActiveResourcesInfo().filter(name => name !== 'Immediate').length }
  }

  /**
   * Does something, and then again with a signal that is aborted, or with something that throws, at each point on the way.
   *
   * @param check - fails unless all is as it was, after it was aborted
   */
  const atEachPoint = async (perform: (options: { signal: AbortSignal, onProgress: () => void }) => Promise<unknown>, check: () => Promise<void>): Promise<void> => {
    let points = 0
    const run = async (onPoint: () => void, signal = new AbortController().signal): Promise<unknown> => {
      point = () => {
        if (walking > 0) return
        points++
        onPoint()
      }
      try {
        return await perform({ signal, onProgress: () => point() })
      } finally {
        point = () => {}
      }
    }
    await run(() => {})
    const total = points
    ok(total > 3, `there are ${total} points`)
    const before = openNow()
    const reason = new Error('aborted here')
    let aborted = 0
    for (let i = 0; i < total; i += Math.ceil(total / 25)) {
      for (const throws of [false, true]) {
        points = 0
        const controller = new AbortController()
        await run(() => {
          if (points - 1 !== i) return
          if (throws) throw reason
          controller.abort(reason)
        }, controller.signal).catch(error => {
          aborted++
          const causes = []
          for (let cause = error; cause != null; cause = cause.cause) causes.push(cause)
          ok(causes.includes(reason), error)
        })
        await check()
      }
    }
    ok(aborted > 3, `${aborted} were aborted`)
    // Threads that check signatures may have ended meanwhile
    const isLeft = (): boolean => Object.entries(openNow()).some(([name, count]) => count > before[name as keyof typeof before])
    for (let i = 0; i < 100 && isLeft(); i++) await setTimeout(50)
    ok(!isLeft(), `${JSON.stringify(openNow())} are left of ${JSON.stringify(before)}`)
    await run(() => {})
    await check()
  }

  const create = async () => {
    const replica = await createWatched()
    const db = await replica.orbitdb.open<Events<number>>('database', { type: 'events', sync: false, AccessController: OrbitDBAccessController() } as object) as unknown as Events<number>
    for (let i = 0; i < 100; i++) await db.add(i)
    const early = await archive(db)
    for (let i = 0; i < 20; i++) await db.add(i)
    return { replica, db, early, late: await archive(db, { base: early }), whole: await archive(db) }
  }

  const pins = async ({ ipfs }: Replica): Promise<unknown> => pinsOf(ipfs)

  it('a backup, and one of what is new', async () => {
    const { replica, db, early, whole } = await create()
    const before = await pins(replica)
    const check = async (): Promise<void> => { deepStrictEqual(await pins(replica), before) }
    await atEachPoint(async options => deepStrictEqual(await archive(db, options), whole), check)
    await atEachPoint(options => drain(createBackup(db, { ...options, base: stream(early) })), check)
    await atEachPoint(options => createBackup(db, { ...options, base: { sources: [stream(early), early] } }).root, check)
    await db.add(1)
  }).timeout(120_000)

  it('a snapshot', async () => {
    const { replica, db, early } = await create()
    const before = await pins(replica)
    const keys = await keysOn(replica.ipfs)
    for (const base of [() => undefined, () => stream(early)]) {
      await atEachPoint(options => createSnapshot(db, { ...options, base: base() }), async () => {
        const made = await listSnapshots(replica.ipfs)
        ok(made.length <= 1)
        for (const { root } of made) await deleteSnapshot(replica.ipfs, root)
        await replica.ipfs.gc()
        deepStrictEqual([await pins(replica), await keysOn(replica.ipfs)], [before, keys])
      })
    }
  }).timeout(120_000)

  it('a verification, an inspection, a comparison and a merge', async () => {
    const { db, early, late, whole } = await create()
    const sources = () => ({ sources: [stream(late), stream(early)] })
    const check = async (): Promise<void> => { strictEqual(opened, 0) }
    await atEachPoint(options => verifyBackup(sources(), options), check)
    await atEachPoint(options => inspectBackup(sources(), options), check)
    await atEachPoint(options => diffBackups(sources(), db, options), check)
    await atEachPoint(async options => deepStrictEqual((await all(mergeBackups(sources().sources, options))).reduce((sum, { length }) => sum + length, 0), whole.length), check)
  }).timeout(120_000)

  it('a backup that is opened, and read', async () => {
    const { early, late } = await create()
    await atEachPoint(async options => {
      const backup = await openBackup({ sources: [stream(late), stream(early)] }, options)
      try {
        const db = await backup.open<Events<number>>('database')
        strictEqual((await db.all()).length, 120)
      } finally {
        await backup.close()
      }
    }, async () => { strictEqual(opened, 0) })
  }).timeout(120_000)

  it('a restore', async () => {
    const { db, early, late, replica: { stop } } = await create()
    const entries = new Set(await hashesOf(db))
    await stop()
    let replica: Replica | undefined
    await atEachPoint(async options => {
      const counted = point
      point = () => {}
      await replica?.stop()
      replica = await createWatched()
      point = counted
      const restored = await restoreBackup<Database>(replica.orbitdb, { sources: [stream(late), stream(early)] }, { ...options, sync: false } as object)
      strictEqual((await all(restored.log.iterator())).length, 120)
    }, async () => {
      strictEqual(opened, 0)
      const { ipfs, orbitdb, stop } = replica!
      const pinned = (await pinsOf(ipfs)).filter(hash => entries.has(hash)).length
      const restored = pinned === 0 ? undefined : await orbitdb.open(db.address, { sync: false } as object) as unknown as Events<number>
      ok(restored == null || (pinned === 120 && (await restored.all()).length === 120), `${pinned} entries are pinned`)
      await stop()
      replica = undefined
    })
  }).timeout(120_000)
})
