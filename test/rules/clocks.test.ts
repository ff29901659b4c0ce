// The rule Union, for entries whose clocks say nothing about what follows what: a writer may sign any time.
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { sign } from '../attacks/forge.ts'
import { contentsOf, createIdentities, keysOf } from '../helpers/logs.ts'
import { Log, MemoryStorage } from '../../src/index.ts'
import type { ForgedBlock } from '../attacks/forge.ts'
import type { SigningIdentity } from '../../src/index.ts'

interface SomeEntry {
  time: number
  /** For each entry before it, whether it names that one */
  next: boolean[]
}

interface Blocks {
  blocks: ForgedBlock[]
  /** For each entry, the numbers of those that it names */
  next: number[][]
}

const entries = fc.array(fc.record({
  time: fc.constantFrom(0, 1, 2, 3, 1000, 2 ** 53 - 1),
  next: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })
}), { minLength: 1, maxLength: 8 })
const subset = fc.array(fc.nat(7), { minLength: 1, maxLength: 3 })

describe('Union, whatever the clocks say', () => {
  let writer: SigningIdentity

  before(async () => {
    [writer] = await createIdentities(['writer'])
  })

  const create = async (entries: SomeEntry[]): Promise<Blocks> => {
    const blocks: ForgedBlock[] = []
    const next = entries.map((entry, i) => [...entries.keys()].filter(j => j < i && entry.next[j]))
    for (const [i, { time }] of entries.entries()) {
      const payload = { op: 'ADD', key: null, value: i }
      blocks.push(await sign(writer, { address: 'log' }, { payload, next: next[i].map(j => blocks[j].hash), clock: { id: writer.publicKey, time } }))
    }
    return { blocks, next }
  }

  /** What some entries lead to, those included. */
  const below = ({ next }: Blocks, numbers: number[]): Set<number> => {
    const found = new Set(numbers)
    for (const i of found) {
      next[i].forEach(j => found.add(j))
    }
    return found
  }

  const headsOf = ({ blocks, next }: Blocks, numbers: Set<number>): string[] =>
    [...numbers].filter(i => ![...numbers].some(j => next[j].includes(i))).map(i => blocks[i].hash).sort()

  /**
   * Joins some entries, imports others, and compares heads and index to those of the union.
   *
   * @param forgotten - entries that the index loses before the import, as that of a log that was not closed well does
   */
  const assertIsUnion = async (all: Blocks, local: number[], imported: number[], { isReread = false, forgotten = [] as number[] } = {}): Promise<void> => {
    const log = await Log(writer, { logId: 'log', entryStorage: await MemoryStorage() })
    for (const { hash, bytes } of all.blocks) {
      await log.storage.put(hash, bytes)
    }
    for (const i of local) {
      await log.joinEntry(all.blocks[i].bytes)
    }
    for (const i of forgotten) {
      await log.indexStorage.del(all.blocks[i].hash)
    }
    const state = below(all, imported)
    const heads = headsOf(all, state)
    // With an index nothing of what the log has already is read
    await log.import({ heads, ...(isReread ? {} : { index: [...state].map(i => all.blocks[i].hash) }) }, { repair: forgotten.length > 0 })

    const union = new Set([...below(all, local), ...state])
    const { heads: found, index } = await contentsOf(log)
    deepStrictEqual({ heads: found, index }, { heads: headsOf(all, union), index: [...union].map(i => all.blocks[i].hash).sort() })
    deepStrictEqual(await keysOf(log.indexStorage), index)
  }

  it('has no head that a later entry with an earlier clock names', async () => {
    const isNext = (...numbers: number[]) => Array.from({ length: 8 }, (_, i) => numbers.includes(i))
    const all = await create([{ time: 10, next: [] }, { time: 1, next: isNext(0) }, { time: 5, next: isNext(1) }, { time: 20, next: [] }])
    await assertIsUnion(all, [2], [0])
    await assertIsUnion(all, [2], [0, 3])
  })

  it('has the heads that no other entry names', async () => {
    await fc.assert(fc.asyncProperty(entries, subset, subset, fc.array(fc.nat(7), { maxLength: 3 }), fc.boolean(), async (entries, local, imported, forgotten, isReread) => {
      const all = await create(entries)
      const there = (numbers: number[]) => numbers.map(i => i % entries.length)
      await assertIsUnion(all, there(local), there(imported), { isReread, forgotten: there(forgotten) })
    }), { numRuns: 150, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true })
  })
})
