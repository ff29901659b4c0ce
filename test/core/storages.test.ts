// What storages promise beyond OrbitDB 4.0.0: many values at once, pins apart from puts, and a cache that is never ahead.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import all from 'it-all'
import { ComposedStorage, IPFSBlockStorage, LevelStorage, Log, LRUStorage, MemoryStorage } from '../../src/index.ts'
import { encodeBlock, pinsOf } from '../helpers/blocks.ts'
import { createIdentities, keysOf } from '../helpers/logs.ts'
import { createNode } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { Node } from '../helpers/node.ts'
import type { Block, Storage } from '../../src/index.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('Storages', () => {
  const { createDirectory } = useReplicas()

  describe('many values', () => {
    const kinds: Record<string, () => Promise<Storage>> = {
      Level: async () => LevelStorage({ path: join(await createDirectory(), 'level') }),
      'Composed of LRU and Level': async () => ComposedStorage(await LRUStorage({ size: 2 }), await LevelStorage({ path: join(await createDirectory(), 'level') })),
      'Composed of two that have no way to get many': async () => ComposedStorage(await MemoryStorage(), await MemoryStorage())
    }

    for (const [kind, create] of Object.entries(kinds)) {
      it(`are put and got at once: ${kind}`, async () => {
        const storage = await create()
        await storage.putMany!([['a', bytes('1')], ['b', bytes('2')], ['c', bytes('3')]])
        await storage.get('b')
        const values = await storage.getMany!(['c', 'missing', 'a', 'b'])
        deepStrictEqual(values.map(value => value && new TextDecoder().decode(value)), ['3', undefined, '1', '2'])
        await storage.close()
      })
    }
  })

  describe('a composed storage', () => {
    const fail = async (): Promise<never> => { throw new Error('full') }

    it('iterates over each key once, also over those that are called as properties of arrays are', async () => {
      const [first, second] = [await MemoryStorage(), await MemoryStorage()]
      const storage = await ComposedStorage(first, second)
      for (const key of ['map', 'both']) await first.put(key, bytes('first'))
      for (const key of ['filter', 'both', 'length']) await second.put(key, bytes('second'))
      const found: string[] = []
      for await (const [key, value] of storage.iterator()) found.push(`${key} ${new TextDecoder().decode(value)}`)
      deepStrictEqual(found, ['map first', 'both first', 'filter second', 'length second'])
    })

    it('gives the keys of both, each once, many at a time', async () => {
      const [first, second] = [await LRUStorage(), await LevelStorage({ path: join(await createDirectory(), 'level') })]
      const storage = await ComposedStorage(first, second)
      const keys = Array.from({ length: 2500 }, (_, i) => `key ${i}`)
      await second.putMany!(keys.slice(500).map(key => [key, bytes(key)]))
      for (const key of keys.slice(0, 1000)) await first.put(key, bytes(key))
      const batches = await all(storage.keys!())
      ok(batches.length < 10)
      deepStrictEqual(batches.flat().sort(), keys.sort())
      await storage.close()
    })

    it('answers nothing that the second storage could not store', async () => {
      const second = await MemoryStorage()
      const storage = await ComposedStorage(await LRUStorage({ size: 10 }), { ...second, put: fail, putMany: fail, del: fail, clear: fail })
      await second.put('old', bytes('old'))
      await rejects(storage.put('old', bytes('new')), { message: 'full' })
      await rejects(storage.putMany!([['old', bytes('new')]]), { message: 'full' })
      await rejects(storage.del('old'), { message: 'full' })
      deepStrictEqual(await storage.get('old'), bytes('old'))
      await rejects(storage.clear(), { message: 'full' })
      deepStrictEqual(await storage.get('old'), bytes('old'))
    })

    it('keeps no value that was replaced while it was read', async () => {
      const second = await MemoryStorage()
      await second.put('key', bytes('old'))
      const released = Promise.withResolvers<void>()
      const storage = await ComposedStorage(await LRUStorage({ size: 10 }), {
        ...second,
        get: async key => {
          const value = await second.get(key)
          await released.promise
          return value
        }
      })
      const reading = storage.get('key')
      await setImmediate()
      await storage.put('key', bytes('new'))
      released.resolve()
      await reading
      deepStrictEqual(await storage.get('key'), bytes('new'))
    })
  })

  it('that are closed tell so, and not that there is nothing', async () => {
    const storage = await LevelStorage({ path: join(await createDirectory(), 'level') })
    await storage.put('key', bytes('value'))
    await storage.close()
    await rejects(storage.get('key'), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  })

  describe('pins', () => {
    let ipfs: Node
    let blocks: Block[]
    let hashes: string[]
    let before: string[]

    beforeEach(async () => {
      ipfs = await createNode()
      const storage = await IPFSBlockStorage({ ipfs })
      blocks = await Promise.all(Array.from({ length: 250 }, (_, i) => encodeBlock({ i })))
      hashes = blocks.map(([hash]) => hash)
      await storage.putMany!(blocks)
      const pinning = await IPFSBlockStorage({ ipfs, pin: true })
      await pinning.persist(hashes[0])
      before = await pinsOf(ipfs)
      deepStrictEqual(before, [hashes[0]])
    })

    afterEach(() => ipfs.stop())

    for (const offline of [true, false]) {
      it(`are added for many blocks at once, and taken back, but for those that were there${offline ? ', offline' : ''}`, async () => {
        const storage = await ComposedStorage(await LRUStorage({ size: 10 }), await IPFSBlockStorage({ ipfs, pin: true }))
        const pinned = await storage.persistMany!(hashes, undefined, { offline })
        deepStrictEqual([...pinned].sort(), hashes.slice(1).sort())
        deepStrictEqual(await pinsOf(ipfs), [...hashes].sort())
        deepStrictEqual(await storage.persistMany!(hashes, undefined, { offline }), [])
        await storage.unpersistMany!(pinned)
        deepStrictEqual(await pinsOf(ipfs), before)
      })
    }

    it('and puts that are aborted fail with the reason', async () => {
      const directory = await createDirectory()
      const node = await createNode(directory)
      const storage = await IPFSBlockStorage({ ipfs: node, pin: true })
      const controller = new AbortController()
      const putting = storage.putMany!(blocks, controller.signal)
      controller.abort(new Error('aborted'))
      await rejects(putting, { message: 'aborted' })
      await node.stop()
    })

    it('and puts that are aborted at any moment leave no rejection to nobody', async () => {
      const node = await createNode(await createDirectory())
      const storage = await IPFSBlockStorage({ ipfs: node, pin: true })
      for (const [i, [hash, bytes]] of blocks.entries()) {
        const controller = new AbortController()
        const putting = storage.put(hash, bytes, controller.signal).catch(() => {})
        for (let turn = 0; turn < i % 25; turn++) await setImmediate()
        controller.abort(new Error('aborted'))
        await putting
      }
      await node.stop()
    })

    it('are all taken back when a block is missing', async () => {
      const storage = await IPFSBlockStorage({ ipfs, pin: true })
      const [missing] = await encodeBlock('missing')
      await rejects(storage.persistMany!([...hashes, missing], undefined, { offline: true }), { code: 'block-missing', hash: missing })
      deepStrictEqual(await pinsOf(ipfs), before)
    })

    it('are all taken back when it is aborted, and no other is added', async () => {
      const storage = await IPFSBlockStorage({ ipfs, pin: true })
      const controller = new AbortController()
      const { add } = ipfs.pins
      let count = 0
      ipfs.pins.add = function (...args) {
        if (++count === 10) {
          controller.abort(new Error('aborted'))
        }
        return add.apply(ipfs.pins, args)
      }
      await rejects(storage.persistMany!(hashes, controller.signal, { offline: true }), { message: 'aborted' })
      strictEqual(count < hashes.length, true)
      deepStrictEqual(await pinsOf(ipfs), before)
    })
  })

  for (const many of [true, false]) {
    it(`an import is aborted while they pin ${many ? 'many blocks at once' : 'block by block'}`, async () => {
      const [writer] = await createIdentities(['writer'])
      const memory = await MemoryStorage()
      const full = await Log(writer, { logId: 'log', entryStorage: memory })
      for (let i = 0; i < 1200; i++) {
        await full.append(i)
      }
      const controller = new AbortController()
      const pinned = new Set<string>()
      const persist = async (hash: string): Promise<void> => {
        if (pinned.add(hash).size === 10) {
          controller.abort(new Error('aborted'))
        }
        await setImmediate()
      }
      const persistMany = async (hashes: string[]): Promise<string[]> => {
        await Promise.all(hashes.map(persist))
        return hashes
      }
      const unpersistMany = async (hashes: string[]): Promise<void> => { hashes.forEach(hash => pinned.delete(hash)) }
      const entryStorage = { ...memory, persist, ...(many && { persistMany, unpersistMany }) }
      const log = await Log(writer, { logId: 'log', entryStorage })
      await rejects(log.import(await full.export(), { verify: false, signal: controller.signal }), { message: 'aborted' })
      strictEqual(pinned.size, many ? 0 : 10)
      deepStrictEqual(await keysOf(log.indexStorage), [])
      deepStrictEqual(await keysOf(log.headsStorage), [])
    })
  }
})
