/**
 * Joins, appends, imports, repairs, exports, closes and drops of one database at once, as a seed says.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { sign } from '../attacks/forge.ts'
import { toCID } from '../helpers/cid.ts'
import { collect } from '../helpers/backups.ts'
import { createWriter } from '../helpers/writers.ts'
import { createRandom } from './random.ts'
import { IPFSAccessController } from '../../src/index.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Events, Block, SigningIdentity } from '../../src/index.ts'

interface PoolEntry {
  hash: string
  bytes: Uint8Array
  next: string[]
  refs: string[]
  /** Whether it leads to what nobody has. */
  isBad: boolean
}

export interface JoinsOptions {
  /** A node that has entries for the other one to join. */
  source: Replica
  target: Replica
  seed: number
  isOver: (rounds: number) => boolean
}

/** The codes of what may fail where all of this happens at once. */
const codes = ['log-closed', 'log-cleared', 'block-missing']

/** How often each was done. */
export type Counts = Record<string, number>

/** Does it, and fails when an entry is lost, half joined, or not pinned. */
export async function runJoins ({ source, target, seed, isOver }: JoinsOptions): Promise<Counts> {
  const random = createRandom(seed)
  const chance = (n: number): boolean => random.next() < n
  const counts: Counts = {}
  const count = (what: string): void => { counts[what] = (counts[what] ?? 0) + 1 }

  const origin = await source.orbitdb.open<Events>('joins', { AccessController: IPFSAccessController({ write: ['*'] }), sync: false })
  const start = await collect(await origin.export())
  const writers: SigningIdentity[] = []
  for (let i = 0; i < 3; i++) writers.push((await createWriter(source)).identity)
  const others: Block[] = [...start.blocks, ...writers.map(({ hash, bytes }) => [hash, bytes] as Block)]
  await origin.close()

  const { ipfs } = target
  let db = await target.orbitdb.import<Events>({ ...start, blocks: others }, { sync: false })
  const pool = new Map<string, PoolEntry>()
  // What was appended, and what must be there: what was joined, appended or imported since the last drop
  const appended = new Map<string, string[]>()
  let has = new Set<string>()
  // Changes when a drop begins and when it ends
  let drops = 0

  const linksOf = (hash: string): string[] => {
    const entry = pool.get(hash)
    return entry != null ? [...entry.next, ...entry.refs] : appended.get(hash) ?? []
  }
  const closureOf = (hash: string): Set<string> => {
    const closure = new Set([hash])
    for (const hash of closure) linksOf(hash).forEach(link => closure.add(link))
    return closure
  }

  /** Makes entries that lead to others, or now and then to what nobody has. Some are on the source alone. */
  const addToPool = async (length: number): Promise<void> => {
    for (let i = 0; i < length; i++) {
      // What leads nowhere is seldom built on, as soon all would
      const recent = [...pool.values()].slice(-20).filter(({ isBad }) => !isBad || chance(0.03))
      const pickLinks = (most: number): string[] => recent.length === 0 ? [] : [...new Set(Array.from({ length: random.below(most + 1) }, () => random.pick(recent).hash))]
      const [next, refs] = [pickLinks(3), pickLinks(3)]
      const isNowhere = chance(0.08)
      if (isNowhere) next.push((await sign(writers[0], db, { payload: random.next() })).hash)
      const time = 1 + pool.size
      const { hash, bytes } = await sign(random.pick(writers), db, { next, refs, clock: { id: 'writer', time }, payload: { op: 'ADD', key: null, value: time } })
      const isBad = isNowhere || [...next, ...refs].some(link => pool.get(link)?.isBad)
      pool.set(hash, { hash, bytes, next, refs, isBad })
      await source.ipfs.blockstore.put(toCID(hash), bytes)
      if (chance(0.7)) await target.ipfs.blockstore.put(toCID(hash), bytes)
    }
  }

  /** Does something that may be refused as the database is closed or dropped; what resolves to hashes must be there then. */
  const attempt = async (what: string, task: () => Promise<string[]>): Promise<void> => {
    const before = drops
    try {
      const hashes = await task()
      count(what)
      if (drops === before && before % 2 === 0) {
        for (const hash of hashes) closureOf(hash).forEach(hash => has.add(hash))
      }
    } catch (error: any) {
      count(`${what} refused`)
      ok(codes.includes(error.code), new Error(`${what}: ${error?.message}`, { cause: error }))
    }
  }

  // What ends by itself, though seldom after half a minute: Helia forgets what is asked of peers again just as it was given up
  let ending: Array<Promise<void>> = []
  const waitForEnding = async (): Promise<unknown> => Promise.race([Promise.all(ending), new Promise(resolve => setTimeout(resolve, 4000))])

  const steps = {
    join: async () => {
      const { hash, bytes, isBad } = random.pick([...pool.values()].slice(-30))
      const joining = attempt('joins', async () => {
        await db.log.joinEntry(bytes)
        return [hash]
      })
      if (!isBad) ending.push(joining)
      await joining
    },
    append: async () => attempt('appends', async () => {
      const hash = await db.add(random.next())
      const entry = await db.log.get(hash).catch(() => undefined)
      if (entry == null) return []
      appended.set(hash, [...entry.next, ...entry.refs])
      return [hash]
    }),
    import: async () => {
      const some = [...pool.values()].filter(({ isBad }) => !isBad || chance(0.05))
      const heads = Array.from({ length: 1 + random.below(2) }, () => random.pick(some).hash)
      const hashes = [...new Set(heads.flatMap(hash => [...closureOf(hash)]))].filter(hash => pool.has(hash))
      const blocks = [...others, ...hashes.map(hash => [hash, pool.get(hash)!.bytes] as Block)]
      await attempt('imports', async () => {
        await db.import({ address: db.address, heads, blocks }, { repair: chance(0.3) })
        return heads
      })
    },
    export: async () => attempt('exports', async () => {
      const before = new Set(has)
      const dropsBefore = drops
      const { heads, index } = await db.export()
      if (drops === dropsBefore && drops % 2 === 0) {
        for (const hash of before) ok(index.has(hash), `${hash} is not exported`)
      }
      assertReached(heads.map(({ hash }) => hash), new Set(index))
      return []
    }),
    close: async () => {
      count('closes')
      await db.close()
      db = await target.orbitdb.open<Events>(db.address, { sync: false })
    },
    drop: async () => {
      drops++
      has = new Set()
      await db.drop().then(() => count('drops'), (error: any) => {
        count('drops refused')
        strictEqual(error.code, 'log-closed')
      })
      has = new Set()
      drops++
    }
  }

  /** Heads are the maximal ones of an index, and reach all of it. Entries that were appended when it was dropped are not known. */
  const assertReached = (heads: string[], index: Set<string>): void => {
    const isKnown = (hash: string): boolean => pool.has(hash) || appended.has(hash)
    const unknown = [...index].filter(hash => !isKnown(hash))
    if (unknown.length > 0) return
    const reached = new Set(heads)
    for (const hash of reached) (pool.get(hash)?.next ?? appended.get(hash)!).forEach(next => reached.add(next))
    deepStrictEqual([...reached].sort(), [...index].sort())
    const followed = new Set([...index].flatMap(hash => pool.get(hash)?.next ?? appended.get(hash)!))
    deepStrictEqual(heads.filter(hash => followed.has(hash)), [])
    deepStrictEqual([...index].filter(hash => pool.get(hash)?.isBad), [])
  }

  const assertWhole = async (): Promise<void> => {
    const { heads, index } = await db.log.export()
    for (const hash of has) ok(index.has(hash), `${hash} is lost`)
    for (const { hash, next, refs } of await db.log.values()) {
      if (!pool.has(hash)) appended.set(hash, [...next, ...refs])
    }
    assertReached(heads.map(({ hash }) => hash), new Set(index))
    // Not beside joins: Helia collects no garbage while blocks are fetched, and nothing is written while that waits
    await ipfs.gc()
    strictEqual((await db.log.values()).length, index.size)
    const pinned = [...index, ...(index.size > 0 ? others.filter(([hash]) => !writers.some(writer => writer.hash === hash)).map(([hash]) => hash) : [])]
    for (const hash of pinned) {
      ok(await ipfs.pins.isPinned(toCID(hash)), `${hash} (${pool.has(hash) ? 'joined' : appended.has(hash) ? 'appended' : 'other'}) is not pinned`)
    }
    await collect(await db.export())
  }

  const weights: Array<[keyof typeof steps, number]> = [['join', 60], ['append', 15], ['import', 8], ['export', 5], ['close', 4], ['drop', 2]]
  const all = weights.flatMap(([step, weight]) => Array<keyof typeof steps>(weight).fill(step))
  for (let round = 0; !isOver(round); round++) {
    await addToPool(10 + random.below(20))
    const running: Array<Promise<void>> = []
    ending = []
    let alone: Promise<void> | undefined
    for (let i = 0, length = 10 + random.below(40); i < length; i++) {
      const step = random.pick(all)
      // Most are begun when it is open again
      if (chance(0.8)) await alone
      if (step === 'close' || step === 'drop') {
        // They need not wait for what is running, but for each other
        await alone
        if (chance(0.5)) await waitForEnding()
        alone = steps[step]()
        running.push(alone)
      } else {
        running.push(steps[step]())
      }
      if (chance(0.3)) await new Promise(resolve => setTimeout(resolve, random.below(15)))
    }
    await alone
    if (chance(0.7)) await waitForEnding()
    // What leads nowhere ends with it
    await Promise.all([steps.close(), ...running])
    await assertWhole()
    count('rounds')
  }
  return counts
}
