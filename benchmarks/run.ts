// Every way to back up and restore an OrbitDB database, side by side.
//
//   npm run bench -- --help
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { getDataset, nameOf } from './dataset.ts'
import { formatTable, report } from './report.ts'
import { readMachine, readVersions } from './runner/machine.ts'
import { measure } from './runner/measure.ts'
import { readOptions, usage } from './runner/options.ts'
import { createProgress } from './runner/progress.ts'
import { withWorkspace } from './runner/workspace.ts'
import type { DatasetResults, Results } from './results.ts'
import type { Options } from './runner/options.ts'

const args = process.argv.slice(2)

/** Measures, and returns what should not have happened. */
async function run ({ shapes, ways, rounds, isQuick, results: directory, isResumed }: Options): Promise<string[]> {
  const results: Results = {
    date: new Date().toISOString(),
    command: ['npm run bench', ...args.length > 0 ? ['--', ...args] : []].join(' '),
    machine: await readMachine(),
    versions: await readVersions(),
    rounds,
    datasets: isResumed && directory != null ? await readDatasets(directory) : []
  }
  const failures: string[] = []
  // Where times do not matter, it may as well be over sooner
  const concurrency = isQuick ? availableParallelism() : 1
  const progress = createProgress(ways, rounds)
  try {
    const names = new Set(results.datasets.map(({ name }) => name))
    for (const shape of shapes.filter(shape => !names.has(nameOf(shape)))) {
      const dataset = await getDataset(shape, (done, total) => progress.onEntry(nameOf(shape), done, total))
      const measured = await withWorkspace(async workspace => {
        if (isQuick) {
          process.env.NODE_COMPILE_CACHE = join(workspace.directory, 'compiled')
        }
        return measure(dataset, ways, { rounds, concurrency, workspace, onPhase: progress.onPhase })
      })
      results.datasets.push(measured.results)
      failures.push(...measured.failures)
      if (directory != null) {
        await mkdir(directory, { recursive: true })
        await writeFile(join(directory, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
      }
    }
  } finally {
    progress.stop()
  }
  if (directory != null) {
    await report(results, directory)
  }
  console.log(formatTable(results))
  return failures
}

async function readDatasets (directory: string): Promise<DatasetResults[]> {
  const results: Results = JSON.parse(await readFile(join(directory, 'results.json'), 'utf8'))
  return results.datasets
}

function readOptionsOrExit (): Options {
  try {
    return readOptions(args)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

const options = readOptionsOrExit()
if (options.isHelp) {
  console.log(usage)
} else {
  const failures = await run(options)
  for (const failure of failures) {
    console.error(failure)
  }
  process.exitCode = failures.length > 0 ? 1 : 0
}
