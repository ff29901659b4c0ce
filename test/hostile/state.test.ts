// Hostile states: refused with the code that says why, and then nothing is left; or held.
import { ok } from 'node:assert/strict'
import { contents } from './contents.ts'
import { forms } from './forms.ts'
import { addressOf, cloneLog, createLog, toState } from './logs.ts'
import { assertIsRefused, assertIsUsable, createStorages, useWorld, withDatabase } from './world.ts'
import { toCID } from '../helpers/cid.ts'
import type { AddressedState, Events, Storage } from '../../src/index.ts'

describe('A hostile state', () => {
  const world = useWorld()

  /** Imports a state in every way: into the database itself, and where there is none. */
  const assertHolds = async (state: () => AddressedState, code: string | undefined, local?: { db: Events, storages: Array<Storage<any>> }): Promise<void> => {
    const { owner, empty } = world
    if (local != null) {
      await assertIsRefused(owner, local.storages, code, async () => local.db.import(state()))
      await assertIsUsable(world, local.db)
    }
    const open = async (act: (options: { sync: false, headsStorage: Storage<any>, indexStorage: Storage<any> }) => Promise<Events>): Promise<void> => {
      const storages = await createStorages()
      await assertIsRefused(empty, Object.values(storages), code, async () => {
        const db = await act({ sync: false, ...storages })
        ok(Array.isArray(await db.all()))
        await db.drop()
      })
    }
    await open(options => empty.orbitdb.import<Events>(state(), options))
    const { address, blocks, ...restore } = state()
    if (Array.isArray(blocks) && blocks.every(([hash]) => typeof hash === 'string') && typeof address === 'string') {
      for (const [hash, bytes] of blocks) await empty.ipfs.blockstore.put(toCID(hash), bytes)
      await open(options => empty.orbitdb.open(address, { ...options, restore }) as Promise<Events>)
    }
  }

  for (const [kind, attacks] of Object.entries(contents)) {
    describe(`with ${kind}:`, () => {
      for (const { name, code, state = code, change } of attacks) {
        it(`${name} (${state ?? 'held'})`, async () => {
          const writers = { owner: world.ownerIdentity, mallory: world.mallory }
          const honest = await createLog(writers.owner, name)
          const log = cloneLog(honest)
          await change(log, writers)
          const isOther = addressOf(log) !== addressOf(honest)
          await withDatabase(world, honest, async (db, storages) => {
            await assertHolds(() => toState(log), state ?? undefined, isOther ? undefined : { db, storages })
            if (isOther) await assertIsUsable(world, db)
          })
        })
      }
    })
  }

  describe('of a form', () => {
    for (const { name, code, change, isBare } of forms) {
      it(`${name} (${code ?? 'held'})`, async () => {
        const log = await createLog(world.ownerIdentity, name)
        const newer = cloneLog(log)
        const state = (): any => change(toState(newer), newer)
        await withDatabase(world, log, async (db, storages) => {
          await assertIsRefused(world.owner, storages, code, async () => db.import(state()))
          if (isBare !== true) {
            await assertIsRefused(world.empty, [], code, async () => (await world.empty.orbitdb.import(state(), { sync: false, ...await createStorages() })).drop())
          }
          await assertIsUsable(world, db)
        })
      })
    }
  })
})
