import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'
import { Clock, Entry } from '../../src/oplog/index.js'

describe('Log - Writes', function () {
  let identity1, identity2
  let entryStorage, headsStorage, indexStorage

  const indexed = async () => {
    const hashes = []
    for await (const [hash] of indexStorage.iterator()) {
      hashes.push(hash)
    }
    return hashes.sort()
  }

  const hashes = async (log) => (await log.values()).map(({ hash }) => hash).sort()

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  beforeEach(async () => {
    entryStorage = await MemoryStorage()
    headsStorage = await MemoryStorage()
    indexStorage = await MemoryStorage()
  })

  const createLog = () => Log(identity1, { logId: 'A', entryStorage, headsStorage, indexStorage })

  it('indexes nothing that is not reached', async () => {
    const log = await createLog()
    await log.append('one')
    const { put, putMany } = headsStorage
    const fail = async () => { throw new Error('Full') }
    Object.assign(headsStorage, { put: fail, putMany: fail })

    await rejects(log.append('two'), { message: 'Full' })
    Object.assign(headsStorage, { put, putMany })

    deepStrictEqual(await indexed(), await hashes(log))
    await log.append('three')
    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['one', 'three'])
    deepStrictEqual(await indexed(), await hashes(log))
  })

  it('indexes before the next write what could not be indexed', async () => {
    const other = await Log(identity2, { logId: 'A', entryStorage })
    for (let i = 0; i < 5; i++) {
      await other.append(`hello${i}`)
    }
    const log = await createLog()
    const { put } = indexStorage
    indexStorage.put = async () => { throw new Error('Full') }

    strictEqual(await log.joinEntry((await other.heads())[0]), true)
    deepStrictEqual(await hashes(log), await hashes(other))
    indexStorage.put = put
    await log.append('more')

    deepStrictEqual(await indexed(), await hashes(log))
  })

  it('indexes when it is opened what could not be indexed', async () => {
    const other = await Log(identity2, { logId: 'A', entryStorage })
    for (let i = 0; i < 5; i++) {
      await other.append(`hello${i}`)
    }
    const { put } = indexStorage
    indexStorage.put = async () => { throw new Error('Full') }
    await (await createLog()).joinEntry((await other.heads())[0])
    indexStorage.put = put

    const log = await createLog()

    deepStrictEqual(await indexed(), await hashes(log))
    deepStrictEqual(await hashes(log), await hashes(other))
  })

  it('keeps what only references lead to as a head', async () => {
    const one = await (await Log(identity2, { logId: 'A', entryStorage })).append('one')
    const two = await Entry.encode(await Entry.create(identity2, 'A', 'two', null, Clock(identity2.publicKey, 2), [], [one.hash]))
    await entryStorage.put(two.hash, two.bytes)
    const log = await createLog()

    await log.joinEntry(await Entry.decode(two.bytes))

    deepStrictEqual((await log.heads()).map(({ hash }) => hash).sort(), [one.hash, two.hash].sort())
    deepStrictEqual(await indexed(), await hashes(log))
  })
})
