// Bundles index.js and signatures.js, our code, beside which the package's dependencies are installed, and cli.js, the
// command line, with nearly all that it imports. The patched @orbitdb/core is no part of the library's bundle: its
// modules are copied as they are, so that whoever imports one of them by its path (as
// `@orbitdb/core/src/…`) has the same one.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'
import { joinPatches } from './joined-patch.ts'
import type { BuildOptions, BuildResult, Metafile, Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** The folder of the patched core. */
export const core = 'node_modules/@orbitdb/core'

const readJSON = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'))

/** libsecp256k1 as WebAssembly, of which both bundles have one copy: the package that has it is twenty times as large. */
const libsecp256k1 = '@bitauth/libauth/build/lib/bin/secp256k1/secp256k1.base64.js'

/** Has it imported from beside a bundle. */
const beside: Plugin = {
  name: 'beside',
  setup: ({ onResolve }) => onResolve({ filter: /^@bitauth\/libauth\// }, ({ path }) => path === libsecp256k1 ? { path: './libsecp256k1.js', external: true } : undefined)
}

/** Has what checks signatures imported from its own bundle, which apps can have alone. */
const signatures: Plugin = {
  name: 'signatures',
  setup: ({ onResolve }) => onResolve({ filter: /\/signatures\/index\.ts$/ }, ({ kind }) => kind === 'entry-point' ? undefined : { path: './signatures.js', external: true })
}

/** Has the library import what is installed with it. */
const packages: Plugin = {
  name: 'packages',
  setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
    return kind === 'entry-point' ? undefined : { path: path === '@orbitdb/core' ? './orbitdb/index.js' : path, external: true }
  })
}

/** Has what is installed several times, in the same version, bundled once. */
const once: Plugin = {
  name: 'once',
  setup: ({ onResolve, resolve }) => {
    const paths = new Map<string, string>()
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === once || options.kind === 'entry-point') return
      const result = await resolve(path, { ...options, pluginData: once })
      const [, folder, name, rest] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\/(.*)$/.exec(result.path.replaceAll('\\', '/')) ?? []
      if (name == null || result.external) return
      const { version } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
      const key = `${name}@${version}/${rest}`
      if (!paths.has(key)) paths.set(key, result.path)
      return { ...result, path: paths.get(key) }
    })
  }
}

const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  metafile: true,
  logLevel: 'warning'
} as const satisfies BuildOptions

/** What is native, or finds out by itself whether to load what is: it can be in no bundle. */
const native = ['level', 'secp256k1']

/** Bundles into a directory, with what it needs of the patched core beside it, and tells what is in the bundles. */
export async function bundle (outdir: string): Promise<Metafile> {
  const metafiles = [
    await build({ ...options, entryPoints: { index: 'src/index.ts', signatures: 'src/signatures/index.ts' }, outdir, platform: 'neutral', sourcemap: true, plugins: [beside, signatures, packages] }),
    await build({ ...options, entryPoints: { libsecp256k1: `node_modules/${libsecp256k1}` }, outdir, platform: 'neutral', minify: true }),
    await bundleCLI(outdir)
  ].map(({ metafile }) => metafile)
  await Promise.all(metafiles.map(checkDependencies))
  await copyCore(join(outdir, 'orbitdb'))
  await writeFile(join(outdir, 'orbitdb-core.patch.br'), brotliCompressSync(await joinPatches()))
  return { inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)), outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)) }
}

/**
 * Bundles the command line, with all that it imports: it loads several times faster than hundreds of files, each of
 * which has to be found first. Of Helia that is a small part, as it needs nothing of its network.
 */
function bundleCLI (outdir: string): Promise<BuildResult<{ metafile: true }>> {
  return build({
    ...options,
    entryPoints: { cli: 'src/cli/index.ts' },
    outdir,
    splitting: true,
    chunkNames: 'cli-[hash]',
    platform: 'node',
    // How Helia and what it imports name their parts for Node.js
    conditions: ['node'],
    mainFields: ['module', 'main'],
    minify: true,
    // Those of classes tell which stores a node has
    keepNames: true,
    alias: { '@orbitdb/core': `./${core}/src/index.js` },
    external: native,
    plugins: [beside, once],
    // Modules that are no ES modules require those of Node.js
    banner: { js: "import { createRequire as createRequireOfNode } from 'node:module'; const require = createRequireOfNode(import.meta.url)" }
  })
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
