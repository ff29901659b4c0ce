// Snapshots and pinned backups on a node with live databases, in any order
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import drain from 'it-drain'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { archive, readCar } from '../helpers/archives.ts'
import { toCID } from '../helpers/cid.ts'
import { kinds } from '../helpers/helia.ts'
import { keyOf, keysOn } from '../helpers/node.ts'
import { runSequences } from './sequences.ts'
import { createBackup, createOrbitDB, createSnapshot, deleteSnapshot, IPFSAccessController, listSnapshots } from '../../src/index.ts'
import type { SequencesOptions } from './sequences.ts'
import type { Node } from '../helpers/node.ts'
import type { Documents } from '../../src/index.ts'

/** What may happen. A step that is not possible, as one on a database that was dropped, is left out. */
type Step =
  | { do: 'write', db: number, count: number }
  | { do: 'snapshot' | 'import', of: number[], base: boolean }
  | { do: 'delete' | 'pin' | 'unpin', which: number }
  | { do: 'drop', db: number }
  | { do: 'gc' }

const db = fc.nat(1)
const of = fc.constantFrom<number[]>([0], [1], [0, 1])
const which = fc.nat(5)
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), db, count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('snapshot' as const), of, base: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('import' as const), of, base: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pin' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unpin' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('gc' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), db }) }
), { minLength: 8, maxLength: 16 })

export type Kind = keyof typeof kinds

export interface PinsOptions extends SequencesOptions {
  onRun?: (steps: number) => void
}

/** Performs random sequences, each on a new node. What goes wrong is shown by the shortest sequence that was found. */
export async function runPins (kind: Kind, libp2p: Node['libp2p'], { onRun, ...options }: PinsOptions): Promise<void> {
  let run = 0
  const performOne = async (steps: Step[], directory: string): Promise<void> => {
    const path = join(directory, String(run++))
    const ipfs = Object.assign(await kinds[kind](path), { libp2p }) as unknown as Node
    const orbitdb = await createOrbitDB({ ipfs, directory: join(path, 'orbitdb') })
    try {
      await perform(steps, ipfs, orbitdb)
      onRun?.(steps.length)
    } finally {
      await orbitdb.stop()
      await ipfs.stop()
      await rm(path, { recursive: true, force: true })
    }
  }
  await runSequences('pins', steps, performOne, options)
}

/** A root that was on the node. */
interface Known {
  cid: CID
  databases: Live[]
  /** The keys of its blocks */
  keys: Set<string>
}

interface Live {
  db: Documents
  written: number
  files: Set<string>
  isDropped: boolean
}

type OrbitDB = Awaited<ReturnType<typeof createOrbitDB>>

async function perform (steps: Step[], ipfs: Node, orbitdb: OrbitDB): Promise<void> {
  // They share their access list and the identity of their writer
  const options = { type: 'documents', AccessController: IPFSAccessController({ write: ['*'] }), sync: false } as object
  const databases: Live[] = []
  for (const name of ['one', 'another']) {
    databases.push({ db: await orbitdb.open(name, options) as unknown as Documents, written: 0, files: new Set(), isDropped: false })
  }
  const known = new Map<string, Known>()
  const snapshots = new Set<string>()
  const pins = new Set<string>()
  // Helia itself loses what is pinned again that was unpinned
  const unpinned = new Set<string>()
  const pick = (from: Iterable<string>, which: number): string | undefined => [...from][which % Math.max(1, [...from].length)]
  const note = async (cid: CID, some: Live[]): Promise<void> => {
    const { blocks } = await readCar(await archive(some.map(({ db }) => db)))
    known.set(String(cid), { cid, databases: some, keys: new Set(blocks.map(({ cid }) => keyOf(cid))) })
  }
  const write = async (live: Live, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const bytes = new TextEncoder().encode(`file ${live.written}`)
      const file = CID.createV1(0x55, await sha256.digest(bytes))
      await ipfs.blockstore.put(file as any, bytes)
      live.files.add(keyOf(file))
      await live.db.put({ _id: String(live.written++), file })
    }
  }
  const pin = async (root: string): Promise<void> => {
    await drain(ipfs.pins.add(known.get(root)!.cid as any))
    pins.add(root)
  }
  const canPin = (root: string): boolean => !pins.has(root) && !unpinned.has(root)
  const check = async (): Promise<void> => {
    const there = await keysOn(ipfs)
    const has = (root: string): boolean => [...known.get(root)!.keys].every(key => there.has(key))
    const isLive = (root: string): boolean => known.get(root)!.databases.every(({ isDropped }) => !isDropped)
    const listed = new Map((await listSnapshots(ipfs)).map(({ root, isComplete }) => [String(root), isComplete]))
    deepStrictEqual(new Set(listed.keys()), snapshots)
    for (const root of [...pins, ...[...snapshots].filter(isLive)]) {
      ok(has(root), `a block of ${root} is lost`)
    }
    for (const root of snapshots) strictEqual(listed.get(root), has(root))
    for (const { db, written, files } of databases.filter(({ isDropped }) => !isDropped)) {
      for (const { hash } of await db.log.values()) ok(there.has(keyOf(toCID(hash))), `entry ${hash} is lost`)
      strictEqual((await db.all()).length, written)
      deepStrictEqual([...files].filter(file => !there.has(file)), [])
    }
    if (snapshots.size === 0 && pins.size === 0) {
      // What nobody needs is gone
      deepStrictEqual([...known.values()].filter(({ cid }) => there.has(keyOf(cid))), [])
    }
  }

  for (const live of databases) await write(live, 5)
  for (const step of [...steps, { do: 'gc' } as const]) {
    if (step.do === 'write') {
      const live = databases[step.db]
      if (!live.isDropped) await write(live, step.count)
    } else if (step.do === 'snapshot' || step.do === 'import') {
      const some = step.of.map(i => databases[i]).filter(({ isDropped }) => !isDropped)
      if (some.length === 0) continue
      const dbs = some.map(({ db }) => db)
      const last = step.base ? [...snapshots].at(-1) : undefined
      const base = last == null ? {} : { base: known.get(last)!.cid }
      if (step.do === 'snapshot') {
        const cid = await createSnapshot(dbs, base)
        await note(cid, some)
        snapshots.add(String(cid))
      } else {
        // As a user stores an archive on the node, and pins it
        const cid = await createBackup(dbs).root as CID
        if (!canPin(String(cid))) continue
        for (const { cid, bytes } of (await readCar(await archive(dbs, base))).blocks) await ipfs.blockstore.put(cid as any, bytes)
        await note(cid, some)
        await pin(String(cid))
      }
    } else if (step.do === 'delete') {
      const root = pick(snapshots, step.which)
      if (root != null) ok(await deleteSnapshot(ipfs, root))
      snapshots.delete(root ?? '')
    } else if (step.do === 'pin') {
      const there = await keysOn(ipfs)
      const root = pick([...snapshots].filter(root => canPin(root) && [...known.get(root)!.keys].every(key => there.has(key))), step.which)
      if (root != null) await pin(root)
    } else if (step.do === 'unpin') {
      const root = pick(pins, step.which)
      if (root != null) {
        await drain(ipfs.pins.rm(known.get(root)!.cid as any))
        pins.delete(root)
        unpinned.add(root)
      }
    } else if (step.do === 'drop') {
      const live = databases[step.db]
      if (live.isDropped) continue
      live.isDropped = true
      await live.db.drop()
      await live.db.close()
    } else {
      await ipfs.gc()
      await check()
    }
  }
}
