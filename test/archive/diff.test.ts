import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { archive, hashesOf, readCar, writeCar } from '../helpers/archives.ts'
import { openToAll } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createCipher } from '../helpers/encryption.ts'
import { decodeNode } from '../../src/archive/format/node.ts'
import { createSnapshot, diffBackups, KeyValueIndexed, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import type { DiffOptions, Events, KeyValue } from '../../src/index.ts'

/** Compares, and counts the blocks of archives that are read. */
async function diff (a: Parameters<typeof diffBackups>[0], b: Parameters<typeof diffBackups>[1], options: DiffOptions = {}) {
  let read = 0
  const difference = await diffBackups(a, b, { ...options, onProgress: ({ detail }) => { read = detail.blocks.done } })
  return { ...difference, read }
}

describe('diffBackups', () => {
  const { createReplica } = useReplicas()

  it('tells what is new, gone and the same of entries, heads and writers, and which they are', async () => {
    const [a, b] = [await createReplica({ id: 'a' }), await createReplica({ id: 'b' })]
    const db = await a.orbitdb.open('forked', { ...openToAll(), type: 'events' }) as unknown as Events
    for (let i = 0; i < 300; i++) await db.add(i)
    const start = await archive(db)
    const replica = await restoreBackup<any>(b.orbitdb, start, { sync: false } as object) as Events
    const before = await hashesOf(db)
    for (let i = 0; i < 40; i++) await db.add(`a ${i}`)
    for (let i = 0; i < 25; i++) await replica.add(`b ${i}`)
    const [one, other] = [await archive(db), await archive(replica)]

    const { isSame, databases: [{ entries, heads, writers, ...rest }] } = await diff(one, other, { hashes: true })
    strictEqual(isSame, false)
    deepStrictEqual(rest, { address: db.address, name: 'forked', type: 'events', isAccess: false, state: 'changed' })
    deepStrictEqual([entries.new, entries.gone, entries.same], [25, 40, 300])
    const sorted = ({ hashes }: { hashes?: { new: string[], gone: string[] } }) => [hashes!.new.sort(), hashes!.gone.sort()]
    const without = (hashes: string[], others: string[]): string[] => hashes.filter(hash => !others.includes(hash))
    deepStrictEqual(sorted(entries), [without(await hashesOf(replica), before), without(await hashesOf(db), before)])
    deepStrictEqual(sorted(heads), [(await replica.log.heads()).map(({ hash }) => hash), (await db.log.heads()).map(({ hash }) => hash)])
    deepStrictEqual([writers.new, writers.gone, writers.same], [1, 0, 1])

    const { databases: [{ entries: counted }] } = await diff(start, other)
    deepStrictEqual(counted, { new: 25, gone: 0, same: 300 })
  })

  it('does not read what both have: one new entry costs as many blocks in a long log as in a short one, give or take the depth', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('long', { type: 'events' })
    const costs = []
    for (const length of [300, 1500]) {
      while ((await hashesOf(db)).length < length) await db.add(length)
      const before = await archive(db)
      await db.add('one more')
      const difference = await diff(before, await archive(db))
      deepStrictEqual(difference.databases[0].entries, { new: 1, gone: 0, same: length })
      costs.push(difference.read)
    }
    ok(costs[1] <= costs[0] + 8 && costs[1] < 40, String(costs))
    const same = await archive(db)
    const { isSame, read } = await diff(same, same)
    deepStrictEqual([isSame, read], [true, 4])
  })

  it('of an archive and open databases says whether the backup is current, also of snapshots, thin archives and a type of its own', async () => {
    const a = await createReplica()
    const encryption = { replication: await createCipher() }
    const db = await a.orbitdb.open('node', { Database: KeyValueIndexed(), type: 'keyvalue', AccessController: OrbitDBAccessController(), encryption }) as unknown as KeyValue
    for (let i = 0; i < 100; i++) await db.put(String(i), i)
    const monday = await archive(db)
    const snapshot = await createSnapshot(db)
    strictEqual((await diff(monday, db)).isSame, true)
    strictEqual((await diff(snapshot, db, { ipfs: a.ipfs })).isSame, true)
    await db.put('more', 1)
    const { isSame, databases } = await diff(monday, [db])
    strictEqual(isSame, false)
    deepStrictEqual(databases.map(({ state, isAccess }) => [state, isAccess]).sort(), [['changed', false], ['same', true]].sort())
    deepStrictEqual(databases.find(({ isAccess }) => !isAccess)!.entries, { new: 1, gone: 0, same: 100 })
    const tuesday = await archive(db, { base: monday })
    strictEqual((await diff({ sources: [monday, tuesday] }, db)).isSame, true)
    // All that is not the same is in the increment
    deepStrictEqual((await diff(monday, tuesday)).databases.find(({ isAccess }) => !isAccess)!.entries, { new: 1, gone: 0, same: 100 })
    strictEqual((await diff(tuesday, db)).isSame, true)
  })

  it('of a list that is less deep than the other, whose root is a node of the other, needs no base', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('grows', { type: 'events', sync: false }) as unknown as Events
    const hasParent = async (bytes: Uint8Array): Promise<boolean> => (await readCar(bytes)).blocks.some(({ bytes }) => decodeNode(bytes)?.level === 1)
    for (let isDeeper = false; !isDeeper;) {
      const whole = await archive(db)
      await db.add('one more')
      const increment = await archive(db, { base: whole })
      isDeeper = await hasParent(increment)
      const { databases: [{ entries }] } = await diff(whole, increment)
      deepStrictEqual([entries.new, entries.gone], [1, 0])
    }
  })

  it('asks for the bases of a thin archive where it needs them', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('days', { type: 'events' })
    const archives: Uint8Array[] = []
    for (const count of [200, 300, 1]) {
      for (let i = 0; i < count; i++) await db.add(i)
      archives.push(await archive(db, archives.length === 0 ? {} : { base: { sources: archives } }))
    }
    const [monday, tuesday, wednesday] = archives
    await rejects(diff(monday, wednesday), { code: 'archive-incomplete' })
    deepStrictEqual((await diff(monday, { sources: archives })).databases[0].entries, { new: 301, gone: 0, same: 200 })
    deepStrictEqual((await diff({ sources: [monday, tuesday] }, wednesday)).databases[0].entries, { new: 1, gone: 0, same: 500 })
  })

  it('tells databases that only one has', async () => {
    const { orbitdb } = await createReplica()
    const [one, other] = [await orbitdb.open('one'), await orbitdb.open('other')]
    await one.add(1)
    await other.add(1)
    const { databases } = await diff(await archive(one), await archive(other), { hashes: true })
    deepStrictEqual(databases.map(({ name, state }) => [name, state]).sort(), [['one', 'gone'], ['other', 'new']])
    deepStrictEqual(databases.find(({ name }) => name === 'other')!.entries, { new: 1, gone: 0, same: 0, hashes: { new: await hashesOf(other), gone: [] } })
    const { databases: [{ entries }] } = await diff(await archive([one, other]), await archive(one))
    ok(entries.new === 0)
  })

  it('refuses lists that are not what they have to be, and what is missing', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('hostile', { type: 'events' })
    for (let i = 0; i < 300; i++) await db.add(i)
    const before = await archive(db)
    await db.add('more')
    const after = await archive(db)
    const { roots, blocks } = await readCar(after)
    const nodes = blocks.filter(({ cid, bytes }) => cid.code === 0x71 && bytes[0] === 0x86)
    const known = new Set((await readCar(before)).blocks.map(({ cid }) => String(cid)))
    for (const node of nodes.filter(({ cid }) => !known.has(String(cid)))) {
      const others = blocks.filter(block => block !== node)
      await rejects(diff(before, await writeCar(roots, others)), { code: 'archive-truncated' })
      const changed = { ...node, bytes: node.bytes.map((byte, i) => i === node.bytes.length - 1 ? byte ^ 1 : byte) }
      await rejects(diff(before, await writeCar(roots, [...others, changed])), { code: 'block-damaged' })
    }
    // A root that links to a node as if it were a snapshot
    const root = blocks.find(({ cid }) => cid.equals(roots[0]))!
    const [snapshot] = blocks.filter(({ cid, bytes }) => cid.code === 0x71 && bytes[0] !== 0x86 && !cid.equals(roots[0]))
    const forged = Buffer.from(Buffer.from(root.bytes).toString('hex').replace(Buffer.from(snapshot.cid.bytes).toString('hex'), Buffer.from(nodes[0].cid.bytes).toString('hex')), 'hex')
    const cid = CID.createV1(0x71, await sha256.digest(forged))
    await rejects(diff(before, await writeCar([cid], [{ cid, bytes: forged }, ...blocks])), { code: 'dag-invalid' })
  })
})
