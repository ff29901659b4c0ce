// What upstream's tests need, of packages that are installed here.
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './scripts.ts'

const patches = join(root, 'patches/upstream')
const core = join(root, 'node_modules/@orbitdb/core')

const importedFrom = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href)

const utilities = {
  'create-helia.js': `
    import { createNode } from ${importedFrom('test/helpers/node.ts')}
    export default async () => createNode()`,
  'connect-nodes.js': `
    export default async (ipfs1, ipfs2) => ipfs2.libp2p.dial(ipfs1.libp2p.getMultiaddrs())`,
  'wait-for.js': `
    import { setTimeout } from 'node:timers/promises'
    export default async (value, expected) => {
      while (await value() !== await expected()) {
        await setTimeout(20)
      }
    }`
}

const packages = {
  rimraf: `
    import { rm } from 'node:fs/promises'
    export const rimraf = (path) => rm(path, { recursive: true, force: true })`,
  '@orbitdb/simple-encryption': `
    import { createCipher } from ${importedFrom('test/helpers/encryption.ts')}
    export default async () => createCipher()`
}

/**
 * Lays the patched core out as upstream is, with the tests of all patches, to run them there.
 *
 * @returns the names of the files of tests
 */
export async function layOutUpstream (directory: string): Promise<string[]> {
  await cp(join(core, 'src'), join(directory, 'src'), { recursive: true })
  await cp(join(core, 'package.json'), join(directory, 'package.json'))

  const files: string[] = []
  for (const slug of await readdir(patches)) {
    await cp(join(patches, slug, 'test'), join(directory, 'test'), { recursive: true })
  }
  for (const { name, parentPath } of await readdir(join(directory, 'test'), { recursive: true, withFileTypes: true })) {
    if (name.endsWith('.test.js')) {
      files.push(join(parentPath, name).slice(directory.length + 1))
    }
  }

  await mkdir(join(directory, 'test/utils'))
  for (const [name, source] of Object.entries(utilities)) {
    await writeFile(join(directory, 'test/utils', name), source)
  }
  await linkPackages(join(directory, 'node_modules'))
  return files
}

async function linkPackages (directory: string): Promise<void> {
  await mkdir(directory)
  const own = Object.keys(packages).map(name => name.split('/')[0])
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && !own.includes(name)) {
      await symlink(join(root, 'node_modules', name), join(directory, name), 'junction')
    }
  }
  for (const [name, source] of Object.entries(packages)) {
    await mkdir(join(directory, name), { recursive: true })
    await writeFile(join(directory, name, 'index.js'), source)
    await writeFile(join(directory, name, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }))
  }
}

/** The result of a run of mocha, as its JSON reporter writes it. */
export interface TestRun {
  stats: { passes: number, failures: number }
  failures: Array<{ fullTitle: string, err: { message: string } }>
}

/** Reads what mocha's JSON reporter wrote to a file. */
export const readTestRun = async (path: string): Promise<TestRun> => JSON.parse(await readFile(path, 'utf8'))
