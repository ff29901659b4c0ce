import { deepStrictEqual } from 'assert'
import { rimraf } from 'rimraf'
import { ComposedStorage, LevelStorage, LRUStorage, MemoryStorage } from '../../src/storage/index.js'
import allKeys from '../../src/utils/all-keys.js'

describe('Storages - Keys', function () {
  const path = './orbitdb/keys'

  const createStorages = {
    MemoryStorage,
    LRUStorage,
    LevelStorage: () => LevelStorage({ path, valueEncoding: 'json' }),
    ComposedStorage: async () => ComposedStorage(await LRUStorage(), await LevelStorage({ path, valueEncoding: 'json' })),
    'ComposedStorage of storages that have no keys': async () => ComposedStorage(await MemoryStorage(), await MemoryStorage())
  }

  for (const [name, create] of Object.entries(createStorages)) {
    it(`iterates over those of ${name}, each once`, async () => {
      const storage = await create()
      const names = Array.from({ length: 2500 }, (_, i) => `key${i}`)
      for (const name of names) {
        await storage.put(name, 1)
      }

      const keys = []
      for await (const some of allKeys(storage)) {
        keys.push(...some)
      }
      await storage.close()
      await rimraf('./orbitdb')

      deepStrictEqual(keys.sort(), names.sort())
    })
  }
})
