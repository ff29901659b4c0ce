import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import all from 'it-all'
import drain from 'it-drain'
import fc from 'fast-check'
import { archive, readCar } from '../helpers/archives.ts'
import { toCID } from '../helpers/blocks.ts'
import { read } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { kinds } from '../helpers/helia.ts'
import { createNode, deleteBlock } from '../helpers/node.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { createBackup, createOrbitDB, createSnapshot, deleteSnapshot, IPFSAccessController, KeyValueIndexed, listSnapshots, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import type { CID } from 'multiformats/cid'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { Node } from '../helpers/node.ts'
import type { Documents, KeyValue, OrbitDB } from '../../src/index.ts'

const keyOf = ({ multihash }: { multihash: { bytes: Uint8Array } }): string => Buffer.from(multihash.bytes).toString('hex')

const keysOn = async (ipfs: Node): Promise<Set<string>> => new Set((await all(ipfs.blockstore.getAll())).map(({ cid }) => keyOf(cid)))

describe('createSnapshot', () => {
  const { createReplica } = useReplicas()

  it('has the root of a backup, takes no more than its lists, and survives garbage collection and a restart', async () => {
    const { ipfs, orbitdb, directory, stop } = await createReplica()
    const db = await orbitdb.open('notes', { type: 'keyvalue' })
    for (let i = 0; i < 100; i++) await db.put(String(i), i)
    const before = await keysOn(ipfs)
    const root = await createSnapshot(db)
    const { blocks } = await readCar(await archive(db))
    strictEqual(String(root), String(await createBackup(db).root))
    ok((await keysOn(ipfs)).size - before.size < 20)
    await ipfs.gc()
    await stop()

    const restarted = await createReplica({ directory })
    await restarted.ipfs.gc()
    const there = await keysOn(restarted.ipfs)
    deepStrictEqual(blocks.filter(({ cid }) => !there.has(keyOf(cid))), [])
    const [snapshot, ...others] = await listSnapshots(restarted.ipfs)
    deepStrictEqual(others, [])
    ok(Math.abs(snapshot.created.getTime() - Date.now()) < 600_000)
    deepStrictEqual({ ...snapshot, root: String(snapshot.root), created: undefined }, {
      root: String(root),
      created: undefined,
      isComplete: true,
      databases: [{ address: db.address, name: 'notes', type: 'keyvalue', entries: 100, heads: 1 }]
    })
  })

  it('can be got from the node by peers, with access controllers that are databases, encryption and an index', async () => {
    const a = await createReplica()
    const encryption = { replication: await createCipher(), data: await createCipher() }
    const db = await a.orbitdb.open('secrets', { Database: KeyValueIndexed(), type: 'keyvalue', AccessController: OrbitDBAccessController(), encryption }) as unknown as KeyValue & IterableDatabase
    for (let i = 0; i < 20; i++) await db.put(String(i), { i })
    const contents = await read(db)
    const root = await createSnapshot(db)
    await a.ipfs.gc()
    const b = await createReplica()
    await connect(b, a)
    const restored = await restoreBackup<IterableDatabase>(b.orbitdb, root, { Database: KeyValueIndexed(), encryption })
    deepStrictEqual(await read(restored), contents)
  })

  it('is the base of a backup, and of the next snapshot, which reads what is new', async () => {
    const a = await createReplica()
    const db = await a.orbitdb.open('days', { type: 'events' })
    for (let i = 0; i < 50; i++) await db.add(i)
    const monday = await createSnapshot(db)
    const whole = await archive(db)
    for (let i = 0; i < 5; i++) await db.add(i)
    const events: any[] = []
    const tuesday = await createSnapshot(db, { base: monday, onProgress: event => { events.push(event) } })
    const reads = events.filter(({ type }) => type === 'orbitdb-backup:create:read')
    strictEqual(reads.at(-1).detail.blocks.done, 5)
    strictEqual(String(tuesday), String(await createBackup(db).root))

    const thin = await archive(db, { base: monday })
    deepStrictEqual((await readCar(thin)).roots.map(String), [String(tuesday), String(monday)])
    ok(thin.length < whole.length)
    const b = await createReplica()
    const restored = await restoreBackup(b.orbitdb, { sources: [whole, thin] })
    strictEqual((await restored.log.values()).length, 55)
  })

  it('is made once of one state, and not at all when it is aborted', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('once', { type: 'events' })
    await db.add('one')
    await rejects(createSnapshot(db, { signal: AbortSignal.abort(new Error('stop')) }), /stop/)
    deepStrictEqual(await listSnapshots(ipfs), [])
    const roots = await Promise.all([createSnapshot(db), createSnapshot([db]), createSnapshot(db)])
    strictEqual(new Set(roots.map(String)).size, 1)
    strictEqual((await listSnapshots(ipfs)).length, 1)
    strictEqual(await deleteSnapshot(ipfs, String(roots[0])), true)
    strictEqual(await deleteSnapshot(ipfs, roots[0]), false)
    await ipfs.gc()
    ok(!(await keysOn(ipfs)).has(keyOf(roots[0])))
    strictEqual((await db.all()).length, 1)
  })

  it('is listed as incomplete once entries are gone, until they come back', async () => {
    const { ipfs, orbitdb } = await createReplica()
    const db = await orbitdb.open('gone', { type: 'events' })
    const hash = await db.add('one')
    const bytes = await db.log.storage.get(hash) as Uint8Array
    const root = await createSnapshot(db)
    await deleteBlock(ipfs, hash)
    deepStrictEqual((await listSnapshots(ipfs)).map(({ isComplete }) => isComplete), [false])
    await ipfs.blockstore.put(toCID(hash) as any, bytes)
    deepStrictEqual((await listSnapshots(ipfs)).map(({ root, isComplete }) => [String(root), isComplete]), [[String(root), true]])
  })

  it('of databases on two nodes is an error', async () => {
    const [a, b] = [await createReplica(), await createReplica()]
    await rejects(createSnapshot([await a.orbitdb.open('a'), await b.orbitdb.open('b')]), { name: 'TypeError', message: /several nodes/ })
  })
})

/** What may happen. */
type Step = { do: 'write', count: number } | { do: 'snapshot', base: boolean } | { do: 'delete' | 'pin' | 'unpin', which: number } | { do: 'gc' } | { do: 'drop' }

const which = fc.nat(5)
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 40 }) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const), base: fc.boolean() }) },
  fc.record({ do: fc.constant('delete' as const), which }),
  fc.record({ do: fc.constant('pin' as const), which }),
  fc.record({ do: fc.constant('unpin' as const), which }),
  fc.record({ do: fc.constant('gc' as const) })
), { minLength: 8, maxLength: 16 }).chain(steps => fc.boolean().map(isDropped => isDropped ? [...steps, { do: 'drop' as const }, { do: 'gc' as const }] : steps))

describe('Snapshots on a node', () => {
  let directory: string
  let network: Node

  before(async () => { network = await createNode() })
  after(async () => { await network.stop() })

  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-')) })
  afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

  for (const kind of ['Helia 7 in memory', 'Helia 7 with level stores', 'Helia 7 with file stores'] as const) {
    it(`of ${kind}, users' pins of their roots and databases lose nothing to each other`, async () => {
      let run = 0
      await fc.assert(fc.asyncProperty(steps, async steps => {
        const path = join(directory, String(run++))
        const ipfs = Object.assign(await kinds[kind](path), { libp2p: network.libp2p }) as unknown as Node
        const orbitdb: OrbitDB = await createOrbitDB({ ipfs, directory: join(path, 'orbitdb') })
        try {
          await perform(steps, ipfs, orbitdb)
        } finally {
          await orbitdb.stop()
          await ipfs.stop()
        }
      }), { numRuns: kind === 'Helia 7 in memory' ? 25 : 8, interruptAfterTimeLimit: 50_000 })
    }).timeout(120_000)
  }

  async function perform (steps: Step[], ipfs: Node, orbitdb: OrbitDB): Promise<void> {
    const db = await orbitdb.open('documents', { type: 'documents', AccessController: IPFSAccessController({ write: ['*'] }), sync: false } as object) as unknown as Documents
    /** The blocks of each root that there ever was */
    const keys = new Map<string, Set<string>>()
    const cids = new Map<string, CID>()
    const snapshots = new Set<string>()
    const pins = new Set<string>()
    const unpinned = new Set<string>()
    let written = 0
    let isDropped = false
    const write = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await db.put({ _id: String(written++) })
    }
    const pick = (from: Iterable<string>, which: number): string | undefined => [...from][which % Math.max(1, [...from].length)]
    await write(5)
    for (const step of [...steps, { do: 'gc' } as const]) {
      if (step.do === 'write' && !isDropped) {
        await write(step.count)
      } else if (step.do === 'snapshot' && !isDropped) {
        const base = step.base ? [...snapshots].at(-1) : undefined
        const root = await createSnapshot(db, base == null ? {} : { base: cids.get(base) })
        snapshots.add(String(root))
        cids.set(String(root), root)
        keys.set(String(root), new Set((await readCar(await archive(db))).blocks.map(({ cid }) => keyOf(cid))))
      } else if (step.do === 'delete') {
        const root = pick(snapshots, step.which)
        if (root != null) ok(await deleteSnapshot(ipfs, root))
        snapshots.delete(root ?? '')
      } else if (step.do === 'pin') {
        // Helia itself loses what is pinned again that was unpinned: see the pins of backups
        const root = pick([...snapshots].filter(root => !pins.has(root) && !unpinned.has(root)), step.which)
        if (root != null) {
          await drain(ipfs.pins.add(cids.get(root) as any))
          pins.add(root)
        }
      } else if (step.do === 'unpin') {
        const root = pick(pins, step.which)
        if (root != null) {
          await drain(ipfs.pins.rm(cids.get(root) as any))
          pins.delete(root)
          unpinned.add(root)
        }
      } else if (step.do === 'drop' && !isDropped) {
        isDropped = true
        await db.drop()
        await db.close()
      } else if (step.do === 'gc') {
        await ipfs.gc()
        const there = await keysOn(ipfs)
        const listed = new Map((await listSnapshots(ipfs)).map(({ root, isComplete }) => [String(root), isComplete]))
        deepStrictEqual(new Set(listed.keys()), snapshots)
        for (const root of [...pins, ...isDropped ? [] : snapshots]) {
          deepStrictEqual([...keys.get(root)!].filter(key => !there.has(key)), [])
        }
        for (const root of snapshots) {
          strictEqual(listed.get(root), [...keys.get(root)!].every(key => there.has(key)))
        }
        if (!isDropped) {
          for (const { hash } of await db.log.values()) ok(there.has(keyOf(toCID(hash))), hash)
          strictEqual((await db.all()).length, written)
        }
        if (snapshots.size === 0 && pins.size === 0) {
          deepStrictEqual([...cids.values()].filter(root => there.has(keyOf(root))), [])
        }
      }
    }
  }
})
