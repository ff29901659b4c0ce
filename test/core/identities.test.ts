import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { hashOf } from '../../src/core/blocks.ts'
import { Identities, KeyStore, MemoryStorage } from '../../src/index.ts'
import type { Identity } from '../../src/index.ts'

describe('Identities', () => {
  const create = async () => {
    const memory = await MemoryStorage()
    const reads: string[] = []
    const storage = { ...memory, get: async (hash: string) => { reads.push(hash); return memory.get(hash) } }
    const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage })
    return { identities, identity: await identities.createIdentity({ id: 'owner' }), storage, reads }
  }

  const put = async ({ storage }: Pick<Awaited<ReturnType<typeof create>>, 'storage'>, value: unknown): Promise<string> => {
    const bytes = dagCbor.encode(value)
    const hash = await hashOf(bytes)
    await storage.put(hash, bytes)
    return hash
  }

  it('are read once', async () => {
    const { identities, identity, reads } = await create()
    for (let i = 0; i < 3; i++) ok(Object.isFrozen(await identities.getIdentity(identity.hash)))
    strictEqual(reads.length, 1)
  })

  it('are kept in memory, the last thousand', async () => {
    const created = await create()
    const { identities, identity: { publicKey, signatures, type }, reads } = created
    const hashes: string[] = []
    for (let i = 0; i < 1001; i++) hashes.push(await put(created, { id: String(i), publicKey, signatures, type }))
    for (const hash of hashes) await identities.getIdentity(hash)
    reads.length = 0
    for (const hash of [hashes[1000], hashes[1], hashes[0]]) await identities.getIdentity(hash)
    deepStrictEqual(reads, [hashes[0]])
  })

  it('are what their bytes are, and nothing else', async () => {
    const created = await create()
    const { identities, identity: { id, publicKey, signatures, type, hash }, storage } = created
    const more = await put(created, { id, publicKey, signatures: { ...signatures, x: 1 }, type })
    await rejects(identities.getIdentity(more), { name: 'InvalidEntryError', code: 'identity-invalid', hash: more })
    const other = await hashOf(new Uint8Array([1]))
    await storage.put(other, (await storage.get(hash))!)
    await rejects(identities.getIdentity(other), { name: 'InvalidBlockError', code: 'block-damaged' })
    strictEqual(await identities.getIdentity(await hashOf(new Uint8Array([2]))), undefined)
  })

  it('are verified each for itself: one that has the signatures of another does not stand in its way', async () => {
    const { identities, identity } = await create()
    const copy: Identity = { ...identity, hash: await hashOf(new Uint8Array([3])) }
    strictEqual(await identities.verifyIdentity(copy), true)
    strictEqual(await identities.verifyIdentity(identity), true)
    strictEqual(await identities.verifyIdentity({ ...identity, publicKey: copy.hash }), false)
    strictEqual(await identities.verifyIdentity({ ...identity, id: 'x' }), false)
    strictEqual(await identities.verifyIdentity(identity), true)
  })
})
