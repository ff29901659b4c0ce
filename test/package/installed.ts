// The package as it is published, in an app of its own.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { createDirectory, installedVersion, pack, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'

const bin = (name: string) => join(root, 'node_modules', '.bin', name)

const values = [['one', 3], ['three', 5]]

describe('package', function () {
  this.timeout(300_000)

  let app: string
  let warnings: string[]

  before(async () => {
    app = createDirectory()
    const { path } = await pack()
    const others = ['@helia/libp2p', '@ipld/dag-cbor', '@libp2p/gossipsub', '@libp2p/identify', 'helia']
    await writeFile(join(app, 'package.json'), JSON.stringify({
      private: true,
      type: 'module',
      dependencies: {
        ...Object.fromEntries(await Promise.all(others.map(async name => [name, await installedVersion(name)]))),
        '@orbitdb/core': '4.0.0',
        'orbitdb-backup': `file:${path}`
      }
    }))
    const { stderr } = await run(app, 'npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'])
    warnings = stderr.split('\n').filter(line => line.includes('orbitdb-backup'))
  })

  it('is installed without a warning', () => {
    deepStrictEqual(warnings, [])
  })

  it('restores a database of @orbitdb/core, which is beside it', async () => {
    await copyFile(join(import.meta.dirname, 'restore.mjs'), join(app, 'restore.mjs'))
    deepStrictEqual(JSON.parse((await run(app, process.execPath, ['restore.mjs'])).stdout), {
      stockCanExport: false,
      missingExports: [],
      backup: values,
      stock: values
    })
  })

  it('has a command line that restores an archive on a new node, and makes the same one there', async () => {
    await copyFile(join(import.meta.dirname, '../fixtures/archive.car'), join(app, 'archive.car'))
    const cli = async (...args: string[]) => JSON.parse((await run(app, join(app, 'node_modules/.bin/orbitdb-backup'), [...args, '--json'])).stdout)
    const { summary } = JSON.parse(await readFile(join(import.meta.dirname, '../fixtures/archive.json'), 'utf8'))

    deepStrictEqual(await cli('inspect', 'archive.car'), summary)
    const { databases } = await cli('restore', 'archive.car', '-d', 'node')
    deepStrictEqual(databases.map(({ name }: { name: string }) => name), ['documents', 'settings'])
    deepStrictEqual((await cli('list', '-d', 'node')).databases.map(({ missing }: { missing: number }) => missing), [0, 0, 0])
    const { root } = await cli('create', '--all', '-d', 'node', '-o', 'again.car')
    strictEqual(root, summary.root)
    strictEqual((await cli('verify', 'again.car')).ok, true)
  })

  for (const [moduleResolution, module] of [['bundler', 'esnext'], ['node16', 'node16'], ['nodenext', 'nodenext']]) {
    it(`has types that compile in an app, where modules are resolved by "${moduleResolution}"`, async () => {
      await copyFile(join(import.meta.dirname, 'consumer.ts'), join(app, 'consumer.ts'))
      const options = { target: 'es2024', module, moduleResolution, strict: true, skipLibCheck: false, noEmit: true, types: [] }
      await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.ts'] }))
      await run(app, bin('tsc'), [])
    })
  }

  it('has what checks signatures alone, which brings no OrbitDB', async () => {
    await writeFile(join(app, 'signatures.mjs'), `
      import { generateKeyPair } from '@libp2p/crypto/keys'
      import { verifySignatures } from 'orbitdb-backup/signatures'
      const key = await generateKeyPair('secp256k1')
      const data = new TextEncoder().encode('What is signed')
      const check = { data, publicKey: key.publicKey.raw, signature: await key.sign(data) }
      console.log(JSON.stringify(await verifySignatures([check, { ...check, data: check.signature }])))
    `)
    deepStrictEqual(JSON.parse((await run(app, process.execPath, ['signatures.mjs'])).stdout), [true, false])
    const { metafile } = await build({ absWorkingDir: app, entryPoints: ['signatures.mjs'], bundle: true, format: 'esm', platform: 'browser', write: false, metafile: true })
    const ours = Object.keys(metafile.inputs).flatMap(path => /orbitdb-backup\/dist\/.+|@orbitdb\/.+/.exec(path) ?? [])
    deepStrictEqual(ours.map(path => path.slice(path.lastIndexOf('/') + 1)).sort(), ['libsecp256k1.js', 'signatures.js'])
  })

  it('can be bundled for browsers', async () => {
    await writeFile(join(app, 'browser.js'), "export * from 'orbitdb-backup'")
    const { warnings } = await build({ absWorkingDir: app, entryPoints: ['browser.js'], bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent' })
    deepStrictEqual(warnings, [])
  })

  it('works in the bundle of an app', async () => {
    const external = ['helia', '@helia/*', '@libp2p/*', '@ipld/*', '@orbitdb/core', 'level', 'lru']
    const outfile = join(app, 'bundled/restore.mjs')
    await build({ absWorkingDir: app, entryPoints: ['restore.mjs'], bundle: true, format: 'esm', platform: 'node', external, outfile, logLevel: 'silent' })
    const { stdout } = await run(join(app, 'bundled'), process.execPath, [outfile])
    deepStrictEqual(JSON.parse(stdout).backup, values)
  })
})
