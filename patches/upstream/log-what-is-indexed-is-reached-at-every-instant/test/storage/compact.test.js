import { ok } from 'assert'
import { randomBytes } from 'crypto'
import { readdirSync, statSync } from 'fs'
import { ComposedStorage, LevelStorage, MemoryStorage } from '../../src/index.js'
import { rimraf } from 'rimraf'

describe('Storages - Compact', function () {
  it('gives back the room of what was deleted', async () => {
    const path = './orbitdb/compact'
    const size = () => readdirSync(path).reduce((sum, name) => sum + statSync(`${path}/${name}`).size, 0)
    const storage = await ComposedStorage(await MemoryStorage(), await LevelStorage({ path, valueEncoding: 'utf8' }))
    for (let i = 0; i < 10; i++) {
      await storage.put(`key${i}`, randomBytes(500000).toString('hex'))
    }
    for (let i = 0; i < 10; i++) {
      await storage.del(`key${i}`)
    }
    const before = size()

    await storage.compact()
    await storage.close()
    const reopened = await LevelStorage({ path })
    await reopened.close()

    ok(size() < before / 2, `${size()} of ${before}`)
    await rimraf('./orbitdb')
  })
})
