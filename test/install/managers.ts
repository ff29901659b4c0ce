// The package managers of npm apps, as the project has them installed.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'

/** What an app has in its package.json and beside it. */
export interface AppFiles {
  dependencies: Record<string, string>
  /** What to install in place of a package, wherever it is asked for. */
  overrides?: Record<string, string>
}

export interface Manager {
  name: string
  /** The files of an app, before it is installed. */
  files: (app: AppFiles) => Record<string, string>
  install: (app: string) => Promise<unknown>
}

const bin = (name: string): string => join(root, 'node_modules', '.bin', name)
const manifest = (fields: object): string => JSON.stringify({ name: 'app', private: true, type: 'module', ...fields }, null, 2) + '\n'

export const managers: Manager[] = [
  {
    name: 'npm',
    files: ({ dependencies, overrides = {} }) => ({
      // $name: what the app itself depends on
      'package.json': manifest({ dependencies, overrides: Object.fromEntries(Object.keys(overrides).map(name => [name, `$${name}`])) })
    }),
    install: app => run(app, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'])
  },
  {
    name: 'pnpm',
    files: ({ dependencies, overrides }) => ({
      'package.json': manifest({ dependencies }),
      ...overrides == null ? {} : { 'pnpm-workspace.yaml': `overrides:\n${Object.entries(overrides).map(([name, range]) => `  '${name}': '${range}'\n`).join('')}` }
    }),
    install: app => run(app, bin('pnpm'), ['install', '--prefer-offline', '--no-frozen-lockfile'])
  },
  {
    name: 'yarn',
    files: ({ dependencies, overrides }) => ({
      'package.json': manifest({ dependencies, resolutions: overrides }),
      '.yarnrc.yml': 'nodeLinker: node-modules\nenableTelemetry: false\nenableImmutableInstalls: false\nenableScripts: true\n',
      // An app of its own, wherever it is
      'yarn.lock': ''
    }),
    install: app => run(app, bin('yarn'), ['install'])
  }
]

/** Writes an app and installs it. */
export async function createApp (manager: Manager, files: AppFiles): Promise<string> {
  const app = createDirectory()
  for (const [path, text] of Object.entries(manager.files(files))) {
    await writeFile(join(app, path), text)
  }
  await manager.install(app)
  return app
}

/** The folders below node_modules that have a copy of core: of the package, or as published. */
export async function copiesOf (app: string): Promise<string[]> {
  const entries = await readdir(join(app, 'node_modules'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile() && entry.name === 'oplog-store.js').map(({ parentPath }) => parentPath.slice(app.length + 1))
}
