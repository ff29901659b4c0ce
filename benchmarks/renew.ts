// Measures all that benchmarks/results has and that pages show of it, in about ten minutes on a machine that does nothing else.
//
//   npm run bench:renew -- [entries]...      1000, 10000 and 100000 by default
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const entries = process.argv.length > 2 ? process.argv.slice(2) : ['1000', '10000', '100000']
const largest = String(Math.max(...entries.map(Number)))
const results = ['--results', 'benchmarks/results']

/** Runs one of the benchmarks. */
const run = (name: string, ...args: string[]): void => {
  execFileSync(process.execPath, [join(import.meta.dirname, name), ...args], { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' })
}

run('run.ts', '--rounds', '1', ...entries.flatMap(entries => ['--entries', entries]), ...results)
run('floor.ts', '--entries', largest, '--rounds', '2', ...results)
run('show.ts')
