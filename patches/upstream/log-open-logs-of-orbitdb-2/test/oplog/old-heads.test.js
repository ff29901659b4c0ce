import { deepStrictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Logs of OrbitDB 2', function () {
  let identity1, identity2
  let entryStorage, headsStorage, indexStorage

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

  it('opens a log whose heads are kept as OrbitDB 2 kept them', async () => {
    const { hash } = await (await Log(identity2, { logId: 'A', entryStorage })).append('one')
    await headsStorage.put(hash, await entryStorage.get(hash))
    await indexStorage.put(hash, true)

    const log = await createLog()

    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['one'])
    await log.append('two')
    deepStrictEqual((await (await createLog()).values()).map(({ payload }) => payload), ['one', 'two'])
  })
})
