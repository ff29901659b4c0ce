// What keeps something of each entry of a log, with as many entries as are asked for: none of them is signed, as there
// can be more than a Map or a Set holds
import { setTimeout } from 'node:timers/promises'
import { createHashSet } from '../../src/blocks/hash-set.ts'
import { cidOf } from '../../src/blocks/cids.ts'
import { toHash } from '../../src/blocks/hashes.ts'
import { Intake } from '../../src/core/intake.ts'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.ts'
import type { Storage } from '../../src/index.ts'

/** What one of them took. */
export interface IndexFigures {
  name: string
  /** In seconds. */
  seconds: number
  /** Bytes of memory for each entry, where garbage can be collected. */
  bytes: number
}

const digest = new Uint8Array(32)
const words = new Uint32Array(digest.buffer)

/** The hash of an entry that nobody wrote. */
function hashOf (number: number): string {
  words.forEach((_, i) => { words[i] = Math.imul(number + 1, 0x9e3779b1 + 2 * i) })
  return toHash(cidOf(digest))
}

function * hashesOf (count: number): Generator<string> {
  for (let number = 0; number < count; number++) yield hashOf(number)
}

const used = async (): Promise<number> => {
  globalThis.gc?.()
  // The memory of arrays is given back later
  await setTimeout(globalThis.gc == null ? 0 : 500)
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** An index storage that has so many hashes. */
async function createIndexStorage (count: number): Promise<Storage<true>> {
  return {
    ...await MemoryStorage<true>(),
    keys: async function * () {
      let batch: string[] = []
      for (const hash of hashesOf(count)) {
        if (batch.push(hash) === 1000) {
          yield batch
          batch = []
        }
      }
      yield batch
    }
  }
}

/**
 * Exports the index of a log of so many entries, has an import read it, and reads it as the command line does.
 *
 * @throws Error when not all entries are there.
 */
export async function measureIndex (count: number): Promise<IndexFigures[]> {
  const figures: IndexFigures[] = []
  const measure = async <T extends { has: (hash: string) => boolean, size: number }>(name: string, fn: () => Promise<T>): Promise<T> => {
    const before = await used()
    const start = performance.now()
    const set = await fn()
    figures.push({ name, seconds: (performance.now() - start) / 1000, bytes: (await used() - before) / count })
    for (const number of [0, 1, count >> 1, count - 1]) {
      if (!set.has(hashOf(number))) throw new Error(`${name} lacks entry ${number}`)
    }
    if (set.size !== count || set.has(hashOf(count))) throw new Error(`${name} has ${set.size} entries, and not ${count}`)
    return set
  }

  await measure('command line', async () => createHashSet(hashesOf(count)))

  const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage: await MemoryStorage() })
  const log = await Log(await identities.createIdentity({ id: 'index' }), { logId: 'index', indexStorage: await createIndexStorage(count) })
  const index = await measure('export', async () => (await log.export()).index)
  await measure('import', async () => {
    const intake: any = Intake({ id: 'index' })
    await intake.addIndex(index)
    return { has: intake.expects, size: intake.size() }
  })
  return figures
}
