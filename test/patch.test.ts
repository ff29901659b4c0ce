import { deepStrictEqual, strictEqual } from 'node:assert'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const directory = join(root, 'patches')
const patches = (await readdir(directory)).filter(name => name.endsWith('.patch')).sort().map(file => join(directory, file))
const identity = ['-c', 'user.name=OrbitDB', '-c', 'user.email=orbitdb@example.org', '-c', 'commit.gpgsign=false']

/** The paths of the files under a directory, and what is in each. */
async function readFiles (directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name)
      files[path.slice(directory.length)] = await readFile(path, 'utf8')
    }
  }
  return files
}

/** The name of the file of a patch, without its number. */
function slug (subject: string): string {
  return subject.toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/-+$/, '')
}

describe('The patches', () => {
  let checkout: string

  beforeEach(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    await cp(join(root, 'node_modules/@orbitdb/core-stock/src'), join(checkout, 'src'), { recursive: true })
    await cp(join(root, 'node_modules/@orbitdb/core-stock/package.json'), join(checkout, 'package.json'))
    await run('git', ['init', '--quiet'], { cwd: checkout })
    await run('git', ['add', '.'], { cwd: checkout })
    await run('git', [...identity, 'commit', '--quiet', '--message', 'As published'], { cwd: checkout })
  })

  afterEach(async () => {
    await rm(checkout, { recursive: true })
  })

  it('apply to an upstream checkout with git apply -p4, and give what is installed here', async () => {
    await run('git', ['apply', '-p4', ...patches], { cwd: checkout })
    deepStrictEqual(await readFiles(join(checkout, 'src')), await readFiles(join(root, 'node_modules/@orbitdb/core/src')))
  })

  it('are commits there with git am -p4', async () => {
    await run('git', [...identity, 'am', '--quiet', '-p4', ...patches], { cwd: checkout })
    const { stdout } = await run('git', ['log', '--format=%s', '--reverse'], { cwd: checkout })
    const subjects = stdout.trim().split('\n').slice(1)
    deepStrictEqual(subjects.map(slug), patches.map(path => /\+\d{3}\+(.+)\.patch$/.exec(path)?.[1]))
    deepStrictEqual(await readFiles(join(checkout, 'src')), await readFiles(join(root, 'node_modules/@orbitdb/core/src')))
  })

  it('are those of docs/UPSTREAM.md, each in one part', async () => {
    const page = await readFile(join(root, 'docs/UPSTREAM.md'), 'utf8')
    const rows = [...page.matchAll(/^\| (\d+) \| (.+?) \| \d+ \| clean \|/gm)].slice(1)
    deepStrictEqual(rows.map(([, number, subject]) => `${number} ${slug(subject)}`), patches.map((path, i) => `${i + 1} ${/\+\d{3}\+(.+)\.patch$/.exec(path)?.[1]}`))
    const [, count, last] = /is a series of (\d+) commits.+The first part \(commits 1 to\s+(\d+)\)/s.exec(page)!
    strictEqual(Number(count), patches.length)
    // As in "Commits 16 to 19, and 21"
    const ranges = [`1 to ${last}`, ...[...page.matchAll(/^\*Commits? (.+)\.\*$/gm)].flatMap(([, text]) => text.split(/, and |, | and /))]
    const numbers = patches.map((path, i) => i + 1)
    const named = ranges.flatMap(range => {
      const [from, to = from] = range.split(' to ').map(Number)
      return numbers.filter(number => number >= from && number <= to)
    })
    deepStrictEqual(named.sort((a, b) => a - b), numbers)
  })

  it('pass upstream\'s linter', async () => {
    await run('git', ['apply', '-p4', ...patches], { cwd: checkout })
    await run(process.execPath, [join(root, 'node_modules/standard/bin/cmd.cjs'), '--env=mocha', 'src/**/*.js'], { cwd: checkout })
  })

  it('touch the sources and package.json only', async () => {
    const changed = (await Promise.all(patches.map(path => readFile(path, 'utf8')))).join('').matchAll(/^diff --git a\/(\S+)/gm)
    deepStrictEqual([...changed].map(([, path]) => path).filter(path => !/^node_modules\/@orbitdb\/core\/(src\/|package\.json$)/.test(path)), [])
  })
})
