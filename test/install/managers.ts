// The package managers, as the project has them installed.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'

export interface Manager {
  name: string
  /** Files that an app needs beside its package.json. */
  settings: Record<string, string>
  install: (app: string) => Promise<unknown>
}

const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

export const managers: Manager[] = [
  {
    name: 'npm',
    settings: {},
    install: app => run(app, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'])
  },
  {
    name: 'pnpm',
    settings: {},
    install: app => run(app, bin('pnpm'), ['install', '--prefer-offline', '--no-frozen-lockfile'])
  },
  {
    name: 'yarn',
    settings: {
      '.yarnrc.yml': 'enableTelemetry: false\nenableImmutableInstalls: false\n',
      // An app of its own, wherever it is
      'yarn.lock': ''
    },
    install: app => run(app, bin('yarn'), ['install'])
  }
]

/** Writes an app with these dependencies and installs it. */
export async function createApp ({ settings, install }: Manager, dependencies: Record<string, string>): Promise<string> {
  const app = createDirectory()
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module', dependencies }, null, 2) + '\n')
  for (const [path, text] of Object.entries(settings)) {
    await writeFile(join(app, path), path === '.yarnrc.yml' ? `${text}nodeLinker: node-modules\n` : text)
  }
  await install(app)
  return app
}

/** The folders below node_modules that have a copy of core: of the package, or as published. */
export async function copiesOf (app: string): Promise<string[]> {
  const entries = await readdir(join(app, 'node_modules'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile() && entry.name === 'oplog-store.js').map(({ parentPath }) => parentPath.slice(app.length + 1))
}
