// Hostile archives: refused with the code that says why, by restore and verify alike, and then nothing is left; or held.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { contents } from './contents.ts'
import { files } from './files.ts'
import { addressOf, cloneLog, createLog, toArchive } from './logs.ts'
import { assertIsRefused, assertIsUsable, createStorages, useWorld, withDatabase } from './world.ts'
import { ArchiveError, inspectBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Events, Storage } from '../../src/index.ts'

/** The codes that a verification gives, and whether it can tell everything. */
async function verify (bytes: Uint8Array): Promise<{ ok: boolean, codes: string[], isSure: boolean }> {
  try {
    const { ok, problems, unchecked } = await verifyBackup(bytes)
    return { ok, codes: problems.map(({ code }) => code), isSure: unchecked.length === 0 }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    return { ok: false, codes: [error.code], isSure: true }
  }
}

describe('A hostile archive', () => {
  const world = useWorld()

  /**
   * Restores an archive where its database is, and where it is not, and verifies it.
   *
   * @param verified - what the verification calls it; null where it can not tell without a node
   */
  const assertHolds = async (bytes: Uint8Array, code: string | undefined, local?: { db: Events, storages: Array<Storage<any>> }, verified: string | undefined | null = code): Promise<void> => {
    const { owner, empty } = world
    if (local != null) {
      await assertIsRefused(owner, local.storages, code, async () => restoreBackup(owner.orbitdb, bytes, { sync: false }))
      await assertIsUsable(world, local.db)
    }
    const storages = await createStorages()
    await assertIsRefused(empty, Object.values(storages), code, async () => {
      const db = await restoreBackup<Events>(empty.orbitdb, bytes, { sync: false, ...storages })
      ok(Array.isArray(await db.all()))
      await db.drop()
    })

    const report = await verify(bytes)
    strictEqual(report.isSure, verified !== null)
    if (report.isSure) strictEqual(report.ok, code == null, 'a restore into an empty node and verifyBackup say the same')
    // What is cut off is listed, block by block
    const expected = verified === 'archive-truncated' ? [verified, 'block-missing', 'identity-missing'] : [verified]
    if (verified != null) ok(expected.some(code => report.codes.includes(code!)), `${report.codes} has ${verified}`)
    try {
      const { databases } = await inspectBackup(bytes)
      if (report.ok) deepStrictEqual(databases.length, 1)
    } catch (error) {
      ok(error instanceof ArchiveError && code != null, error as Error)
    }
  }

  for (const [kind, attacks] of Object.entries(contents)) {
    describe(`with ${kind}:`, () => {
      for (const { name, code, archive = code, verify = archive, change } of attacks) {
        it(`${name} (${archive ?? 'held'})`, async () => {
          const writers = { owner: world.ownerIdentity, mallory: world.mallory }
          const honest = await createLog(writers.owner, name)
          const log = cloneLog(honest)
          await change(log, writers)
          const bytes = await toArchive([log])
          const isOther = addressOf(log) !== addressOf(honest)
          await withDatabase(world, honest, async (db, storages) => {
            await assertHolds(bytes, archive, isOther ? undefined : { db, storages }, verify)
            if (isOther) await assertIsUsable(world, db)
          })
        })
      }
    })
  }

  describe('with', () => {
    for (const { name, code, verify, change } of files) {
      it(`${name} (${code ?? 'held'})`, async () => {
        const log = await createLog(world.ownerIdentity, name)
        const bytes = await change(await toArchive([log]))
        await withDatabase(world, log, async (db, storages) => assertHolds(bytes, code, { db, storages }, verify))
      })
    }
  })

  it('is not asked for by a root that is none', async () => {
    const bytes = await toArchive([await createLog(world.ownerIdentity, 'x')])
    for (const root of ['', 'x', {}, [], { toString: 1 }, { toString () { throw new Error('no') } }] as any[]) {
      for (const read of [inspectBackup, verifyBackup]) await rejects(read(bytes, { root }), { name: 'WrongRootError', code: 'root-wrong' })
    }
  })
})
