import { deepStrictEqual } from 'assert'
import { ComposedStorage, MemoryStorage } from '../../src/storage/index.js'

describe('ComposedStorage', function () {
  const keys = ['a', 'filter', 'length', 'map']

  let storage1, storage2, storage

  const iterate = async () => {
    const all = []
    for await (const [key, value] of storage.iterator()) {
      all.push([key, value])
    }
    return all.sort()
  }

  beforeEach(async () => {
    storage1 = await MemoryStorage()
    storage2 = await MemoryStorage()
    storage = await ComposedStorage(storage1, storage2)
  })

  it('iterates over any key of the first storage', async () => {
    for (const key of keys) {
      await storage1.put(key, 1)
    }

    deepStrictEqual(await iterate(), keys.map(key => [key, 1]).sort())
  })

  it('iterates over any key of the second storage', async () => {
    for (const key of keys) {
      await storage2.put(key, 2)
    }

    deepStrictEqual(await iterate(), keys.map(key => [key, 2]).sort())
  })

  it('yields a key that both storages have once, with the value of the first', async () => {
    for (const key of keys) {
      await storage1.put(key, 1)
      await storage2.put(key, 2)
    }

    deepStrictEqual(await iterate(), keys.map(key => [key, 1]).sort())
  })
})
