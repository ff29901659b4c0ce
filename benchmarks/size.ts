// How do time and memory grow with a database?
//
//   npm run bench:size -- [entries]... [--results <dir>]      10000, 100000 and 1000000 by default
//   npm run bench:memory -- [entries]... [--results <dir>]    100000 and 1000000 by default
//
// Backs up, verifies, restores, and restores again, each in a process of its own. With --memory, that
// collects garbage again and again, and notes the most that is left: what this grows by is what an entry takes.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { getDataset } from './dataset.ts'
import { withDirectory } from './measure.ts'
import { operate } from './processes.ts'
import { copyNode } from './programs.ts'
import { toMemoryTable, toSizeTable } from './tables.ts'
import type { SizeResults } from './tables.ts'

const { positionals, values } = parseArgs({ allowPositionals: true, options: { memory: { type: 'boolean', default: false }, results: { type: 'string' } } })
const sizes = positionals.length > 0 ? positionals.map(Number) : values.memory ? [100_000, 1_000_000] : [10_000, 100_000, 1_000_000]
const execArgv = values.memory ? ['--expose-gc'] : []

const rows: SizeResults['rows'] = []
for (const entries of sizes) {
  const { address, directory: source } = await getDataset({ entries, writers: 4 })
  await withDirectory(async directory => {
    const [node, archive, target] = ['node', 'archive.car', 'target'].map(name => join(directory, name))
    await copyNode(source, node)
    const restore = () => operate('restore', [archive, target, 'addon'], execArgv)
    const operations = {
      create: () => operate('create', [node, address, archive], execArgv),
      verify: () => operate('verify', [archive], execArgv),
      restore,
      'restore again': restore
    }
    for (const [operation, run] of Object.entries(operations)) {
      rows.push({ operation, entries, ...await run() })
      console.error(`${operation}, ${entries} entries`)
    }
  })
}
const results: SizeResults = { date: new Date().toISOString(), rows }
console.log(values.memory ? toMemoryTable(results) : toSizeTable(results))
if (values.results != null) await writeFile(join(values.results, values.memory ? 'memory.json' : 'size.json'), `${JSON.stringify(results, null, 2)}\n`)
process.exit()
