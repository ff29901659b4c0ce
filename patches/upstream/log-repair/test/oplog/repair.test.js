import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Repair', function () {
  let identity
  let entryStorage, headsStorage, indexStorage
  let log, all

  const empty = { heads: [] }

  const createLog = () => Log(identity, { logId: 'A', entryStorage, headsStorage, indexStorage })

  const indexed = async (log) => [...(await log.export()).index.keys()].sort()

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity = await identities.createIdentity({ id: 'userA' })
  })

  beforeEach(async () => {
    entryStorage = await MemoryStorage()
    headsStorage = await MemoryStorage()
    indexStorage = await MemoryStorage()
    log = await createLog()
    all = []
    for (let i = 0; i < 10; i++) {
      all.push((await log.append(`hello${i}`)).hash)
    }
  })

  it('changes nothing in a log that is whole', async () => {
    strictEqual((await log.import(empty, { repair: true })).mended, 0)
    deepStrictEqual(await indexed(log), [...all].sort())
  })

  it('indexes what the heads reach', async () => {
    await indexStorage.del(all[2])
    await indexStorage.del(all[3])

    strictEqual((await log.import(empty, { repair: true })).mended, 2)
    deepStrictEqual(await indexed(log), [...all].sort())
  })

  it('makes heads of what no head reaches', async () => {
    const before = await headsStorage.get('heads')
    const { hash } = await log.append('more')
    await headsStorage.put('heads', before)
    log = await createLog()

    strictEqual((await log.import(empty, { repair: true })).mended, 1)
    deepStrictEqual((await log.heads()).map(({ hash }) => hash), [hash])
  })

  it('mends a log that has lost its heads', async () => {
    await headsStorage.clear()
    log = await createLog()

    strictEqual((await log.import(empty, { repair: true })).mended, 10)
    deepStrictEqual((await log.heads()).map(({ hash }) => hash), [all[9]])
  })

  it('takes what can not be in the log out of its index', async () => {
    const other = await Log(identity, { logId: 'B', entryStorage })
    const { hash } = await other.append('other')
    await indexStorage.put(hash, true)

    await log.import(empty, { repair: true })

    strictEqual(await log.has(hash), false)
    deepStrictEqual(await indexed(log), [...all].sort())
  })

  it('says which entry is lost', async () => {
    await entryStorage.del(all[2])

    await rejects(log.import(empty, { repair: true }), { name: 'MissingBlockError', hash: all[2] })
  })
})
