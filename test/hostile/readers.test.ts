// Hostile archives for all that reads archives and restores nothing: what each of them says is an error with a code, or it
// is held; and nothing is left.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { contents } from './contents.ts'
import { files } from './files.ts'
import { addressOf, cloneLog, createLog, digestOf, toArchive, toBlock, toBlocks } from './logs.ts'
import { assertIsUsable, assertLeavesNothing, codeOf, createStorages, useWorld, withDatabase } from './world.ts'
import { encodeBlocks, encodeHeader } from '../../src/archive/sinks/car.ts'
import { sha256 } from '../../src/blocks/sha256.ts'
import { ArchiveError, createBackup, createSnapshot, deleteSnapshot, diffBackups, inspectBackup, mergeBackups, openBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { HostileLog } from './logs.ts'
import type { Events, Storage } from '../../src/index.ts'

/** What a verification says. */
interface Judgement {
  /** Undefined where only the node can tell. */
  isValid?: boolean
  codes: string[]
}

/** What a base can not lie about. */
const lies = ['head-wrong', 'head-missing']

describe('What reads a hostile archive without restoring it', () => {
  const world = useWorld()
  const isDone = (code: string | undefined): boolean => code == null

  const judge = async (source: Parameters<typeof verifyBackup>[0], options: Parameters<typeof verifyBackup>[1] = {}): Promise<Judgement> => {
    let judgement: Judgement = { isValid: false, codes: [] }
    const code = await codeOf(async () => {
      const { ok, problems, unchecked } = await verifyBackup(source, options)
      const isSure = unchecked.every(({ code }) => code === 'newer-entries')
      judgement = { isValid: isSure ? ok : undefined, codes: problems.map(({ code }) => code as string) }
    })
    if (code != null) judgement.codes.push(code)
    // A verification lists the blocks that are missing
    if (judgement.codes.some(code => code === 'block-missing' || code === 'identity-missing')) judgement.codes.push('archive-truncated')
    return judgement
  }

  /** @param read - what the reader that reads all says, where that is known */
  const assertHolds = async (bytes: Uint8Array, honest: Uint8Array, db: Events, storages: Array<Storage<any>>, read?: { code?: string }): Promise<void> => {
    const { owner, empty } = world
    const judged = await judge(bytes)
    const isTaken = judged.isValid
    const codes: Partial<Record<'inspect' | 'diff' | 'merge' | 'open' | 'base' | 'thin', string>> = {}
    /** What is read only in part may be held where verifyBackup finds more, but nothing is called by another name. */
    const assertAgrees = (code: string | undefined, { isValid, codes } = judged): void => {
      if (code != null && isValid != null) ok(codes.includes(code), `${code} is what verifyBackup says, too: ${codes}`)
    }

    assertAgrees(codes.inspect = await codeOf(() => inspectBackup(bytes)))
    let hasSameEntries = false
    codes.diff = await codeOf(async () => {
      const { databases, isSame } = await diffBackups(bytes, honest, { hashes: true })
      hasSameEntries = databases.every(({ entries }) => entries.new + entries.gone === 0)
      strictEqual(databases.every(({ state }) => state === 'same'), isSame)
    })
    assertAgrees(codes.diff)
    strictEqual(await codeOf(async () => diffBackups(honest, bytes, { hashes: true })), codes.diff, 'the other way round says the same')
    strictEqual(await codeOf(async () => diffBackups(bytes, db)), codes.diff)
    assertAgrees(await codeOf(() => all(mergeBackups([bytes]))))

    // What is merged is the union, valid where both are
    let merged: Uint8Array[] | undefined
    codes.merge = await codeOf(async () => { merged = await all(mergeBackups([honest, bytes])) })
    if (merged != null) {
      if (isTaken === true) strictEqual((await judge(merged)).isValid, true, 'what is merged is valid where its parts are')
      strictEqual((await diffBackups(honest, merged)).databases.every(({ entries }) => entries.gone === 0), true)
    } else {
      ok(isTaken !== true)
    }

    // What is read is what a restore takes, or it is refused
    let records: unknown[] = []
    codes.open = await assertLeavesNothing(owner, storages, () => codeOf(async () => {
      const backup = await openBackup(bytes)
      try {
        for (const { address } of backup.databases) records = await (await backup.open<Events>(address)).all()
      } finally {
        await backup.close()
      }
    }))
    ok(Array.isArray(records))
    assertAgrees(codes.open)
    if (read != null) strictEqual(codes.open, read.code)

    // A base says which entries there are: with a valid one a backup is what it would be without, and with another one it
    // is restored as what it was made of, or it is not
    let thin: Uint8Array[] | undefined
    codes.base = await assertLeavesNothing(owner, storages, () => codeOf(async () => { thin = await all(createBackup(db, { base: bytes })) }))
    assertAgrees(codes.base)
    if (thin != null) {
      codes.thin = await assertLeavesNothing(empty, [], () => codeOf(async () => {
        const restored = await restoreBackup<Events>(empty.orbitdb, { sources: [thin!, bytes] }, { sync: false, ...await createStorages() })
        deepStrictEqual((await restored.all()).map(({ hash }) => hash), (await db.all()).map(({ hash }) => hash))
        await restored.drop()
      }), isDone)
    }
    if (isTaken === true || (hasSameEntries && judged.codes.every(code => lies.includes(code)))) deepStrictEqual([codes.base, codes.thin], [undefined, undefined])

    await assertLeavesNothing(owner, storages, () => codeOf(async () => {
      const root = await createSnapshot(db, { base: bytes })
      if (isTaken === true) strictEqual(String(root), String(await createBackup(db).root))
      await deleteSnapshot(owner.ipfs, root)
    }), isDone)

    const salvaged = await assertLeavesNothing(empty, [], () => codeOf(async () => {
      const restored = await restoreBackup<Events>(empty.orbitdb, bytes, { salvage: true, sync: false, ...await createStorages() })
      ok(Array.isArray(await restored.all()))
      await restored.drop()
    }), isDone)
    assertAgrees(salvaged, await judge(bytes, { salvage: true }))
  }

  for (const [kind, attacks] of Object.entries(contents)) {
    describe(`with ${kind}:`, () => {
      for (const { name, code, archive = code, change } of attacks) {
        it(name, async () => {
          const writers = { owner: world.ownerIdentity, mallory: world.mallory }
          const honest = await createLog(writers.owner, name)
          const log = cloneLog(honest)
          await change(log, writers)
          const bytes = await toArchive([log])
          await withDatabase(world, honest, async (db, storages) => {
            // Whether heads are right, and references, is known only when all is read
            const isRead = !/^head-/.test(archive ?? '') && !name.startsWith('a reference')
            await assertHolds(bytes, await toArchive([honest]), db, storages, isRead ? { code: archive } : {})
            await assertIsUsable(world, db)
          })
        })
      }
    })
  }

  describe('with', () => {
    for (const { name, change } of files) {
      it(name, async () => {
        const log = await createLog(world.ownerIdentity, name)
        const honest = await toArchive([log])
        const bytes = await change(honest)
        await withDatabase(world, log, async (db, storages) => {
          await assertHolds(bytes, honest, db, storages)
          await assertIsUsable(world, db)
        })
      })
    }
  })

  it('is bounded: links to the same snapshot, and access controllers one behind the other', async () => {
    const { nodes, blocks } = await toBlocks([await createLog(world.ownerIdentity, 'x')])
    const [root, snapshot, ...others] = nodes
    const { databases: [link], ...fields } = dagCbor.decode<{ databases: unknown[] }>(root.bytes)
    const bytes = dagCbor.encode({ ...fields, databases: Array(1000).fill(link) })
    const digest = await sha256(bytes)
    const twice = concat([encodeHeader([digest]), encodeBlocks([{ digest, bytes }, snapshot, ...others], 'dag-cbor'), encodeBlocks(blocks, 'raw')])

    const logs = [await createLog(world.ownerIdentity, '0', { count: 0 })]
    for (let i = 1; i < 20; i++) {
      const manifest = await toBlock({ name: `${i}`, type: 'keyvalue', accessController: addressOf(logs.at(-1)!) })
      logs.push({ manifest, identities: [], entries: [], heads: [] })
    }
    const before = new Map(logs.map((log, i) => [log, i === 0 ? { block: digestOf(log.access!.hash) } : { database: addressOf(logs[i - 1]) }]))
    const deep = await toArchive(logs.slice(-1), { access: logs.slice(0, -1), accessController: log => before.get(log) })

    const chain = (from: number, to: number): Promise<Uint8Array> => toArchive([logs[to]], {
      access: logs.slice(from, to),
      shared: [logs[0].access!],
      accessController: log => log === logs[from] ? before.get(logs[0]) : before.get(log)
    })
    const halves = [await chain(6, 12), await chain(0, 6)]
    strictEqual(await codeOf(() => all(mergeBackups(halves))), 'limit-exceeded', 'more than the limit together')

    const open = async (bytes: Uint8Array): Promise<void> => {
      const backup = await openBackup(bytes)
      await backup.open(backup.databases[0].address)
    }
    for (const [bytes, code] of [[twice, 'dag-invalid'], [deep, 'limit-exceeded']] as const) {
      strictEqual(await codeOf(() => open(bytes)), code)
      strictEqual(await codeOf(() => all(mergeBackups([bytes]))), code)
      strictEqual(await codeOf(() => verifyBackup(bytes).then(({ problems: [problem] }) => { if (problem != null) throw new ArchiveError(problem.message, { code: problem.code }) })), code)
    }
    strictEqual(await codeOf(() => diffBackups(twice, deep)), 'dag-invalid')
  })

  it('is bounded: access controllers of two archives, each the other of which is said to decide about it', async () => {
    const logs = [await createLog(world.ownerIdentity, 'one'), await createLog(world.ownerIdentity, 'other')]
    const thin = await Promise.all(logs.map(async (own, i) => {
      const other = logs[1 - i]
      const accessController = (log: HostileLog) => log === own ? { database: addressOf(other) } : { block: digestOf(other.access!.hash) }
      const { root, nodes: [rootNode, , ...nodes], blocks } = await toBlocks([own], { access: [other], accessController })
      // The snapshot of the other is left out, as if the base had it
      return concat([encodeHeader([root, new Uint8Array(32)]), encodeBlocks([rootNode, ...nodes], 'dag-cbor'), encodeBlocks(blocks, 'raw')])
    }))
    const source = { sources: thin }
    for (const read of [() => verifyBackup(source), () => inspectBackup(source), () => all(mergeBackups(thin)), () => restoreBackup(world.empty.orbitdb, source)]) {
      strictEqual(await codeOf(read), 'limit-exceeded', read.toString())
    }
  })
})
