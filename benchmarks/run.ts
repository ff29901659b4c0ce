// Every way to back up and restore an OrbitDB database, side by side.
//
//   npm run bench -- --help
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { program } from 'commander'
import { getDataset } from './dataset.ts'
import { measureWays } from './measure.ts'
import { report, toTables } from './report.ts'
import { ways } from './ways/index.ts'
import type { Shape } from './dataset.ts'
import type { Results } from './way.ts'

const options: { entries?: string[], rounds: string, ways: string[], results?: string, quick?: true } = program.name('npm run bench --')
  .option('--entries <n...>', 'databases of n entries (default: 1000 and 10000). Some ways take hours for more')
  .option('--rounds <n>', 'how many times each way is run', '1')
  .option('--ways <names...>', 'only ways whose name has one of these in it', [''])
  .option('--results <dir>', 'where to write the results')
  .option('--quick', 'one database of a few entries, to see that all ways work')
  .parse().opts()

const sizes = (options.entries ?? (options.quick ? ['200'] : ['1000', '10000'])).map(Number).sort((a, b) => a - b)
const [entries] = sizes
const shapes: Shape[] = options.quick ? [{ entries, writers: 4 }] : [...sizes.map(entries => ({ entries, writers: 1 })), { entries, writers: 4 }, { entries, writers: 1, isIndexed: true }]
const chosen = ways.filter(({ name }) => options.ways.some(part => name.toLowerCase().includes(part.toLowerCase())))

const versionOf = async (directory: string): Promise<string> => JSON.parse(await readFile(join(import.meta.dirname, '..', directory, 'package.json'), 'utf8')).version

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
  datasets: []
}
for (const shape of shapes) {
  results.datasets.push(await measureWays(await getDataset(shape), chosen, Number(options.rounds), options.quick === true))
}
if (options.results != null) await report(results, options.results)
console.log(toTables(results))
process.exit()
