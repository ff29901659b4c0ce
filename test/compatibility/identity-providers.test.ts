import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { useIdentityProvider as useStockIdentityProvider } from '@orbitdb/core-stock'
import { assertRestores, backUp, open, read, ways } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createWriter, writeAsAnother } from '../helpers/writers.ts'
import { AccessDeniedError, AccessFailedError, IPFSAccessController, useIdentityProvider } from '../../src/index.ts'
import type { Backup } from '../helpers/backups.ts'
import type { Identity } from '../../src/index.ts'

/** A provider of an app, whose ids are Ed25519 public keys. */
const createProvider = async (type: string) => {
  const { publicKey, privateKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const id = Buffer.from(await crypto.subtle.exportKey('raw', publicKey)).toString('hex')

  const Provider = () => async () => ({
    type,
    getId: async () => id,
    signIdentity: async (data: string) => Buffer.from(await crypto.subtle.sign('Ed25519', privateKey, Buffer.from(data))).toString('hex')
  })
  const verifyIdentity = async ({ id, publicKey, signatures }: Identity) => {
    const key = await crypto.subtle.importKey('raw', Buffer.from(id, 'hex'), 'Ed25519', true, ['verify'])
    return crypto.subtle.verify('Ed25519', key, Buffer.from(signatures.publicKey, 'hex'), Buffer.from(publicKey + signatures.id))
  }
  return Object.assign(Provider, { type, verifyIdentity })
}

describe('Identity providers', () => {
  const replicas = useReplicas()
  const { createReplica } = replicas

  describe('of several writers', () => {
    let backup: Backup

    before(async () => {
      const [First, Second] = await Promise.all([createProvider('first'), createProvider('second')])
      useIdentityProvider(First)
      useIdentityProvider(Second)

      const replica = await createReplica({ identity: { provider: First() } })
      const second = await createWriter(replica, () => ({ provider: Second() }))
      const third = await createWriter(replica)
      const AccessController = IPFSAccessController({ write: [replica.orbitdb, second, third].map(({ identity }) => identity.id) })
      const db = await replica.orbitdb.open('database', { type: 'events', AccessController })
      await writeAsAnother(replica, db, async copy => {
        await copy.add('second')
        await db.add('first')
      }, { orbitdb: second })
      await writeAsAnother(replica, db, copy => copy.add('third'), { orbitdb: third })
      backup = await backUp(replica, db)
    })

    for (const [way, restore] of Object.entries(ways)) {
      it(`are restored by ${way}`, () => assertRestores(replicas, backup, { restore }))
    }

    it('have their identities in the state', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.import(backup.state)
      const identities = (await db.log.values()).map(async ({ identity }) => orbitdb.identities.getIdentity(identity))
      const types = (await Promise.all(identities)).map(identity => identity?.type)
      deepStrictEqual(types.sort(), ['first', 'publickey', 'second'])
    })
  })

  it('that refuse an identity keep its entries out', async () => {
    const Provider = await createProvider('strict')
    useIdentityProvider(Provider)
    const replica = await createReplica({ identity: { provider: Provider() } })
    const db = await replica.orbitdb.open('database', { type: 'events' })
    await db.add('value')
    const backup = await backUp(replica, db)

    useIdentityProvider(Object.assign(() => Provider(), { type: 'strict', verifyIdentity: () => false }))
    const { orbitdb } = await createReplica()
    await rejects(orbitdb.import(backup.state), AccessDeniedError)
    deepStrictEqual(await read(await orbitdb.import(backup.state, { verify: 'signatures' })), backup.contents)
  })

  it('that are not registered are named', async () => {
    const Provider = await createProvider('unregistered')
    useStockIdentityProvider(Provider)
    const stock = await createReplica({ stock: true, identity: { provider: Provider() } })
    const { address, add } = await stock.orbitdb.open('database', { type: 'events' })
    await add('value')
    await stock.stop()
    const replica = await createReplica({ directory: stock.directory })
    const backup = await backUp(replica, await open(replica.orbitdb, address))
    strictEqual(backup.contents.records.length, 1)

    const { orbitdb } = await createReplica()
    await rejects(orbitdb.import(backup.state), (error: Error) => {
      ok(error instanceof AccessFailedError)
      ok((error.cause as Error).message.includes("'unregistered'"))
      return true
    })
    useIdentityProvider(Provider)
    await assertRestores(replicas, backup)
  })
})
