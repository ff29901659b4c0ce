import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import * as Block from 'multiformats/block'
import * as dagCbor from '@ipld/dag-cbor'
import { sha256 } from 'multiformats/hashes/sha2'
import { rimraf } from 'rimraf'
import { ComposedStorage, IPFSBlockStorage, LevelStorage, LRUStorage, MemoryStorage } from '../../src/storage/index.js'
import createHelia from '../utils/create-helia.js'

describe('Storages - Many at once', function () {
  const path = './orbitdb/many'

  const createStorages = {
    LRUStorage,
    LevelStorage: () => LevelStorage({ path, valueEncoding: 'json' }),
    ComposedStorage: async () => ComposedStorage(await LRUStorage(), await LevelStorage({ path, valueEncoding: 'json' })),
    'ComposedStorage of storages that have none of it': async () => ComposedStorage(await MemoryStorage(), await MemoryStorage())
  }

  for (const [name, create] of Object.entries(createStorages)) {
    describe(name, () => {
      let storage

      beforeEach(async () => {
        storage = await create()
      })

      afterEach(async () => {
        await storage.close()
        await rimraf('./orbitdb')
      })

      it('puts many values', async () => {
        await storage.putMany(new Map([['a', 1], ['b', 2]]))

        strictEqual(await storage.get('a'), 1)
        strictEqual(await storage.get('b'), 2)
      })

      if (name !== 'LRUStorage') {
        it('gets many values', async () => {
          await storage.putMany([['a', 1], ['b', 2]])

          deepStrictEqual(await storage.getMany(['b', 'none', 'a']), [2, undefined, 1])
        })
      }
    })
  }

  describe('ComposedStorage', () => {
    it('does not put to the first storage what the second one could not store', async () => {
      const first = await MemoryStorage()
      const failing = { ...await MemoryStorage(), put: async () => { throw new Error('Full') } }
      const storage = await ComposedStorage(first, failing)

      await rejects(storage.put('a', 1), { message: 'Full' })
      strictEqual(await first.get('a'), undefined)
    })

    it('gives options and an abort signal to both storages', async () => {
      const calls = []
      const recording = (name) => ({ get: async (...args) => { calls.push([name, ...args]) } })
      const storage = await ComposedStorage(recording('first'), recording('second'))
      const { signal } = new AbortController()

      await storage.get('a', signal, { offline: true })

      deepStrictEqual(calls, [['first', 'a', signal, { offline: true }], ['second', 'a', signal, { offline: true }]])
    })
  })

  describe('IPFSBlockStorage', () => {
    let ipfs, storage, blocks, hashes

    const isPinned = (hash) => ipfs.pins.isPinned(CID.parse(hash, base58btc))
    const arePinned = () => Promise.all(hashes.map(isPinned))

    before(async () => {
      blocks = await Promise.all([1, 2, 3].map(async value => {
        const { cid, bytes } = await Block.encode({ value, codec: dagCbor, hasher: sha256 })
        return [cid.toString(base58btc), bytes]
      }))
      hashes = blocks.map(([hash]) => hash)
    })

    beforeEach(async () => {
      ipfs = await createHelia()
      storage = await IPFSBlockStorage({ ipfs, pin: true })
    })

    afterEach(async () => {
      await storage.close()
      await ipfs.stop()
    })

    it('puts and pins many blocks', async () => {
      await storage.putMany(blocks)

      deepStrictEqual(await arePinned(), [true, true, true])
    })

    it('puts blocks without pinning them', async () => {
      await storage.putMany(blocks, undefined, { persist: false })

      deepStrictEqual(await arePinned(), [false, false, false])
      deepStrictEqual(await storage.get(hashes[0]), blocks[0][1])
    })

    it('pins many blocks, and says which were not pinned before', async () => {
      await storage.putMany(blocks, undefined, { persist: false })
      await storage.persist(hashes[1])

      deepStrictEqual((await storage.persistMany(hashes, undefined, { offline: true })).sort(), [hashes[0], hashes[2]].sort())
      deepStrictEqual(await arePinned(), [true, true, true])
    })

    it('takes back what it pinned', async () => {
      await storage.putMany(blocks, undefined, { persist: false })
      await storage.persist(hashes[1])
      await storage.unpersistMany(await storage.persistMany(hashes, undefined, { offline: true }))

      deepStrictEqual(await arePinned(), [false, true, false])
    })

    it('pins all blocks or none', async () => {
      await storage.putMany(blocks.slice(0, 2), undefined, { persist: false })

      await rejects(storage.persistMany(hashes, undefined, { offline: true }), { name: 'MissingBlockError', hash: hashes[2] })
      deepStrictEqual(await arePinned(), [false, false, false])
    })

    it('gets a block offline, or undefined at once', async () => {
      await storage.put(...blocks[0])

      deepStrictEqual(await storage.get(hashes[0], undefined, { offline: true }), blocks[0][1])
      strictEqual(await storage.get(hashes[1], undefined, { offline: true }), undefined)
    })

    it('throws the reason of a signal that is aborted', async () => {
      const reason = new Error('Enough')

      await rejects(storage.get(hashes[0], AbortSignal.abort(reason)), reason)
    })
  })
})
