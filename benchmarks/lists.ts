// How many kilobytes of an archive's lists are new when entries are?
//
//   npm run bench:lists -- [entries...]
//
// Lists alone, without a node: made-up digests, of a log with one head. "Late" entries have the clock of an old one,
// as those have that a replica wrote which was offline.
import { randomBytes } from 'node:crypto'
import { mean } from 'simple-statistics'
import { toTable } from './tables.ts'
import { createList } from '../src/archive/lists/write.ts'
import { digestLength } from '../src/blocks/digests.ts'

const places = 100
const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'

/** The nodes of a list of entries that were written at some times: digests, and how many kilobytes each has. */
async function nodesOf (digests: Uint8Array, times: number[]): Promise<Map<string, number>> {
  const list = await createList('entries', address, { digests: digests.subarray(0, times.length * digestLength), times: Float64Array.from(times) })
  return new Map([...list!.sizes()].map(([digest, bytes]) => [Buffer.from(digest).toString('hex'), bytes / 1000]))
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((sum, number) => sum + number, 0)

const rows: string[][] = []
for (const count of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]) {
  const columns: Record<string, number[]> = { all: [], 1: [], 10: [], 100: [], 1000: [], late: [] }
  for (let place = 0; place < places; place++) {
    // As many entries as asked for, about, so that the last leaves have different lengths
    const length = count - 5 * place
    const digests = randomBytes((length + 1000) * digestLength)
    const times = Array.from({ length }, (_, i) => i + 1)
    const known = await nodesOf(digests, times)
    for (const [name, kilobytes] of Object.entries(columns)) {
      const added = name === 'late' ? [Math.ceil(Math.random() * length)] : Array.from({ length: Number(name) || 0 }, (_, i) => length + 1 + i)
      const nodes = name === 'all' ? known : await nodesOf(digests, [...times, ...added])
      kilobytes.push(sum([...nodes].filter(([digest]) => name === 'all' || !known.has(digest)).map(([, bytes]) => bytes)))
    }
  }
  rows.push([count.toLocaleString('en'), ...['all', 1, 10, 100, 1000, 'late'].map(name => mean(columns[name]).toFixed(1))])
}
console.log(toTable(['entries', 'all', '1 new', '10 new', '100 new', '1,000 new', '1 late'], [0, 1, 2, 3, 4, 5, 6], rows))
