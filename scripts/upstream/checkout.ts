import { execFile } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Step } from './series.ts'
import { runSuite } from './suite.ts'
import type { SuiteResult } from './suite.ts'

const run = promisify(execFile)

/** A checkout of upstream. */
export interface Checkout {
  /** Makes a branch, and switches to it. */
  branch: (name: string) => Promise<void>
  /** Makes a commit of a step, and returns what it is called and how many files it changes. */
  commit: (step: Step) => Promise<{ subject: string, files: number }>
  /** Runs the tests of a step without its patch: whether they fail, as they should. Leaves the checkout as it was. */
  failsBefore: (step: Step) => Promise<boolean>
  /** Runs upstream's linter on all that upstream lints. */
  lint: () => Promise<'clean' | 'not clean'>
  /** Runs all of upstream's tests, and the files of those that failed once more. */
  test: () => Promise<SuiteResult>
}

/** What the changelog of upstream has its newest changes under. */
const unreleased = '## Unreleased'

const standard = join(import.meta.dirname, '../../node_modules/standard/bin/cmd.cjs')

/**
 * Opens a checkout.
 *
 * @throws Error when it is none of OrbitDB, or has changes that are not committed.
 */
export async function createCheckout (path: string): Promise<Checkout> {
  const directory = resolve(path)
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: directory })).stdout.trim()

  const { name } = await readFile(join(directory, 'package.json'), 'utf8').then(JSON.parse).catch(() => ({ name: undefined }))
  if (name !== '@orbitdb/core') {
    throw new Error(`"${path}" is not a checkout of OrbitDB`)
  }
  if (await git('status', '--porcelain') !== '') {
    throw new Error(`"${path}" has changes that are not committed`)
  }

  /** Adds what a step has beside its patch: whole files, `*.diff` for changes of files, and a changelog entry. */
  const addExtras = async (extras: string): Promise<void> => {
    for (const entry of await readdir(extras, { recursive: true, withFileTypes: true })) {
      const from = join(entry.parentPath, entry.name)
      const to = join(directory, from.slice(extras.length))
      if (!entry.isFile()) {
        continue
      }
      if (entry.name.endsWith('.diff')) {
        await git('apply', '--index', from)
      } else if (entry.name === 'CHANGELOG.md') {
        await addChange(to, await readFile(from, 'utf8'))
      } else {
        await cp(from, to)
      }
    }
  }

  return {
    branch: async name => {
      await git('switch', '--quiet', '--create', name)
    },

    commit: async ({ patch, extras }) => {
      await git('am', '--quiet', '-p4', patch)
      if (extras != null) {
        await addExtras(extras)
        await git('add', '--all')
        await git('commit', '--quiet', '--amend', '--no-edit')
      }
      const [subject, , ...files] = (await git('show', '--format=%s', '--name-only', 'HEAD')).split('\n')
      return { subject, files: files.length }
    },

    failsBefore: async ({ extras }) => {
      const names = extras == null ? [] : await readdir(join(extras, 'test'), { recursive: true })
      const files = names.filter(name => name.endsWith('.test.js')).map(name => join('test', name))
      if (files.length === 0) {
        return false
      }
      await cp(join(extras!, 'test'), join(directory, 'test'), { recursive: true })
      const fails = await run('npm', ['test', '--', '--bail', ...files], { cwd: directory, maxBuffer: 2 ** 28 }).then(() => false, () => true)
      await git('stash', '--quiet', '--include-untracked')
      await git('stash', 'drop', '--quiet')
      return fails
    },

    lint: async () => {
      try {
        await run(process.execPath, [standard, '--env=mocha', 'src', 'test'], { cwd: directory })
        return 'clean'
      } catch (error) {
        process.stderr.write((error as { stdout: string }).stdout)
        return 'not clean'
      }
    },

    test: async () => runSuite(directory)
  }
}

/** Adds an entry to a changelog, as the last of the newest changes. */
async function addChange (path: string, entry: string): Promise<void> {
  const lines = (await readFile(path, 'utf8')).split('\n')
  if (!lines.includes(unreleased)) {
    lines.splice(1, 0, '', unreleased)
  }
  const isEntry = (line: string | undefined): boolean => /^(- | {2})/.test(line ?? '')
  let end = lines.indexOf(unreleased) + 1
  while (lines[end] === '' && isEntry(lines[end + 1])) end++
  while (isEntry(lines[end])) end++
  const isFirst = lines[end - 1] === unreleased
  lines.splice(end, 0, ...isFirst ? [''] : [], ...entry.trim().split('\n'))
  await writeFile(path, lines.join('\n'))
}
