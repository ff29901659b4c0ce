// The package as it is published, in an app of its own.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

/** Runs a program; the error of one that fails has its output. */
const run = async (cwd: string, file: string, ...args: string[]) => {
  try {
    return (await promisify(execFile)(file, args, { cwd, shell: process.platform === 'win32' })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string, stderr: string }
    throw new Error(`${file} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
}

const installedVersion = async (name: string) => JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version

describe('package', function () {
  this.timeout(300_000)

  let app: string
  let files: string[]

  before(async () => {
    app = await realpath(await mkdtemp(join(tmpdir(), 'orbitdb-backup-')))
    await run(root, 'npm', 'run', 'build')
    const [packed] = JSON.parse(await run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', app))
    files = packed.files.map(({ path }: { path: string }) => path)

    const others = ['@helia/libp2p', '@ipld/dag-cbor', '@libp2p/gossipsub', '@libp2p/identify', 'helia']
    await writeFile(join(app, 'package.json'), JSON.stringify({
      private: true,
      type: 'module',
      dependencies: {
        ...Object.fromEntries(await Promise.all(others.map(async name => [name, await installedVersion(name)]))),
        '@orbitdb/core': '4.0.0',
        'orbitdb-backup': `file:${packed.filename}`
      }
    }))
    await run(app, 'npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund')
  })

  after(() => rm(app, { recursive: true, force: true }))

  it('contains what is needed, and nothing else', () => {
    ok(files.includes('dist/index.js') && files.includes('dist/index.d.ts'))
    deepStrictEqual(files.filter(path => !/^(dist\/.+|patches\/.+|README\.md|LICENSE|package\.json)$/.test(path)), [])
  })

  it('keeps the license of @orbitdb/core', async () => {
    const license = await readFile(join(root, 'node_modules/@orbitdb/core-stock/LICENSE'), 'utf8')
    const installed = await readFile(join(app, 'node_modules/orbitdb-backup/dist/index.js'), 'utf8')
    ok(installed.includes(license.trim()))
  })

  it('keeps the licenses of what the command line has of Helia', async () => {
    const licenses = await readFile(join(app, 'node_modules/orbitdb-backup/dist/LICENSES.txt'), 'utf8')
    match(licenses, /^helia 7\S+: Apache-2\.0 OR MIT$/m)
    match(licenses, /^cborg 6\S+: Apache-2\.0\n\n.*Copyright/m)
  })

  it('runs nothing at install', async () => {
    const { scripts } = JSON.parse(await readFile(join(app, 'node_modules/orbitdb-backup/package.json'), 'utf8'))
    deepStrictEqual(Object.keys(scripts).filter(name => /^(pre|post)?install$/.test(name)), [])
  })

  it('restores a database of @orbitdb/core, which is beside it', async () => {
    await copyFile(join(import.meta.dirname, 'package/restore.mjs'), join(app, 'restore.mjs'))
    const values = [['one', 3], ['three', 5]]
    deepStrictEqual(JSON.parse(await run(app, process.execPath, 'restore.mjs')), {
      stockCanExport: false,
      missingExports: [],
      backup: values,
      stock: values
    })
  })

  it('has a command line that restores an archive on a new node, and makes the same one there', async () => {
    await copyFile(join(import.meta.dirname, 'fixtures/archive.car'), join(app, 'archive.car'))
    const cli = async (...args: string[]) => JSON.parse(await run(app, join(app, 'node_modules/.bin/orbitdb-backup'), ...args, '--json'))
    const { summary } = JSON.parse(await readFile(join(import.meta.dirname, 'fixtures/archive.json'), 'utf8'))

    deepStrictEqual(await cli('inspect', 'archive.car'), summary)
    const { databases } = await cli('restore', 'archive.car', '-d', 'node')
    deepStrictEqual(databases.map(({ name }: { name: string }) => name), ['documents', 'settings'])
    deepStrictEqual((await cli('list', '-d', 'node')).databases.map(({ missing }: { missing: number }) => missing), [0, 0, 0])
    const { root } = await cli('create', '--all', '-d', 'node', '-o', 'again.car')
    strictEqual(root, summary.root)
    strictEqual((await cli('verify', 'again.car')).ok, true)
  })

  it('has types that compile in an app', async () => {
    await copyFile(join(import.meta.dirname, 'package/consumer.ts'), join(app, 'consumer.ts'))
    const options = { target: 'es2024', lib: ['es2024', 'dom', 'dom.asynciterable'], module: 'nodenext', strict: true, skipLibCheck: false, noEmit: true, types: [] }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.ts'] }))
    await run(app, bin('tsc'))
  })

  it('can be bundled for browsers', async () => {
    await writeFile(join(app, 'browser.js'), "export * from 'orbitdb-backup'")
    const { warnings } = await build({ absWorkingDir: app, entryPoints: ['browser.js'], bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent' })
    deepStrictEqual(warnings, [])
  })
})
