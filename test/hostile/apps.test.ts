// Access controllers and identity providers of an app that misbehave, or are asked about what somebody else made: what they
// do not allow is refused with the code that says why, by import, restore and verify alike, and then nothing is left.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { append, createLog, identityBlock, toArchive, toBlock, toState } from './logs.ts'
import { assertIsRefused, createStorages, useWorld } from './world.ts'
import { Identities, KeyStore, MemoryStorage, restoreBackup, useAccessController, useIdentityProvider, verifyBackup } from '../../src/index.ts'
import type { HostileLog } from './logs.ts'
import type { Events } from '../../src/index.ts'

const fail = (): never => { throw new Error('of the app') }

/** What `canAppend` does, and the code that comes of it. */
const controllers: Record<string, { code?: string, canAppend: (...args: any[]) => any, rest?: object }> = {
  'says true': { canAppend: () => true },
  'says an object': { canAppend: () => ({}) },
  ...Object.fromEntries([false, 0, '', null, undefined, NaN].map(answer => [`says ${typeof answer === 'string' ? 'an empty text' : String(answer)}`, { code: 'access-denied', canAppend: async () => answer }])),
  throws: { code: 'access-failed', canAppend: fail },
  'rejects with nothing': { code: 'access-failed', canAppend: async () => await Promise.reject(undefined) }, // eslint-disable-line prefer-promise-reject-errors
  'changes the entry that it is asked about': {
    canAppend: (entry: any) => {
      try {
        entry.payload.value = 'forged'
        entry.hash = 'forged'
      } catch {
        // It is frozen
      }
      return true
    }
  },
  'can not be closed': { code: 'access-denied', canAppend: () => false, rest: { close: fail } }
}

/** What the verification of an identity does. */
const providers: Record<string, { code?: string, verifyIdentity: (identity: any) => any }> = {
  'says true': { verifyIdentity: async () => true },
  'says false': { code: 'access-denied', verifyIdentity: async () => false },
  'says nothing': { code: 'access-denied', verifyIdentity: async () => undefined },
  throws: { code: 'access-failed', verifyIdentity: fail }
}

describe('An app that registers', () => {
  const world = useWorld()

  const assertHolds = async (log: HostileLog, archive: Uint8Array, code: string | undefined): Promise<void> => {
    const { orbitdb } = world.empty
    const take = async (open: (options: Awaited<ReturnType<typeof createStorages>> & { sync: false }) => Promise<Events>): Promise<void> => {
      const storages = await createStorages()
      await assertIsRefused(world.empty, Object.values(storages), code, async () => {
        const db = await open({ sync: false, ...storages })
        const values = (await db.all()).map(({ value }) => value)
        ok(values.length === log.entries.length && !values.includes('forged'))
        await db.drop()
      })
    }
    await take(options => orbitdb.import<Events>(toState(log), options))
    await take(options => restoreBackup<Events>(orbitdb, archive, options))
    const report = await verifyBackup(archive, { orbitdb })
    deepStrictEqual([...new Set(report.problems.map(({ code }) => code))], code == null ? [] : [code])
    strictEqual(report.ok, code == null)
    ok((await verifyBackup(archive)).unchecked.length > 0, 'nobody can tell without the app')
  }

  for (const [i, [name, { code, canAppend, rest }]] of Object.entries(controllers).entries()) {
    it(`an access controller that ${name} (${code ?? 'held'})`, async () => {
      const type = `hostile-${i}`
      const AccessController = () => async ({ address }: { address?: string }) => ({ type, address: address ?? `/${type}/x`, canAppend, ...rest })
      useAccessController(Object.assign(AccessController, { type }) as any)
      const { manifest, identities } = await createLog(world.ownerIdentity, name, { count: 0 })
      const log: HostileLog = { manifest: await toBlock({ ...dagCbor.decode<object>(manifest.bytes), accessController: `/${type}/x` }), identities, entries: [], heads: [] }
      for (let i = 0; i < 3; i++) await append(log, world.ownerIdentity)
      await assertHolds(log, await toArchive([log]), code)
    })
  }

  for (const [i, [name, { code, verifyIdentity }]] of Object.entries(providers).entries()) {
    it(`an identity provider whose verification ${name} (${code ?? 'held'})`, async () => {
      const type = `hostile-${i}`
      const Provider = Object.assign(() => async () => ({ type, getId: async () => 'guest', signIdentity: async () => 'signed by the app' }), { type, verifyIdentity })
      useIdentityProvider(Provider as any)
      const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage: await MemoryStorage() })
      const guest = await identities.createIdentity({ provider: Provider() as any })
      const log = await createLog(world.ownerIdentity, name, { write: [world.ownerIdentity.id, guest.id] })
      log.identities.push(await identityBlock(guest))
      await append(log, guest)
      await assertHolds(log, await toArchive([log]), code)
    })
  }
})
