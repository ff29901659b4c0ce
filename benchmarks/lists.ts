// How many bytes of an archive's lists are new when entries are?
//
//   npm run bench:lists -- [entries...]
//
// Lists alone, without a node: made-up digests, of a log with one head. "Late" entries have the clock of an old one,
// as those have that a replica wrote which was offline.
import { randomBytes } from 'node:crypto'
import { mean } from 'simple-statistics'
import { createList } from '../src/archive/lists/write.ts'
import { digestLength } from '../src/blocks/digests.ts'

const places = 100
const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'

/** The nodes of a list of entries that were written at some times: digests, and how many bytes each has. */
async function nodesOf (digests: Uint8Array, times: number[]): Promise<Map<string, number>> {
  const list = await createList('entries', address, { digests: digests.subarray(0, times.length * digestLength), times: Float64Array.from(times) })
  return new Map([...list!.sizes()].map(([digest, bytes]) => [Buffer.from(digest).toString('hex'), bytes]))
}

const kilobytes = (nodes: Map<string, number>, known = new Map<string, number>()): number => {
  return [...nodes].reduce((sum, [digest, bytes]) => sum + (known.has(digest) ? 0 : bytes), 0) / 1000
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]
for (const count of sizes) {
  const all: number[] = []
  const news: Record<string, number[]> = { 1: [], 10: [], 100: [], 1000: [], late: [] }
  for (let place = 0; place < places; place++) {
    // As many entries as asked for, about, so that the last leaves have different lengths
    const length = count - 5 * place
    const digests = randomBytes((length + 1000) * digestLength)
    const times = Array.from({ length }, (_, i) => i + 1)
    const known = await nodesOf(digests, times)
    all.push(kilobytes(known))
    for (const [more, values] of Object.entries(news)) {
      const added = more === 'late' ? [Math.ceil(Math.random() * length)] : Array.from({ length: Number(more) }, (_, i) => length + 1 + i)
      values.push(kilobytes(await nodesOf(digests, [...times, ...added]), known))
    }
  }
  console.table({ [count]: Object.fromEntries(Object.entries({ all, ...news }).map(([name, values]) => [name, +mean(values).toFixed(1)])) })
}
