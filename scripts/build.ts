// Builds dist/index.js, our code and the patched @orbitdb/core, and dist/cli.js, the command line,
// beside which the package's dependencies are installed. What both need is in modules that they share.
import { chmod, readFile, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { build } from 'esbuild'

const core = 'node_modules/@orbitdb/core'
const readJSON = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
const { dependencies } = await readJSON('package.json')
const { main, version } = await readJSON(`${core}/package.json`)
const license = await readFile(`${core}/LICENSE`, 'utf8')

await rm('dist', { recursive: true, force: true })

const { metafile } = await build({
  entryPoints: [{ in: 'src/index.ts', out: 'index' }, { in: 'src/cli/index.ts', out: 'cli' }],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'shared-[hash]',
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  alias: { '@orbitdb/core': `./${core}/${main}` },
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  banner: { js: `/*!\nIncludes a modified copy of @orbitdb/core ${version}:\n\n${license.trim()}\n*/` }
})

for (const [output, { imports }] of Object.entries(metafile.outputs)) {
  for (const { path } of imports.filter(({ path, external }) => external === true && !isBuiltin(path))) {
    const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
    if (!Object.hasOwn(dependencies, name)) {
      throw new Error(`${output} imports "${path}", but "${name}" is not in the dependencies of package.json`)
    }
  }
}

await chmod('dist/cli.js', 0o755)
