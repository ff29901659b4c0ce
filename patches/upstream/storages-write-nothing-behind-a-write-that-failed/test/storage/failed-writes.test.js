import { rejects, strictEqual } from 'assert'
import { LevelStorage, StorageFailedError, guardWrites } from '../../src/index.js'
import { rimraf } from 'rimraf'

describe('Storages - Failed writes', function () {
  const full = () => Object.assign(new Error('IO error: No space left on device'), { code: 'LEVEL_IO_ERROR' })

  let store

  beforeEach(() => {
    store = {}
  })

  it('writes nothing behind a write that failed', async () => {
    const written = []
    const cause = full()

    await rejects(guardWrites(store, 'the store', async () => { throw cause }), error => error instanceof StorageFailedError && error.cause === cause)
    await rejects(guardWrites(store, 'the store', async () => { written.push(1) }), { code: 'storage-failed' })
    strictEqual(written.length, 0)
  })

  it('refuses what was being written when another write failed', async () => {
    let finish
    const writing = guardWrites(store, 'the store', () => new Promise(resolve => { finish = resolve }))
    await rejects(guardWrites(store, 'the store', async () => { throw full() }), { code: 'storage-failed' })
    finish()

    await rejects(writing, { code: 'storage-failed' })
  })

  it('goes on where a write failed for another reason, and in other stores', async () => {
    await rejects(guardWrites(store, 'the store', async () => { throw new Error('Aborted') }), { message: 'Aborted' })
    strictEqual(await guardWrites(store, 'the store', async () => 1), 1)

    await rejects(guardWrites(store, 'the store', async () => { throw full() }), { code: 'storage-failed' })
    strictEqual(await guardWrites({}, 'another store', async () => 2), 2)
  })

  it('passes on other errors of Level', async () => {
    const storage = await LevelStorage({ path: './orbitdb/failed-writes' })
    await rejects(storage.put(undefined, new Uint8Array()), { code: 'LEVEL_INVALID_KEY' })
    await storage.put('a', new Uint8Array([1]))

    strictEqual((await storage.get('a')).length, 1)
    await storage.close()
    await rimraf('./orbitdb')
  })
})
