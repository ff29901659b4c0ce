// Signatures are checked in threads also where an app is bundled, and without where there can be none.
import { strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')

/** An app that has so many signatures checked that threads are asked, and tells which means there are, and whether threads answered. */
const app = `
  import { generateKeyPair } from '@libp2p/crypto/keys'
  import { Worker } from 'node:worker_threads'
  import { findAddon } from './src/signatures/addon.ts'
  import { verifySignatures } from './src/signatures/index.ts'
  import { createVerifier } from './src/signatures/verifier.ts'
  import { findWebAssembly } from './src/signatures/webassembly.ts'

  let answers = 0
  const on = Worker.prototype.on
  Worker.prototype.on = function (name, listen) {
    return on.call(this, name, name === 'message' ? message => { answers++; listen(message) } : listen)
  }
  const key = await generateKeyPair('secp256k1')
  const data = new Uint8Array(1500)
  const signature = await key.sign(data)
  const checks = Array.from({ length: 600 }, (_, i) => ({ signature, publicKey: key.publicKey.raw, data: i % 3 === 0 ? data.subarray(1) : data }))
  const addon = findAddon()
  const webAssembly = await findWebAssembly()
  const areThreadsAllowed = process.permission?.has('worker') ?? true
  for (const verify of [verifySignatures, createVerifier(addon), createVerifier(webAssembly)]) {
    answers = 0
    do {
      const verdicts = await verify(checks)
      if (!verdicts.every((isValid, i) => isValid === (i % 3 !== 0))) throw new Error('Wrong')
    } while (areThreadsAllowed && answers < 2)
    if (!areThreadsAllowed && answers > 0) throw new Error('There are threads')
  }
  console.log(addon != null, webAssembly != null)
`

describe('Signatures in a bundled app', () => {
  let directory: string

  before(async () => {
    // Below the project, so that the addon is found
    await mkdir(join(root, '.tmp'), { recursive: true })
    directory = await mkdtemp(join(root, '.tmp', 'bundles-'))
  })

  after(() => rm(directory, { recursive: true }))

  for (const minify of [false, true]) {
    for (const keepNames of [false, true]) {
      for (const flags of [[], ['--permission', '--allow-addons', '--allow-fs-read=*']]) {
        it(`are checked${minify ? ', minified' : ''}${keepNames ? ', with its names' : ''}${flags.length > 0 ? ', where no thread may be started' : ''}`, async () => {
          const outfile = join(directory, 'app.mjs')
          await build({ stdin: { contents: app, resolveDir: root, loader: 'ts' }, bundle: true, minify, keepNames, platform: 'node', format: 'esm', outfile, logLevel: 'silent' })
          const { stdout, stderr } = spawnSync(process.execPath, [...flags, outfile], { encoding: 'utf8' })
          strictEqual(stdout.trim(), 'true true', stderr)
        })
      }
    }
  }
})
