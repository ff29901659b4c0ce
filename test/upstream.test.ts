import { deepStrictEqual, match, ok, strictEqual } from 'node:assert'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readSeries } from '../scripts/upstream/series.ts'
import { runSuite } from '../scripts/upstream/suite.ts'
import { formatTable } from '../scripts/upstream/table.ts'
import { readFiles } from './helpers/files.ts'
import { root, startScript } from './helpers/scripts.ts'
import { layOutUpstream, readTestRun } from './helpers/upstream.ts'

const run = promisify(execFile)
const patches = join(root, 'patches')

/** The diffs of each file that upstream has, in the order of the patches. */
async function readDiffs (): Promise<Record<string, string[]>> {
  const diffs: Record<string, string[]> = {}
  const created = new Set<string>()
  for (const { extras } of await readSeries()) {
    for (const [name, text] of Object.entries(extras == null ? {} : await readFiles(`${extras}/`))) {
      const path = name.replace(/\.diff$/, '')
      if (path === name) {
        created.add(path)
      } else if (!created.has(path)) {
        (diffs[path] ??= []).push(text)
      }
    }
  }
  return diffs
}

/**
 * Enough of a file to apply diffs of it to, one after another: the lines that they show, and nothing between them but a
 * note for the linter, which has nothing to say about a part of a test.
 */
function preimageOf (diffs: string[]): string {
  const lines: string[] = []
  for (const diff of diffs.toReversed()) {
    for (const hunk of diff.split(/^@@ .*?(?=\d+(?:,\d+)? @@)/m).slice(1).toReversed()) {
      const [head, ...changes] = hunk.replace(/\n$/, '').split('\n')
      const start = Number.parseInt(head) - 1
      const linesOf = (sign: string) => changes.filter(line => line[0] === ' ' || line[0] === sign).map(line => line.slice(1))
      lines.length = Math.max(lines.length, start)
      lines.splice(start, linesOf('+').length, ...linesOf('-'))
    }
  }
  lines[0] ??= '/* eslint-disable */'
  return Array.from(lines, line => line ?? '').join('\n') + '\n'
}

describe('npm run upstream', () => {
  let temporary: string
  let checkout: string

  const upstream = async (...args: string[]) => startScript(['scripts/upstream.ts', checkout, ...args], { temporary }).ended
  const git = async (...args: string[]) => (await run('git', args, { cwd: checkout })).stdout.trim()

  before(async function () {
    this.timeout(300_000)
    temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    checkout = join(temporary, 'orbitdb')
    await cp(join(root, 'node_modules/@orbitdb/core-stock'), checkout, { recursive: true, filter: path => !/\/(dist|node_modules)$/.test(path.slice(root.length + 30)) })
    await mkdir(join(checkout, 'test'))
    await writeFile(join(checkout, 'test/none.js'), '')
    await writeFile(join(checkout, 'CHANGELOG.md'), '# Changelog\n\nFor now, see the history.\n')
    for (const [path, diffs] of Object.entries(await readDiffs())) {
      await mkdir(join(checkout, path, '..'), { recursive: true })
      await writeFile(join(checkout, path), preimageOf(diffs))
    }
    await git('init', '--quiet')
    await git('config', 'user.name', 'Test')
    await git('config', 'user.email', 'test@localhost')
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'OrbitDB')
  })

  after(async () => {
    await rm(temporary, { recursive: true, force: true })
  })

  it('makes a commit of each patch, with its message, and upstream\'s linter is content after each', async function () {
    this.timeout(300_000)
    const { code, stdout, stderr } = await upstream('--no-tests')
    strictEqual(code, 0, stderr)
    const names = (await readdir(patches)).filter(name => name.endsWith('.patch')).sort()
    const subjects = (await git('log', '--reverse', '--format=%s')).split('\n').slice(1)
    strictEqual(subjects.length, names.length)
    for (const subject of subjects) {
      ok(stdout.includes(`| ${subject} |`), stdout)
    }
    strictEqual(stdout.match(/\| clean \|/g)?.length, names.length + 1)
  })

  it('gives the sources that are installed here', async () => {
    deepStrictEqual(await readFiles(join(checkout, 'src')), await readFiles(join(root, 'node_modules/@orbitdb/core/src')))
  })

  it('has tests and a changelog entry in each commit', async () => {
    for (const commit of (await git('log', '--reverse', '--format=%h %s')).split('\n').slice(1)) {
      const changed = (await git('show', '--format=', '--name-only', commit.split(' ')[0])).split('\n')
      ok(changed.some(path => path.startsWith('test/')), `no test in "${commit}"`)
      ok(changed.includes('CHANGELOG.md'), `no changelog entry in "${commit}"`)
    }
    match(await readFile(join(checkout, 'CHANGELOG.md'), 'utf8'), /^# Changelog\n\n## Unreleased\n\n- /)
  })

  it('refuses a checkout with changes, and what is no checkout', async () => {
    await writeFile(join(checkout, 'new.txt'), 'new')
    const changed = await upstream('--no-tests', '--branch', 'other')
    deepStrictEqual([changed.code, /changes that are not committed/.test(changed.stderr)], [1, true])
    const other = await startScript(['scripts/upstream.ts', temporary], { temporary }).ended
    deepStrictEqual([other.code, /is not a checkout of OrbitDB/.test(other.stderr)], [1, true])
  })
})

describe('the tests of upstream', () => {
  let directory: string

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    await mkdir(join(directory, 'test'))
    const mocha = JSON.stringify(join(root, 'node_modules/mocha/bin/mocha.js'))
    await writeFile(join(directory, 'package.json'), JSON.stringify({ scripts: { test: `node ${mocha}` } }))
    await writeFile(join(directory, 'test/good.js'), 'it("passes", () => {})')
    await writeFile(join(directory, 'test/flaky.js'), `
      const { existsSync, writeFileSync } = require('node:fs')
      it('passes beside it', () => {})
      it('passes the second time', () => {
        if (!existsSync('ran')) {
          writeFileSync('ran', '')
          throw new Error('not yet')
        }
      })`)
  })

  after(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it('are repeated where they fail, and the table says so', async function () {
    this.timeout(60_000)
    const tests = await runSuite(directory)
    deepStrictEqual(tests, { passing: 3, failing: 0, repeated: ['passes the second time'] })
    const table = formatTable([{ subject: 'a commit', files: 1, lint: 'clean', tests }])
    match(table, /^\| 0 \| a commit \| 1 \| clean \| {2}\| 3 passing, 1 of them repeated \|\n\n.*repeated:\n\n- after commit 0: passes the second time$/m)
  })

  it('fail when they fail twice', async function () {
    this.timeout(60_000)
    await writeFile(join(directory, 'test/bad.js'), 'it("fails", () => { throw new Error("no") })')
    deepStrictEqual(await runSuite(directory), { passing: 3, failing: 1, repeated: [] })
  })
})

describe('the tests of the patches, for upstream', () => {
  let temporary: string

  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  })

  after(async () => {
    await rm(temporary, { recursive: true, force: true })
  })

  it('pass on the patched core, with nodes of other versions than upstream has', async function () {
    this.timeout(300_000)
    const files = await layOutUpstream(temporary)
    const output = join(temporary, 'output.json')
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js')
    const args = [mocha, '--no-config', '--exit', '--timeout', '30000', '--reporter', 'json', '--reporter-option', `output=${output}`, ...files]
    const { stderr } = await run(process.execPath, args, { cwd: temporary, maxBuffer: 2 ** 26 }).catch(error => error)
    const { stats, failures } = await readTestRun(output).catch(() => { throw new Error(`The tests did not run: ${stderr}`) })
    deepStrictEqual(failures.map(({ fullTitle, err }) => [fullTitle, err.message]), [])
    ok(stats.passes > files.length)
  })
})
