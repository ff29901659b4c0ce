import { deepStrictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Pins', function () {
  let identity1, identity2

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  it('pins the identities of the writers whose entries it joins', async () => {
    const entryStorage = await MemoryStorage()
    const persisted = []
    const storage = { ...entryStorage, persist: async (hash) => { persisted.push(hash) } }
    await storage.put(identity2.hash, identity2.bytes)
    const other = await Log(identity2, { logId: 'A', entryStorage })
    const one = await other.append('one')
    const two = await other.append('two')
    const log = await Log(identity1, { logId: 'A', entryStorage: storage })

    await log.joinEntry(two)

    deepStrictEqual(persisted.sort(), [one.hash, two.hash, identity2.hash].sort())
  })
})
