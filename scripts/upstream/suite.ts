import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How upstream's tests ended. */
export interface SuiteResult {
  passing: number
  failing: number
  /** Titles of those that failed, and passed when their file was run once more by itself. */
  repeated: string[]
}

interface Test {
  fullTitle: string
  file: string
}

interface Report {
  passes: Test[]
  failures: Test[]
}

/**
 * Runs all of upstream's tests. Some of them wait for peers, or for a fixed time, and fail now and then: the files of
 * those that failed are run once more, each by itself.
 */
export async function runSuite (directory: string): Promise<SuiteResult> {
  const all = await runTests(directory)
  const failed = new Set(all.failures.map(({ file }) => relative(directory, file)))
  const again: Report = { passes: [], failures: [] }
  for (const file of failed) {
    const { passes, failures } = await runTests(directory, file)
    again.passes.push(...passes)
    again.failures.push(...failures)
  }
  const passed = all.passes.filter(({ file }) => !failed.has(relative(directory, file)))
  const stillFail = new Set(again.failures.map(({ fullTitle }) => fullTitle))
  return {
    passing: passed.length + again.passes.length,
    failing: stillFail.size,
    repeated: all.failures.map(({ fullTitle }) => fullTitle).filter(title => !stillFail.has(title))
  }
}

async function runTests (directory: string, ...files: string[]): Promise<Report> {
  const temporary = await mkdtemp(join(tmpdir(), 'orbitdb-upstream-'))
  const output = join(temporary, 'report.json')
  try {
    const args = ['test', '--', '--reporter', 'json', '--reporter-option', `output=${output}`, ...files]
    const { stderr = '' } = await run('npm', args, { cwd: directory, maxBuffer: 2 ** 28 }).catch(error => error)
    const report: Report = await readFile(output, 'utf8').then(JSON.parse).catch(() => {
      throw new Error(`The tests of "${directory}" did not run: install what they need, and see "npm test" pass there\n${stderr}`)
    })
    for (const { fullTitle } of report.failures) {
      process.stderr.write(`  failed: ${fullTitle}\n`)
    }
    return report
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
