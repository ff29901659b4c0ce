import { deepStrictEqual } from 'node:assert'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const patch = join(root, 'patches/@orbitdb+core+4.0.0.patch')

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

describe('The patch', () => {
  let checkout: string

  beforeEach(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    await cp(join(root, 'node_modules/@orbitdb/core-stock/src'), join(checkout, 'src'), { recursive: true })
    await cp(join(root, 'node_modules/@orbitdb/core-stock/package.json'), join(checkout, 'package.json'))
    await run('git', ['init', '--quiet'], { cwd: checkout })
    await run('git', ['apply', '-p4', patch], { cwd: checkout })
  })

  afterEach(async () => {
    await rm(checkout, { recursive: true })
  })

  it('applies to an upstream checkout with git apply -p4, and gives what is installed here', async () => {
    deepStrictEqual(await readFiles(join(checkout, 'src')), await readFiles(join(root, 'node_modules/@orbitdb/core/src')))
  })

  it('passes upstream\'s linter', async () => {
    await run(process.execPath, [join(root, 'node_modules/standard/bin/cmd.cjs'), '--env=mocha', 'src/**/*.js'], { cwd: checkout })
  })

  it('touches the sources only', async () => {
    const changed = (await readFile(patch, 'utf8')).matchAll(/^diff --git a\/(\S+)/gm)
    deepStrictEqual([...changed].map(([, path]) => path).filter(path => !path.startsWith('node_modules/@orbitdb/core/src/')), [])
  })
})
