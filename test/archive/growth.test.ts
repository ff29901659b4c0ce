// How many bytes of an archive's lists are new when entries are: docs/FORMAT.md says it
import { ok } from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mean } from 'simple-statistics'
import { createList } from '../../src/archive/lists/write.ts'
import { digestLength } from '../../src/blocks/digests.ts'
import { root } from '../helpers/scripts.ts'

const places = 8
const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'

/** Digests of entries, the same for the same numbers. */
function digestsOf (place: number, length: number): Uint8Array {
  const digests = new Uint8Array(length * digestLength)
  for (let i = 0; i < length; i++) digests.set(hash('sha256', `${place} ${i}`, 'buffer'), i * digestLength)
  return digests
}

/** The nodes of a list of entries that were written at some times: digests, and how many kilobytes each has. */
async function nodesOf (digests: Uint8Array, times: number[]): Promise<Map<string, number>> {
  const list = await createList('entries', address, { digests: digests.subarray(0, times.length * digestLength), times: Float64Array.from(times) })
  return new Map([...list!.sizes()].map(([digest, bytes]) => [Buffer.from(digest).toString('hex'), bytes / 1000]))
}

const sum = (nodes: Iterable<[string, number]>): number => [...nodes].reduce((sum, [, kilobytes]) => sum + kilobytes, 0)

describe('Lists', function () {
  this.timeout(120_000)

  it('have as many bytes that are new as docs/FORMAT.md says', async () => {
    const rows: string[] = []
    for (const count of [10_000, 100_000]) {
      const found: number[][] = []
      for (let place = 0; place < places; place++) {
        // As many entries as are said, about, so that the last leaves have different lengths
        const length = count - 50 * place
        const digests = digestsOf(place, length + 1000)
        const times = Array.from({ length }, (_, i) => i + 1)
        const known = await nodesOf(digests, times)
        // One that is late has the clock of an old one, as those have that a replica wrote which was offline
        const late = Math.ceil(length * (place + 0.5) / places)
        const kilobytes = [sum(known)]
        for (const added of [...[1, 10, 100, 1000].map(more => Array.from({ length: more }, (_, i) => length + 1 + i)), [late]]) {
          const nodes = await nodesOf(digests, [...times, ...added])
          kilobytes.push(sum([...nodes].filter(([digest]) => !known.has(digest))))
        }
        found.push(kilobytes)
      }
      const [all, ...added] = found[0].map((_, i) => mean(found.map(kilobytes => kilobytes[i])))
      rows.push(`| ${[...[count, all].map(number => Math.round(number).toLocaleString('en')), ...added.map(number => number.toFixed(1))].join(' | ')} |`)
    }
    const page = await readFile(join(root, 'docs/FORMAT.md'), 'utf8')
    for (const row of rows) ok(page.includes(`\n${row}\n`), rows.join('\n'))
  })
})
