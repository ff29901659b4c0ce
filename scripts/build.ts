// Builds dist/index.js: our code and the patched @orbitdb/core in one module,
// beside which the package's dependencies are installed.
import { readFile, rm } from 'node:fs/promises'
import { build } from 'esbuild'

const core = 'node_modules/@orbitdb/core'
const readJSON = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
const { dependencies } = await readJSON('package.json')
const { main, version } = await readJSON(`${core}/package.json`)
const license = await readFile(`${core}/LICENSE`, 'utf8')

await rm('dist', { recursive: true, force: true })

const { metafile } = await build({
  entryPoints: ['src/index.ts'],
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  alias: { '@orbitdb/core': `./${core}/${main}` },
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  banner: { js: `/*!\nIncludes a modified copy of @orbitdb/core ${version}:\n\n${license.trim()}\n*/` }
})

for (const { path } of metafile.outputs['dist/index.js'].imports) {
  const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
  if (!Object.hasOwn(dependencies, name)) {
    throw new Error(`dist/index.js imports "${path}", but "${name}" is not in the dependencies of package.json`)
  }
}
