// Every way to back up and restore an OrbitDB database, side by side.
//
//   npm run bench -- --help
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { getDataset, nameOf } from './dataset.ts'
import { measure, withDirectory } from './measure.ts'
import { report, toTables } from './report.ts'
import { ways } from './ways/index.ts'
import type { Shape } from './dataset.ts'
import type { Results } from './results.ts'

const usage = `Usage: npm run bench -- [options]

  --full          100,000 entries, too
  --quick         a few entries and one round, to see that all ways work
  --entries <n>   a database of n entries instead
  --writers <n>   written by n writers
  --indexed       that is a KeyValueIndexed
  --ways <name>   only ways whose name has this in it; may be repeated
  --rounds <n>    how many times each way is run (3)
  --results <dir> where to write the results
`

const root = join(import.meta.dirname, '..')

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    entries: { type: 'string' },
    writers: { type: 'string' },
    indexed: { type: 'boolean', default: false },
    ways: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    results: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) {
  console.log(usage)
  process.exit()
}

const { quick, full } = values
const isOwnShape = values.entries != null || values.writers != null || values.indexed || quick
const shapes: Shape[] = isOwnShape
  ? [{ entries: Number(values.entries ?? (quick ? 200 : 1000)), writers: Number(values.writers ?? (quick ? 4 : 1)), isIndexed: values.indexed }]
  : [
      { entries: 1000, writers: 1 },
      { entries: 1000, writers: 4 },
      { entries: 1000, writers: 1, isIndexed: true },
      { entries: 10_000, writers: 1 },
      { entries: 10_000, writers: 4 },
      ...full ? [{ entries: 100_000, writers: 1 }] : []
    ]
const chosen = ways.filter(({ name }) => values.ways?.some(part => name.toLowerCase().includes(part.toLowerCase())) ?? true)
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
// What is not complete does not replace what is
const directory = values.results ?? (isOwnShape || values.ways != null || values.rounds != null ? undefined : join(import.meta.dirname, 'results'))

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
const failures: string[] = []
for (const shape of shapes) {
  const dataset = await getDataset(shape, (done, total) => console.error(`${nameOf(shape)}: ${done} of ${total} entries written`))
  await withDirectory(async directory => {
    const measured = await measure(dataset, chosen, rounds, quick, directory)
    results.datasets.push(measured.results)
    failures.push(...measured.failures)
  })
  if (directory != null) await report(results, directory)
}
console.log(toTables(results))
for (const failure of failures) console.error(failure)
process.exit(failures.length > 0 ? 1 : 0)
