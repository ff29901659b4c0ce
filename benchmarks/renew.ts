// Measures all that benchmarks/results has, and writes it to the pages that show it. Where a part fails, its results stay
// as they were, and the command fails in the end.
//
//   npm run bench:renew             in about a quarter of an hour, on a machine that does nothing else
//   npm run bench:renew -- --show   measures nothing
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pages, readResults, resultsDirectory, withResults } from './pages.ts'
import { report } from './report.ts'

const root = join(import.meta.dirname, '..')
const parts = process.argv.includes('--show') ? [] : ['run.ts', 'floor.ts --rounds 2', 'size.ts --memory', 'size.ts']

const failed = parts.filter(part => {
  const [file, ...args] = part.split(' ')
  try {
    console.error(`\n${new Date().toLocaleTimeString()} ${part}`)
    execFileSync(process.execPath, [join(import.meta.dirname, file), ...args, '--results', 'benchmarks/results'], { cwd: root, stdio: 'inherit', timeout: 30 * 60_000 })
    return false
  } catch {
    return true
  }
})

await report(await readResults('results.json'), resultsDirectory)
for (const page of pages.map(page => join(root, page))) await writeFile(page, await withResults(await readFile(page, 'utf8')))
if (failed.length > 0) throw new Error(`These failed, and were not measured: ${failed.join(', ')}`)
