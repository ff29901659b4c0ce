// Every way to back up and restore an OrbitDB database, side by side.
//
//   npm run bench -- --help
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { getDataset } from './dataset.ts'
import { measure } from './measure.ts'
import { report, toTables } from './report.ts'
import { ways } from './ways/index.ts'
import type { Shape } from './dataset.ts'
import type { Results } from './results.ts'

const usage = `Usage: npm run bench -- [options]

  --entries <n>   a database of n entries; may be repeated (1000 and 10000). With more than 20000, what is lost is not
                  looked for again, and what would take over 2 minutes is left out
  --rounds <n>    how many times each way is run (3)
  --ways <name>   only ways whose name has this in it; may be repeated
  --results <dir> where to write the results
  --quick         one database of a few entries and one round, to see that all ways work
`

const root = join(import.meta.dirname, '..')

const { values } = parseArgs({
  options: {
    entries: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    ways: { type: 'string', multiple: true },
    results: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) {
  console.log(usage)
  process.exit()
}

const { quick } = values
const sizes = (values.entries ?? (quick ? ['200'] : ['1000', '10000'])).map(Number).sort((a, b) => a - b)
const shapes: Shape[] = quick
  ? sizes.map(entries => ({ entries, writers: 4 }))
  : [
      ...sizes.map(entries => ({ entries, writers: 1 })),
      { entries: sizes[0], writers: 4 },
      { entries: sizes[0], writers: 1, isIndexed: true }
    ]
const chosen = ways.filter(({ name }) => values.ways?.some(part => name.toLowerCase().includes(part.toLowerCase())) ?? true)
const rounds = Number(values.rounds ?? (quick ? 1 : 3))

const versionOf = async (directory: string): Promise<string> => JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8')).version

const results: Results = {
  date: new Date().toISOString(),
  command: ['npm run bench', ...process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []].join(' '),
  machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), memoryBytes: totalmem(), os: `${type()} ${release()}` },
  versions: {
    node: process.versions.node,
    'orbitdb-backup': await versionOf('.'),
    '@orbitdb/core': await versionOf('node_modules/@orbitdb/core-stock'),
    helia: await versionOf('node_modules/helia'),
    level: await versionOf('node_modules/level'),
    git: execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().replace('git version ', '')
  },
  rounds,
  datasets: []
}
for (const shape of shapes) {
  const dataset = await getDataset(shape)
  const smaller = results.datasets.filter(({ name, entries }) => entries < dataset.entries && name.replace(/^\d+/, '') === dataset.name.replace(/^\d+/, ''))
  results.datasets.push(await measure(dataset, chosen, rounds, smaller, quick))
  if (values.results != null) await report(results, values.results)
}
console.log(toTables(results))
process.exit()
