// Bundles index.js, our code, beside which the package's dependencies are installed, and cli.js, the command
// line, with nearly all that it imports. The patched @orbitdb/core is no part of the library's bundle: its
// modules are copied as they are, so that whoever imports one of them by its path (as
// `@orbitdb/core/src/…`) has the same one.
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { joinPatches } from './joined-patch.ts'
import type { BuildOptions, BuildResult, Metafile, Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** The folder of the patched core. */
export const core = 'node_modules/@orbitdb/core'

const readJSON = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'))

/**
 * What is in the library's bundle besides our code: libsecp256k1 as WebAssembly, as the package that has it is
 * twenty times as large. The rest is installed.
 */
const isBundled = (path: string): boolean => path.startsWith('@bitauth/libauth/')

const packages: Plugin = {
  name: 'packages',
  setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
    if (path === '@orbitdb/core') {
      return { path: './orbitdb/index.js', external: true }
    }
    return kind === 'entry-point' || isBundled(path) ? undefined : { path, external: true }
  })
}

const options = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  chunkNames: 'shared-[hash]',
  format: 'esm',
  // How Helia and what it imports name their parts for Node.js
  conditions: ['node'] as string[],
  mainFields: ['module', 'main'] as string[],
  metafile: true,
  logLevel: 'warning'
} as const satisfies BuildOptions

/** What is native, or finds out by itself whether to load what is: it can be in no bundle. */
const native = ['level', 'secp256k1']

/** Bundles into a directory, with what it needs of the patched core beside it, and tells what is in the bundles. */
export async function bundle (outdir: string): Promise<Metafile> {
  const library = await build({ ...options, entryPoints: [{ in: 'src/index.ts', out: 'index' }], outdir, platform: 'neutral', sourcemap: true, plugins: [packages] })
  await checkDependencies(library.metafile)
  const { metafile } = await bundleCLI(outdir)
  await copyCore(join(outdir, 'orbitdb'))
  await writeFile(join(outdir, 'orbitdb-core.patch'), await joinPatches())
  await Promise.all(Object.keys(library.metafile.outputs).filter(path => path.endsWith('.map')).map(path => leaveOutPackages(join(root, path))))
  return { inputs: { ...library.metafile.inputs, ...metafile.inputs }, outputs: { ...library.metafile.outputs, ...metafile.outputs } }
}

/**
 * Bundles the command line, with all that it imports: it loads several times faster than hundreds of files, each of
 * which has to be found first. Of Helia that is a small part, as it needs nothing of its network.
 */
async function bundleCLI (outdir: string): Promise<BuildResult<{ metafile: true }>> {
  const result = await build({
    ...options,
    entryPoints: [{ in: 'src/cli/index.ts', out: 'cli' }],
    outdir,
    chunkNames: 'cli-[hash]',
    platform: 'node',
    // Not the names: those of classes tell which stores a node has
    minifySyntax: true,
    minifyWhitespace: true,
    alias: { '@orbitdb/core': `./${core}/src/index.js` },
    external: native,
    // Modules that are no ES modules require those of Node.js
    banner: { js: "import { createRequire as createRequireOfNode } from 'node:module'; const require = createRequireOfNode(import.meta.url)" }
  })
  await checkDependencies(result.metafile)
  return result
}

/** Leaves the code of other packages out of a source map, which would be most of it, and takes away a map of nothing else. */
async function leaveOutPackages (path: string): Promise<void> {
  const map: { sources: string[], sourcesContent: Array<string | null> } = JSON.parse(await readFile(path, 'utf8'))
  const isOurs = map.sources.map(source => !source.includes('/node_modules/'))
  if (map.sources.length > 0 && !isOurs.includes(true)) {
    const module = path.replace(/\.map$/, '')
    await writeFile(module, (await readFile(module, 'utf8')).replace(/^\/\/# sourceMappingURL=.*\n?/m, ''))
    await rm(path)
    return
  }
  map.sourcesContent = map.sourcesContent.map((content, i) => isOurs[i] ? content : null)
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
  const { dependencies, peerDependencies } = await readJSON('package.json')
  for (const [output, { imports }] of Object.entries(outputs)) {
    for (const { path } of imports.filter(({ path, external }) => external === true && /^[^./]/.test(path) && !isBuiltin(path))) {
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
      if (!Object.hasOwn({ ...dependencies, ...peerDependencies }, name)) {
        throw new Error(`${output} imports "${path}", but "${name}" is not in the dependencies of package.json`)
      }
    }
  }
}
