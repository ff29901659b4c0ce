// Backups that a node pins beside its live databases: whatever is pinned, unpinned and collected, nothing is lost that
// a database or a pin needs.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import all from 'it-all'
import drain from 'it-drain'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { archive, readCar } from '../helpers/archives.ts'
import { toCID } from '../helpers/blocks.ts'
import { createBlock } from '../helpers/forgery.ts'
import { kinds } from '../helpers/helia.ts'
import { createNode } from '../helpers/node.ts'
import { createBackup, createOrbitDB, IPFSAccessController } from '../../src/index.ts'
import type { Node } from '../helpers/node.ts'
import type { Documents, OrbitDB } from '../../src/index.ts'

/** What may happen. */
type Step = { do: 'write', count: number } | { do: 'pin', base: boolean } | { do: 'unpin', which: number } | { do: 'gc' } | { do: 'drop' }

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant('pin' as const), base: fc.boolean() }),
  fc.record({ do: fc.constant('unpin' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('gc' as const) })
), { minLength: 6, maxLength: 12 }).chain(steps => fc.boolean().map(isDropped => isDropped ? [...steps, { do: 'drop' as const }, { do: 'gc' as const }] : steps))

describe('Pins of backups', () => {
  let directory: string
  let network: Node

  before(async () => { network = await createNode() })
  after(async () => { await network.stop() })

  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-')) })
  afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

  for (const kind of ['Helia 7 in memory', 'Helia 7 with level stores', 'Helia 7 with file stores'] as const) {
    it(`of ${kind} keep what they pin, and let go of nothing else`, async () => {
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
      }), { numRuns: 6, interruptAfterTimeLimit: 50_000 })
    }).timeout(120_000)
  }

  it('are lost by Helia itself when a root is pinned again that was unpinned, whatever it links to', async () => {
    const ipfs = await kinds['Helia 7 in memory']() as any
    const put = async (value: unknown): Promise<CID> => {
      const { cid, bytes } = await createBlock(value)
      await ipfs.blockstore.put(cid, bytes)
      return cid
    }
    const entry = await put('entry')
    const root = await put([CID.createV1(0x55, entry.multihash)])
    await drain(ipfs.pins.add(entry))
    for (const isPinned of [true, false]) {
      await drain(ipfs.pins.add(root))
      await drain(ipfs.pins.rm(root))
      strictEqual(await ipfs.pins.isPinned(entry), isPinned)
    }
    await ipfs.stop()
  })

  async function perform (steps: Step[], ipfs: Node, orbitdb: OrbitDB): Promise<void> {
    const db = await orbitdb.open('documents', { type: 'documents', AccessController: IPFSAccessController({ write: ['*'] }), sync: false } as object) as unknown as Documents
    const pinned: Array<{ root: CID, keys: Set<string>, bytes: Uint8Array }> = []
    const known = new Set<string>()
    let written = 0
    let isDropped = false
    const write = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const file = new TextEncoder().encode(`file ${written}`)
        const cid = CID.createV1(0x55, await sha256.digest(file))
        await ipfs.blockstore.put(cid as any, file)
        await db.put({ _id: String(written++), file: cid })
      }
    }
    const keyOf = (cid: { multihash: { bytes: Uint8Array } }): string => Buffer.from(cid.multihash.bytes).toString('hex')
    await write(5)
    for (const step of [...steps, { do: 'gc' } as const]) {
      if (step.do === 'write' && !isDropped) {
        await write(step.count)
      } else if (step.do === 'pin' && !isDropped) {
        const last = step.base ? pinned.at(-1) : undefined
        const bytes = await archive(db, last == null ? {} : { base: last.root as any })
        const root = await createBackup(db).root as CID
        // See the test below
        if (known.has(String(root))) continue
        known.add(String(root))
        for (const { cid, bytes: block } of (await readCar(bytes)).blocks) await ipfs.blockstore.put(cid as any, block)
        await drain(ipfs.pins.add(root as any))
        const keys = new Set((await readCar(await archive(db))).blocks.map(({ cid }) => keyOf(cid)))
        pinned.push({ root, keys, bytes })
      } else if (step.do === 'unpin' && pinned.length > 0) {
        const [{ root }] = pinned.splice(step.which % pinned.length, 1)
        await drain(ipfs.pins.rm(root as any))
      } else if (step.do === 'drop' && !isDropped) {
        isDropped = true
        await db.drop()
        await db.close()
      } else if (step.do === 'gc') {
        await ipfs.gc()
        const there = new Set((await all(ipfs.blockstore.getAll())).map(({ cid }) => keyOf(cid)))
        for (const { keys } of pinned) {
          deepStrictEqual([...keys].filter(key => !there.has(key)), [])
        }
        if (!isDropped) {
          for (const { hash } of await db.log.values()) ok(there.has(keyOf(toCID(hash))), hash)
          deepStrictEqual((await db.all()).length, written)
        }
      }
    }
  }
})
