import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { Identities, KeyStore, MemoryStorage } from '../../src/index.js'

describe('Identities - Verifying signatures', function () {
  let keystore, identity, signatures

  const verify = async ({ signature, publicKey, data }) => publicKeyFromRaw(publicKey).verify(data, signature)

  before(async () => {
    keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity = await identities.createIdentity({ id: 'userA' })
    signatures = await Promise.all(['one', 'two'].map(async data => [await identities.sign(identity, data), identity.publicKey, data]))
  })

  it('verifies signatures by what the app gives, in bytes', async () => {
    const calls = []
    const verifySignatures = async (checks) => {
      calls.push(checks)
      return Promise.all(checks.map(verify))
    }
    const identities = await Identities({ keystore, verifySignatures })

    strictEqual(await identities.verify(...signatures[0]), true)
    deepStrictEqual(calls.flat().map(({ signature, publicKey, data }) => [signature, publicKey, data].every(bytes => bytes instanceof Uint8Array)), [true])
  })

  it('gives it together what is to be verified together', async () => {
    const counts = []
    const verifySignatures = async (checks) => {
      counts.push(checks.length)
      return Promise.all(checks.map(verify))
    }
    const identities = await Identities({ keystore, verifySignatures })

    deepStrictEqual(await Promise.all(signatures.map(args => identities.verify(...args))), [true, true])
    deepStrictEqual(counts, [2])
  })

  it('verifies by that of its own, and not by that of another', async () => {
    const no = await Identities({ keystore, verifySignatures: async (checks) => checks.map(() => false) })
    const other = await Identities({ keystore })

    strictEqual(await no.verify(...signatures[0]), false)
    strictEqual(await no.verifyIdentity(identity), false)
    strictEqual(await other.verify(...signatures[0]), true)
    strictEqual(await other.verifyIdentity(identity), true)
  })

  it('rejects when it fails', async () => {
    const identities = await Identities({ keystore, verifySignatures: async () => { throw new Error('No engine') } })

    await rejects(identities.verify(...signatures[0]), { message: 'No engine' })
  })
})
