// The patches to @orbitdb/core as one diff, whose paths start at the package: `a/src/…`, `b/src/…`.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')

/** Compares the sources of the patched @orbitdb/core with those that were published. */
export async function joinPatches (): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', ['-c', 'core.autocrlf=false', ...args], { cwd: directory, maxBuffer: 2 ** 26 })).stdout
  const copy = (name: string): Promise<void> => cp(join(root, 'node_modules/@orbitdb', name, 'src'), join(directory, 'src'), { recursive: true })
  try {
    await git('init', '--quiet')
    await copy('core-stock')
    await git('add', '.')
    await rm(join(directory, 'src'), { recursive: true })
    await copy('core')
    await git('add', '--intent-to-add', '.')
    return await git('diff', '--no-color', '--no-ext-diff', '--no-renames', '--full-index', '--src-prefix=a/', '--dst-prefix=b/')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
