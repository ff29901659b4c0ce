import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './scripts.ts'

export interface Packed {
  /** Where the tarball is. */
  path: string
  /** Bytes of the tarball. */
  size: number
  /** Bytes of what is in it. */
  unpackedSize: number
  files: Array<{ path: string, size: number }>
}

export interface Output {
  stdout: string
  stderr: string
}

/** Runs a program; the error of one that fails has its output. */
export async function run (cwd: string, file: string, args: string[], env: Record<string, string | undefined> = {}): Promise<Output> {
  try {
    // On Windows npm and its like are scripts. That of a package which `npm publish --dry-run` tests must do something
    const shell = process.platform === 'win32' && file !== process.execPath
    return await promisify(execFile)(file, args, { cwd, shell, maxBuffer: 2 ** 26, env: { ...process.env, npm_config_dry_run: undefined, ...env } })
  } catch (error) {
    const { stdout, stderr } = error as Output
    throw new Error(`${file} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error })
  }
}

/** Creates a directory that is there until the tests have ended. */
export function createDirectory (): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'orbitdb-backup-')))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

let packed: Promise<Packed> | undefined

/** Builds the package and packs it, as it is published: once for all tests. */
export function pack (): Promise<Packed> {
  packed ??= (async () => {
    const directory = createDirectory()
    // By itself npm runs these as well, but prints what they print among the JSON
    await run(root, 'npm', ['run', 'prepack'])
    const { stdout } = await run(root, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory])
      .finally(() => run(root, 'npm', ['run', 'postpack']))
    const result = JSON.parse(stdout)
    // npm 12 tells it by the names of packages
    const { filename, size, unpackedSize, files } = Array.isArray(result) ? result[0] : Object.values(result)[0]
    return { path: join(directory, filename), size, unpackedSize, files }
  })()
  return packed
}

/** The version of a package that the project has. */
export async function installedVersion (name: string): Promise<string> {
  return JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}
