// Where and with what it is measured.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Results } from '../results.ts'

const root = join(import.meta.dirname, '../..')

export async function readMachine (): Promise<Results['machine']> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()}`,
    fileSystem: await fileSystemOf(tmpdir())
  }
}

/** The type of the file system that a directory is on; undefined where it is not known. */
async function fileSystemOf (directory: string): Promise<string | undefined> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  return mounts.split('\n')
    .map(line => line.split(' '))
    .filter(([, path]) => path != null && `${directory}/`.startsWith(path === '/' ? path : `${path}/`))
    .sort(([, a], [, b]) => a.length - b.length)
    .at(-1)?.[2]
}

export async function readVersions (): Promise<Results['versions']> {
  const versionOf = async (directory: string): Promise<string> => JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8')).version
  return {
    node: process.versions.node,
    'orbitdb-backup': await versionOf('.'),
    '@orbitdb/core': await versionOf('node_modules/@orbitdb/core-stock'),
    helia: await versionOf('node_modules/helia'),
    level: await versionOf('node_modules/level'),
    git: await versionOfGit()
  }
}

async function versionOfGit (): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'])
    return stdout.trim().replace('git version ', '')
  } catch {
    return 'not installed'
  }
}
