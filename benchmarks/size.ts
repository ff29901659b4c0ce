// How do time and memory grow with a database?
//
//   npm run bench:size -- [entries]...      10000, 100000 and 1000000 by default
//   npm run bench:memory -- [entries]...    10000 and 100000 by default
//
// Backs up, verifies, restores, and restores again, each in a process of its own. With --memory, that
// collects garbage again and again, and notes the most that is left: what this grows by is what an entry takes.
import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { take } from './clock.ts'
import { getDataset } from './dataset.ts'
import { peakMemory } from './memory.ts'
import { start, stop } from './node.ts'
import { copy } from './programs.ts'
import { createBackup, restoreBackup, verifyBackup } from '../src/index.ts'
import type { Taken } from './clock.ts'
import type { OrbitDB } from '../src/index.ts'

interface Place {
  address: string
  source: string
  archive: string
  target: string
}

interface Result extends Taken {
  /** The most memory of the process, in bytes. */
  peak: number
  /** The most memory in use over that before, in bytes, where garbage is collected. */
  used: number
}

const read = (archive: string) => createReadStream(archive, { highWaterMark: 2 ** 20 })

/** How many bytes are in use once garbage is collected, where it can be. */
function measureUsed (): number {
  // What is outside of the heap is counted until the next collection
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Does something, once all that it needs is there. */
async function measure (fn: () => Promise<unknown>): Promise<Result> {
  const before = measureUsed()
  let most = before
  let timer: NodeJS.Timeout | undefined
  const sample = (): void => {
    const begin = performance.now()
    most = Math.max(most, measureUsed())
    // To collect garbage takes a fifth of the time, however much there is
    timer = setTimeout(sample, 4 * (performance.now() - begin))
  }
  if (globalThis.gc != null) sample()
  const { wall, cpu } = await take(fn)
  clearTimeout(timer)
  return { wall, cpu, peak: peakMemory(), used: most - before }
}

async function onNode (directory: string, use: (orbitdb: OrbitDB) => Promise<Result>): Promise<Result> {
  const running = await start(directory, 'patched')
  const result = await use(running.orbitdb)
  await stop(running)
  return result
}

const restore = ({ archive, target }: Place): Promise<Result> => onNode(target, orbitdb => measure(() => restoreBackup(orbitdb, read(archive), { sync: false })))

const operations: Record<string, (place: Place) => Promise<Result>> = {
  create: ({ address, source, archive }) => onNode(source, async orbitdb => {
    const db = await orbitdb.open(address, { sync: false })
    return measure(() => pipeline(createBackup(db), createWriteStream(archive)))
  }),
  verify: ({ archive }) => measure(() => verifyBackup(read(archive))),
  restore,
  'restore again': restore
}

async function measureAll (sizes: number[], isOfMemory: boolean): Promise<void> {
  const results = new Map<string, Result[]>()
  console.log('| | entries | s | us an entry | CPU us an entry | MB in all | MB over the node\'s own |\n| --- | --: | --: | --: | --: | --: | --: |')
  for (const entries of sizes) {
    const { address, directory } = await getDataset({ entries, writers: 4 })
    const temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    try {
      const place: Place = { address, source: join(temporary, 'source'), archive: join(temporary, 'archive.car'), target: join(temporary, 'target') }
      await copy([directory], place.source)
      for (const operation of Object.keys(operations)) {
        const args = [...isOfMemory ? ['--expose-gc'] : [], import.meta.filename, operation, JSON.stringify(place)]
        const { stdout } = await promisify(execFile)(process.execPath, args)
        const result: Result = JSON.parse(stdout)
        results.set(operation, [...results.get(operation) ?? [], result])
        const { wall, cpu, peak, used } = result
        console.log(`| ${[
          operation, entries.toLocaleString('en'), (wall / 1000).toFixed(1), (wall / entries * 1000).toFixed(0), (cpu / entries * 1000).toFixed(0),
          (peak / 1e6).toFixed(0), isOfMemory ? (used / 1e6).toFixed(1) : '–'
        ].join(' | ')} |`)
      }
    } finally {
      await rm(temporary, { recursive: true })
    }
  }
  if (isOfMemory && sizes.length > 1) {
    for (const [operation, all] of results) {
      const [first, last] = [all[0], all.at(-1)!]
      console.log(`${operation}: ${Math.round((last.used - first.used) / (sizes.at(-1)! - sizes[0]))} bytes an entry`)
    }
  }
}

const [first, ...rest] = process.argv.slice(2)
if (first in operations) {
  console.log(JSON.stringify(await operations[first](JSON.parse(rest[0]))))
} else {
  const isOfMemory = first === '--memory'
  const sizes = (isOfMemory ? rest : process.argv.slice(2)).map(Number)
  await measureAll(sizes.length > 0 ? sizes : isOfMemory ? [10_000, 100_000] : [10_000, 100_000, 1_000_000], isOfMemory)
}
process.exit()
