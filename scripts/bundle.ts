// Bundles index.js, our code and the patched @orbitdb/core, and cli.js, the command line, beside which the
// package's dependencies are installed. What both need is in modules that they share.
//
// Helia is in the bundle of the command line: with all that it depends on it is nearly 500 packages and
// takes a second to load, and most of that is its network, of which the command line needs nothing.
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Metafile, Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const core = 'node_modules/@orbitdb/core'
const readJSON = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'))

/** What is in the bundle: our code, the patched core, and Helia with what it imports. The rest is installed. */
function isBundled (path: string, importer: string): boolean {
  const isOfHelia = /node_modules/.test(importer) && !/@orbitdb[\\/]core/.test(importer)
  return path === '@orbitdb/core' || ((path === 'helia' || isOfHelia) && !isBuiltin(path))
}

const packages: Plugin = {
  name: 'packages',
  setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
    return kind === 'entry-point' || isBundled(path, importer) ? undefined : { path, external: true }
  })
}

/** Bundles into a directory, and tells what is in the bundle. */
export async function bundle (outdir: string): Promise<Metafile> {
  const { main, version } = await readJSON(`${core}/package.json`)
  const license = await readFile(join(root, core, 'LICENSE'), 'utf8')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: 'src/index.ts', out: 'index' }, { in: 'src/cli/index.ts', out: 'cli' }],
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: 'neutral',
    // How Helia and what it imports name their parts for Node.js
    conditions: ['node'],
    mainFields: ['module', 'main'],
    plugins: [packages],
    alias: { '@orbitdb/core': `./${core}/${main}` },
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    banner: { js: `/*!\nIncludes a modified copy of @orbitdb/core ${version}:\n\n${license.trim()}\n*/` }
  })
  await checkDependencies(metafile)
  return metafile
}

/** Fails unless all that is not in the bundle is installed with it. */
async function checkDependencies ({ outputs }: Metafile): Promise<void> {
  const { dependencies } = await readJSON('package.json')
  for (const [output, { imports }] of Object.entries(outputs)) {
    for (const { path } of imports.filter(({ path, external }) => external === true && !isBuiltin(path))) {
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
      if (!Object.hasOwn(dependencies, name)) {
        throw new Error(`${output} imports "${path}", but "${name}" is not in the dependencies of package.json`)
      }
    }
  }
}
