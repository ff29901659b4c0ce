// Bundles index.js, our code, and cli.js, the command line, beside which the package's dependencies are
// installed. What both need is in modules that they share. The patched @orbitdb/core is no part of the
// bundle: its modules are copied as they are, so that whoever imports one of them by its path (as
// `@orbitdb/core/src/…`) has the same one.
//
// Helia is in the bundle of the command line: with all that it depends on it is nearly 500 packages and
// takes a second to load, and most of that is its network, of which the command line needs nothing.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { joinPatches } from './joined-patch.ts'
import type { Metafile, Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** The folder of the patched core. */
export const core = 'node_modules/@orbitdb/core'

const readJSON = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'))

/**
 * What is in the bundle besides our code: Helia with what it imports, and libsecp256k1 as WebAssembly, as the
 * package that has it is twenty times as large. The rest is installed.
 */
function isBundled (path: string, importer: string): boolean {
  const isOfHelia = /node_modules/.test(importer) && !/@orbitdb[\\/]core/.test(importer)
  return path.startsWith('@bitauth/libauth/') || ((path === 'helia' || isOfHelia) && !isBuiltin(path))
}

const packages: Plugin = {
  name: 'packages',
  setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
    if (path === '@orbitdb/core') {
      return { path: './orbitdb/index.js', external: true }
    }
    return kind === 'entry-point' || isBundled(path, importer) ? undefined : { path, external: true }
  })
}

/** Bundles into a directory, with what it needs of the patched core beside it, and tells what is in the bundle. */
export async function bundle (outdir: string): Promise<Metafile> {
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
    sourcemap: true,
    metafile: true,
    logLevel: 'warning'
  })
  await checkDependencies(metafile)
  await copyCore(join(outdir, 'orbitdb'))
  await writeFile(join(outdir, 'orbitdb-core.patch'), await joinPatches())
  await Promise.all(Object.keys(metafile.outputs).filter(path => path.endsWith('.map')).map(path => leaveOutPackages(join(root, path))))
  return metafile
}

/** Leaves the code of Helia out of a source map, which would be most of it. Names and lines stay. */
async function leaveOutPackages (path: string): Promise<void> {
  const map: { sources: string[], sourcesContent: Array<string | null> } = JSON.parse(await readFile(path, 'utf8'))
  map.sourcesContent = map.sourcesContent.map((content, i) => map.sources[i].includes('/node_modules/') ? null : content)
  await writeFile(path, JSON.stringify(map))
}

/** Copies the modules of the patched core, with its license. */
async function copyCore (outdir: string): Promise<void> {
  await cp(join(root, core, 'src'), outdir, { recursive: true })
  await cp(join(root, core, 'LICENSE'), join(outdir, 'LICENSE'))
  const { metafile } = await build({ absWorkingDir: root, entryPoints: [`${core}/src/index.js`], bundle: true, packages: 'external', format: 'esm', platform: 'neutral', write: false, metafile: true })
  await checkDependencies(metafile)
}

/** Fails unless all that is not in the bundle is installed with it. */
async function checkDependencies ({ outputs }: Metafile): Promise<void> {
  const { dependencies } = await readJSON('package.json')
  for (const [output, { imports }] of Object.entries(outputs)) {
    for (const { path } of imports.filter(({ path, external }) => external === true && /^[^./]/.test(path) && !isBuiltin(path))) {
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
      if (!Object.hasOwn(dependencies, name)) {
        throw new Error(`${output} imports "${path}", but "${name}" is not in the dependencies of package.json`)
      }
    }
  }
}
