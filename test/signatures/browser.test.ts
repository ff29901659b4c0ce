// Signatures in Chromium: by what the page may use, with the same verdicts.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { bundle, executablePath, launch, policyForSignatures, serve } from '../browser/chromium.ts'
import { createVectors } from '../helpers/signatures.ts'
import { verifyByLibp2p } from '../helpers/verify-by-libp2p.ts'
import type { Vector } from '../helpers/signatures.ts'
import type { Browser } from 'playwright-core'
import type { Rolldown } from 'vite'

type Files = Parameters<typeof serve>[0]

const entry = join(import.meta.dirname, '../browser/signatures.ts')

/** The page, as it is bundled without any configuration. */
const bundlers: Record<string, () => Promise<Files>> = {
  esbuild: async () => toFiles((await bundle({ format: 'esm' }, entry)).outputFiles.map(({ contents }) => ['page.js', contents])),
  'esbuild, minified': async () => toFiles((await bundle({ format: 'esm', minify: true }, entry)).outputFiles.map(({ contents }) => ['page.js', contents])),
  'esbuild, with its names': async () => toFiles((await bundle({ format: 'esm', minify: true, keepNames: true }, entry)).outputFiles.map(({ contents }) => ['page.js', contents])),
  vite: async () => {
    const { output } = await build({ configFile: false, logLevel: 'silent', build: { write: false, rolldownOptions: { input: { page: entry } } } }) as Rolldown.RolldownOutput
    const page = output.find(file => file.type === 'chunk' && file.isEntry)!
    return toFiles(output.map(file => [file.fileName, file.type === 'chunk' ? file.code : file.source]), page.fileName)
  }
}

const toFiles = (files: Array<[name: string, body: string | Uint8Array]>, page = 'page.js'): Files => ({
  '/': { type: 'text/html', body: `<!doctype html><script type="module" src="/${page}"></script>` },
  '/favicon.ico': { type: 'image/x-icon', body: '' },
  ...Object.fromEntries(files.map(([name, body]) => [`/${name}`, { type: 'text/javascript', body }]))
})

/** What a page may use. */
const policies = {
  'all is allowed': { policy: policyForSignatures, hasWebAssembly: true, hasWorkers: true },
  'no workers are': { policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'", hasWebAssembly: true, hasWorkers: false },
  'no workers that are not files are': { policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'", hasWebAssembly: true, hasWorkers: false },
  'no WebAssembly is': { policy: "default-src 'self'; worker-src blob:", hasWebAssembly: false, hasWorkers: false },
  'neither is': { policy: "default-src 'self'", hasWebAssembly: false, hasWorkers: false }
}

describe('Signatures in a browser', function () {
  this.timeout(120_000)

  if (!existsSync(executablePath)) {
    const missing = `needs Chromium at ${executablePath}: apt-get install --no-install-recommends chromium, or set CHROMIUM_PATH`
    // Pending, but where everything has to be tested
    it(missing, process.env.CI ? () => { throw new Error(missing) } : undefined)
    return
  }

  let browser: Browser
  let vectors: Vector[]

  before(async () => {
    browser = await launch()
    vectors = await createVectors()
  })

  after(() => browser?.close())

  for (const [bundler, createFiles] of Object.entries(bundlers)) {
    describe(`bundled by ${bundler}`, () => {
      let files: Files

      before(async () => { files = await createFiles() })

      for (const [what, { policy, hasWebAssembly, hasWorkers }] of Object.entries(policies)) {
        // They differ in how they change what workers run
        if (!hasWorkers && bundler !== 'vite') continue

        it(`get the verdicts of @libp2p/crypto where ${what}`, async () => {
          const server = await serve(files, policy)
          const page = await browser.newPage()
          try {
            const errors: string[] = []
            page.on('pageerror', error => { errors.push(String(error.stack)) })
            await page.goto(server.origin)

            strictEqual(await page.evaluate(() => globalThis.signatures.hasWebAssembly()), hasWebAssembly)
            const verdicts = await page.evaluate(vectors => globalThis.signatures.verdicts(vectors), vectors)
            for (const [i, { name, signature, publicKey, data }] of vectors.entries()) {
              strictEqual(verdicts[i], await verifyByLibp2p(signature, publicKey, Buffer.from(data, 'hex')), name)
            }
            ok(verdicts.includes(true) && verdicts.includes(false))

            const checkMany = async (): Promise<boolean> => {
              strictEqual(await page.evaluate(() => globalThis.signatures.checkMany(600)), 0)
              return await page.evaluate(() => globalThis.signatures.answersOfWorkers()) > 0
            }
            if (hasWorkers) {
              while (!await checkMany());
            } else {
              strictEqual(await checkMany(), false)
            }
            deepStrictEqual(errors, [])
          } finally {
            await page.close()
            await server.close()
          }
        })
      }
    })
  }
})
