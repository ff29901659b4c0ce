// `orbitdb-backup patch`, in apps that package managers install.
import { deepStrictEqual } from 'node:assert/strict'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pack, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'
import { createApp, managers } from './managers.ts'

const core = join(root, 'node_modules/@orbitdb/core')
const stock = join(root, 'node_modules/@orbitdb/core-stock')

/** The sources of a package: their paths, and what is in them. */
async function readSources (directory: string): Promise<Record<string, string>> {
  const entries = await readdir(join(directory, 'src'), { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(await Promise.all(paths.map(async path => [path.slice(directory.length), await readFile(path, 'utf8')])))
}

describe('The patch in an app that keeps @orbitdb/core', () => {
  for (const manager of managers) {
    it(`is applied by ${manager.name}, and taken away again`, async () => {
      await pack()
      const app = await createApp(manager, { '@orbitdb/core': '^4.0.0' })
      const patch = (...args: string[]) => run(app, process.execPath, [join(root, 'dist/cli.js'), 'patch', ...args])
      const installed = join(app, 'node_modules/@orbitdb/core')

      await patch()
      await manager.install(app)
      deepStrictEqual(await readSources(installed), await readSources(core))

      await patch('--undo')
      // npm leaves what it has installed already as it is
      if (manager.name === 'npm') {
        await rm(installed, { recursive: true })
      }
      await manager.install(app)
      deepStrictEqual(await readSources(installed), await readSources(stock))
    })
  }
})
