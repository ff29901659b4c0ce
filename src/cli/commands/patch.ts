import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { createCommand, run } from '../command.ts'
import { CLIError } from '../errors.ts'
import { findApp } from '../package-managers.ts'
import type { Context } from '../command.ts'
import type { OutputOptions } from '../output.ts'
import type { App, Edit } from '../package-managers.ts'

const name = '@orbitdb/core'

/** The versions that the patch is for. */
const versions = ['4.0.0']

interface PatchOptions extends OutputOptions {
  directory: string
  undo?: boolean
}

export const patch = createCommand('patch', {
  summary: 'patch @orbitdb/core in an app that keeps it',
  description: 'Has the package manager of an app (npm, pnpm from version 10, Yarn) patch @orbitdb/core whenever it installs it, so that databases have export and import, and all that is mended. It writes the patch and the setting for it, tells what it changed, and installs nothing.',
  examples: [
    ['orbitdb-backup patch', 'patch @orbitdb/core in the app in this folder'],
    ['orbitdb-backup patch --undo', 'take the patch away again']
  ],
  exits: ['notFound', 'unsupported']
})
  .option('-d, --directory <path>', "the app's folder", '.')
  .option('--undo', 'take away what this command added')
  .action((options: PatchOptions) => run(options, context => patchApp(options, context)))

async function patchApp ({ directory, undo = false }: PatchOptions, { output }: Context): Promise<void> {
  const app = await findApp(directory)
  const { manager } = app
  const version = undo ? versions[0] : await findVersion(directory, app)
  const diff = brotliDecompressSync(await readFile(new URL('./orbitdb-core.patch.br', import.meta.url))).toString()
  const edits = await manager[undo ? 'remove' : 'add'](app.directory, { name, version, diff })
  await write(app.directory, edits)

  const next = edits.length === 0 ? undefined : undo ? manager.reinstall : manager.install
  const stale = undo && edits.length > 0 ? manager.stale : undefined
  output.result({
    json: { directory: app.directory, manager: manager.name, version, changes: edits.map(({ path, text, what }) => ({ path, removed: text == null, what })), stale, next },
    text: () => [
      ...edits.map(({ path, text, what }) => `${text == null ? 'removed' : 'wrote'} ${path}: ${what}`),
      next == null
        ? `${name} ${version} is ${undo ? 'not ' : ''}patched already: nothing was changed`
        : `now ${stale == null ? '' : `delete the folder ${stale}, and `}run: ${next}`
    ].join('\n')
  })
}

/** Makes all edits, or none. */
async function write (directory: string, edits: Edit[]): Promise<void> {
  const before: Array<[file: string, text: string | undefined]> = []
  try {
    for (const { path, text } of edits) {
      const file = join(directory, path)
      before.push([file, existsSync(file) ? await readFile(file, 'utf8') : undefined])
      await put(file, text)
    }
  } catch (error) {
    for (const [file, text] of before.reverse()) await put(file, text).catch(() => {})
    throw error
  }
}

/** Writes a file, or removes it. */
async function put (file: string, text: string | undefined): Promise<void> {
  if (text != null) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    return
  }
  await rm(file, { force: true })
  // Its folder too, if nothing else is in it
  await rmdir(dirname(file)).catch(() => {})
}

/** The version of core that an app has, if it is one that the patch is for. */
async function findVersion (directory: string, app: App): Promise<string> {
  const installed = await readInstalled(directory, app)
  if (installed == null && existsSync(join(app.directory, '.pnp.cjs'))) {
    // What Yarn has installed without folders is in its lockfile, where the version is looked for
    return versions[0]
  }
  if (installed == null) {
    throw new CLIError('notFound', `${name} is not installed in "${resolve(directory)}": install it first`)
  }
  if (installed.name !== name) {
    throw new CLIError('usage', `${name} is ${installed.name} here, which needs no patch`)
  }
  if (!versions.includes(installed.version)) {
    throw new CLIError('unsupported', `${name} ${installed.version} is installed, and the patch is for ${versions.join(', ')}: install that first`)
  }
  return installed.version
}

/** Reads what is installed as core, in the folder of an app or above it. */
async function readInstalled (directory: string, app: App): Promise<{ name: string, version: string } | undefined> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const path = join(at, 'node_modules', name, 'package.json')
    try {
      const { name, version } = JSON.parse(await readFile(path, 'utf8'))
      return { name, version }
    } catch (cause) {
      if (cause instanceof SyntaxError || cause instanceof TypeError) throw new CLIError('failed', `"${path}" is not that of a package: install it again`, { cause })
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
    if (at === app.directory || dirname(at) === at) {
      return undefined
    }
  }
}
