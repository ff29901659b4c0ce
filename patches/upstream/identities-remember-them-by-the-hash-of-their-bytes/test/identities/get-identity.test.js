import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, MemoryStorage } from '../../src/index.js'

describe('Identities - Getting identities', function () {
  let keystore, storage, identities, identity

  before(async () => {
    keystore = await KeyStore({ storage: await MemoryStorage() })
    storage = await MemoryStorage()
    identity = await (await Identities({ keystore, storage })).createIdentity({ id: 'userA' })
  })

  beforeEach(async () => {
    identities = await Identities({ keystore, storage })
  })

  it('reads an identity once', async () => {
    let reads = 0
    const counting = { ...storage, get: async (hash) => { reads++; return storage.get(hash) } }
    identities = await Identities({ keystore, storage: counting })

    const first = await identities.getIdentity(identity.hash)
    const second = await identities.getIdentity(identity.hash)

    strictEqual(first, second)
    strictEqual(reads, 1)
    deepStrictEqual(first.bytes, identity.bytes)
  })

  it('gives an identity that can not be changed', async () => {
    strictEqual(Object.isFrozen(await identities.getIdentity(identity.hash)), true)
  })

  it('returns undefined for an identity that is not found', async () => {
    identities = await Identities({ keystore, storage: await MemoryStorage() })

    strictEqual(await identities.getIdentity(identity.hash), undefined)
  })

  it('refuses bytes that do not match the hash', async () => {
    const other = await identities.createIdentity({ id: 'userB' })
    identities = await Identities({ keystore, storage: { ...storage, get: async () => other.bytes } })

    await rejects(identities.getIdentity(identity.hash), { name: 'InvalidBlockError', code: 'block-damaged' })
  })

  it('finds the identities of others by the identity that it creates', async () => {
    const other = await identities.createIdentity({ id: 'userB' })

    deepStrictEqual((await other.getIdentity(identity.hash)).bytes, identity.bytes)
  })

  it('verifies an identity again and again', async () => {
    const read = await identities.getIdentity(identity.hash)

    strictEqual(await identities.verifyIdentity(read), true)
    strictEqual(await identities.verifyIdentity(read), true)
    strictEqual(await identities.verifyIdentity(identity), true)
  })
})
