// What do the lists of an archive take, and how many bytes of them are new when entries are?
//
//   npm run bench:lists -- [entries...]
//
// Lists alone, without a node: made-up digests, of a log with one head. "Late" entries have the clock of an old one,
// as those have that a replica wrote which was offline: the average over 100 places.
import { randomBytes } from 'node:crypto'
import { createList, mergeItems, sortItems } from '../src/archive/lists/write.ts'
import { createListReader } from '../src/archive/lists/read.ts'
import { createDigestTable, digestLength } from '../src/blocks/digests.ts'
import type { WritableList } from '../src/archive/lists/write.ts'
import type { DigestTable } from '../src/blocks/digests.ts'

interface Items {
  digests: Uint8Array
  times: Float64Array
}

const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'

const createItems = (count: number, timeOf: (i: number) => number): Items => {
  return { digests: randomBytes(count * digestLength), times: Float64Array.from({ length: count }, (_, i) => timeOf(i)) }
}

const write = async (items: Items, order?: Uint32Array): Promise<WritableList> => (await createList('entries', address, items, order))!

/** CPU time, in microseconds. */
async function measure<Result> (fn: () => Promise<Result> | Result): Promise<[Result, number]> {
  const before = process.cpuUsage()
  const result = await fn()
  const { user, system } = process.cpuUsage(before)
  return [result, user + system]
}

function digestsOf (list: WritableList): DigestTable {
  const table = createDigestTable()
  for (const [digest] of list.sizes()) table.add(digest)
  return table
}

/** The bytes of nodes that a list has and another has not. */
function newBytes (list: WritableList, known: DigestTable): number {
  let sum = 0
  for (const [digest, bytes] of list.sizes()) {
    if (!known.has(digest)) sum += bytes
  }
  return sum
}

const rows: Record<string, Record<string, string>> = {}
const format = (value: number, digits = 1): string => value.toFixed(digits)

for (const count of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]) {
  const items = createItems(count, i => i + 1)
  const [order, sorting] = await measure(() => sortItems(items))
  const [list, building] = await measure(() => write(items, order))
  const nodes = new Map([...list.nodes()].map(({ digest, bytes }) => [Buffer.from(digest).toString('latin1'), bytes]))
  const [, reading] = await measure(() => {
    const reader = createListReader('entries', address, list)
    for (let wanted = reader.wanted(); wanted != null; wanted = reader.wanted()) {
      reader.add(nodes.get(Buffer.from(wanted.digest).toString('latin1'))!)
    }
  })
  const known = digestsOf(list)
  const add = async (more: Items): Promise<number> => {
    const { order, ...merged } = mergeItems(items, more)
    return newBytes(await write(merged, order), known)
  }
  const places = count > 100_000 ? 10 : 100
  /** The average over logs of different lengths. */
  const append = async (more: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < places; i++) {
      const { digests, times } = createItems(500, j => count - 499 + j)
      const last = { digests: digests.subarray(0, (i * 5) * digestLength), times: times.subarray(0, i * 5) }
      const first = { digests: items.digests.subarray(0, (count - 500) * digestLength), times: items.times.subarray(0, count - 500) }
      const { order: before, ...base } = mergeItems(first, last)
      const { order, ...merged } = mergeItems(base, createItems(more, j => base.times.length + 1 + j))
      sum += newBytes(await write(merged, order), digestsOf(await write(base, before)))
    }
    return sum / places
  }
  const added: number[] = []
  for (const more of [1, 10, 100, 1000]) added.push(await append(more))
  let late = 0
  for (let i = 0; i < places; i++) late += await add(createItems(1, () => Math.floor(Math.random() * count)))

  rows[count.toLocaleString('en')] = {
    'kB, all': format(newBytes(list, createDigestTable()) / 1000, 0),
    '1 new': format(added[0] / 1000),
    '10 new': format(added[1] / 1000),
    '100 new': format(added[2] / 1000),
    '1,000 new': format(added[3] / 1000),
    '1 late': format(late / places / 1000),
    'us an entry, sort': format(sorting / count, 2),
    build: format(building / count, 2),
    read: format(reading / count, 2)
  }
}
console.table(rows)
