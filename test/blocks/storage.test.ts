import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import drain from 'it-drain'
import { base58btc } from 'multiformats/bases/base58'
import sinon from 'sinon'
import { encodeBlock, toCID } from '../helpers/blocks.ts'
import { useHelia } from '../helpers/helia.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { createBlocks, createEntryStorage } from '../../src/blocks/index.ts'
import { IPFSBlockStorage } from '../../src/index.ts'
import type { Node } from '../helpers/node.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Block, StorageOptions } from '../../src/index.ts'
import type { Blocks } from '../../src/blocks/index.ts'

const createEntries = (count: number): Promise<Block[]> => Promise.all(Array.from({ length: count }, (_, i) => encodeBlock({ entry: i })))

const hashesOf = (entries: Block[]): string[] => entries.map(([hash]) => hash)

describe('Entry storage', () => {
  const { create } = useHelia()
  const { createReplica } = useReplicas()

  /** Creates a storage, and counts how many entries are asked for at once. */
  const createStorage = async (ipfs: Node) => {
    const blocks = await createBlocks(ipfs)
    const calls: Array<[keyof Blocks, number]> = []
    const counting: Blocks = {
      ...blocks,
      getMany: async (names, options) => {
        calls.push(['getMany', names.length])
        return blocks.getMany(names, options)
      },
      pinMany: async (names, options) => {
        if (names.length > 0) calls.push(['pinMany', names.length])
        return blocks.pinMany(names, options)
      }
    }
    return { blocks, calls, storage: await createEntryStorage(ipfs, counting) }
  }

  it('reads and pins at once what is asked for at once', async () => {
    const { blocks, calls, storage } = await createStorage(await create())
    const entries = await createEntries(100)
    await blocks.putMany(entries)
    const bytes = await Promise.all(hashesOf(entries).map(hash => storage.get(hash)))
    deepStrictEqual(bytes.map(bytes => Uint8Array.from(bytes!)), entries.map(([, bytes]) => bytes))
    await Promise.all(hashesOf(entries).map(hash => storage.persist(hash)))
    deepStrictEqual(await blocks.arePinned(hashesOf(entries)), entries.map(() => true))
    deepStrictEqual(calls, [['getMany', 100], ['pinMany', 100]])
  })

  it('reads again from memory', async () => {
    const { blocks, calls, storage } = await createStorage(await create())
    const entries = await createEntries(1)
    await blocks.putMany(entries)
    deepStrictEqual(await storage.get(entries[0][0]), await storage.get(entries[0][0]))
    strictEqual(calls.length, 1)
  })

  it('stores and pins an entry', async () => {
    const node = await create()
    const { blocks, storage } = await createStorage(node)
    const [[hash, bytes]] = await createEntries(1)
    await storage.put(hash, bytes)
    deepStrictEqual(await blocks.arePinned([hash]), [true])
    await node.gc()
    deepStrictEqual((await blocks.getMany([hash])).map(bytes => Uint8Array.from(bytes!)), [bytes])
  })

  it('pins what an entry links to', async () => {
    const node = await create()
    const { blocks, storage } = await createStorage(node)
    const linked = await encodeBlock('linked')
    const entry = await encodeBlock({ payload: { link: toCID(linked[0]) } })
    await blocks.putMany([linked, entry])
    await storage.persist(entry[0])
    await node.gc()
    deepStrictEqual(await blocks.hasMany([linked[0], entry[0]]), [true, true])
    await drain(node.pins.rm(toCID(entry[0]) as any))
    deepStrictEqual(await blocks.arePinned([linked[0], entry[0]]), [false, false])
  })

  it('pins just the entry when it is offline, as what it links to may be missing', async () => {
    const node = await create()
    const { blocks, storage } = await createStorage(node)
    const [missing, linked] = [await encodeBlock('missing'), await encodeBlock('linked')]
    const entry = await encodeBlock({ payload: [toCID(missing[0]), toCID(linked[0])] })
    await blocks.putMany([linked, entry])
    const persist: (hash: string, signal: undefined, options: StorageOptions) => Promise<void> = storage.persist
    await persist(entry[0], undefined, { offline: true })
    await node.gc()
    deepStrictEqual(await blocks.hasMany([linked[0], entry[0]]), [false, true])
  })

  it('has nothing of what is missing, when it is offline', async () => {
    const { storage } = await createStorage(await create())
    const [[hash]] = await createEntries(1)
    strictEqual(await storage.get(hash, undefined, { offline: true }), undefined)
  })

  it('looks for what is missing in the network, when it is not', async () => {
    const [a, b] = [await createReplica(), await createReplica()]
    await connect(a, b)
    const [[hash, bytes]] = await createEntries(1)
    await (await createStorage(b.ipfs)).storage.put(hash, bytes)
    const { storage } = await createStorage(a.ipfs)
    deepStrictEqual(Uint8Array.from((await storage.get(hash))!), bytes)
  })

  it('puts and gets many at once, and nothing once it is closed', async () => {
    const { blocks, calls, storage } = await createStorage(await create())
    const entries = await createEntries(10)
    const hashes = hashesOf(entries)
    await storage.putMany!(entries, undefined, { persist: false })
    deepStrictEqual(await blocks.arePinned(hashes), hashes.map(() => false))
    const found = await storage.getMany!(hashes, undefined, { offline: true })
    deepStrictEqual(found.map(bytes => Uint8Array.from(bytes!)), entries.map(([, bytes]) => bytes))
    deepStrictEqual(calls, [['getMany', 10]])
    await storage.close()
    await rejects(storage.getMany!(hashes, undefined, { offline: true }))
    await rejects(storage.get(hashes[0], undefined, { offline: true }))
    await rejects(storage.putMany!(await createEntries(20), undefined, { persist: false }))
  })

  it('is what an instance stores the entries of a database in, unless it is given another', async () => {
    const [a, b, c] = [await createReplica(), await createReplica(), await createReplica()]
    const db = await a.orbitdb.open('db', { sync: false })
    for (let i = 0; i < 5; i++) await db.add(i)
    const exported = await db.export()
    const hashes = [...exported.index.keys()]
    const state = { ...exported, blocks: await all(exported.blocks) }

    const countPins = async ({ orbitdb, ipfs }: Replica, options = {}): Promise<number> => {
      const spy = sinon.spy(ipfs.pins, 'add')
      await orbitdb.import(state, { sync: false, ...options })
      deepStrictEqual(await (await createBlocks(ipfs)).arePinned(hashes), hashes.map(() => true))
      return spy.args.filter(([cid]) => hashes.includes(cid.toString(base58btc))).length
    }
    strictEqual(await countPins(b), 0)
    strictEqual(await countPins(c, { entryStorage: await IPFSBlockStorage({ ipfs: c.ipfs, pin: true }) }), 5)
  })

  it('fails for each that was asked for, when it fails', async () => {
    const { storage } = await createStorage(await create())
    const entries = await createEntries(3)
    for (const { status } of await Promise.allSettled([...hashesOf(entries), 'no hash'].map(hash => storage.get(hash, undefined, { offline: true })))) {
      strictEqual(status, 'rejected')
    }
    await rejects(storage.get(entries[0][0], AbortSignal.abort()), { name: 'AbortError' })
  })
})
