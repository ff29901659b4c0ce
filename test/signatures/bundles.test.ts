// Signatures are checked in a thread also where an app is bundled, and without one where there can be none.
import { strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')

/** An app that checks so many signatures that another thread is asked. */
const app = `
  import { isAvailable } from './src/signatures/addon.ts'
  import { verifySignature } from './src/signatures/index.ts'
  import { sample } from './src/signatures/sample.ts'
  const { signature, publicKey, data, otherData } = sample
  const hex = Buffer.from(signature).toString('hex')
  const verdicts = await Promise.all(Array.from({ length: 20 }, (_, i) => verifySignature(hex, publicKey, i % 2 === 0 ? data : otherData)))
  console.log(process.argv.length > 0, isAvailable, verdicts.every((isValid, i) => isValid === (i % 2 === 0)))
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
          strictEqual(stdout.trim(), 'true true true', stderr)
        })
      }
    }
  }
})
