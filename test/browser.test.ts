// All but the command line, in a browser: Debian's Chromium, or what CHROMIUM_PATH names.
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, executablePath, launch, policyForSignatures, serve } from './browser/chromium.ts'
import { archive } from './helpers/archives.ts'
import { useReplicas } from './helpers/replicas.ts'
import { inspectBackup, restoreBackup, verifyBackup } from '../src/index.ts'
import type { Source, Steps } from './browser/page.ts'
import type { Database } from '../src/index.ts'
import type { BuildResult } from 'esbuild'
import type { Browser, Page } from 'playwright-core'

const fixtures = join(import.meta.dirname, 'fixtures')

const bundles = {
  'a module': { format: 'esm' },
  // Where classes have other names
  'a minified script': { format: 'iife', minify: true },
  'a minified script that keeps names': { format: 'iife', minify: true, keepNames: true }
} as const

describe('In a browser', function () {
  this.timeout(120_000)

  if (!existsSync(executablePath)) {
    const missing = `needs Chromium at ${executablePath}: apt-get install --no-install-recommends chromium, or set CHROMIUM_PATH`
    // Pending, but where everything has to be tested
    it(missing, process.env.CI ? () => { throw new Error(missing) } : undefined)
    return
  }

  const { createReplica } = useReplicas()

  let browser: Browser
  let car: Buffer
  let expected: Record<string, unknown>

  before(async () => {
    browser = await launch()
    car = await readFile(join(fixtures, 'archive.car'))
    expected = JSON.parse(await readFile(join(fixtures, 'archive.json'), 'utf8'))
  })

  after(() => browser?.close())

  for (const [name, options] of Object.entries(bundles)) {
    describe(`as ${name}`, () => {
      let bundled: BuildResult<{ write: false }>
      let server: Awaited<ReturnType<typeof serve>>
      let page: Page
      /** What went wrong besides */
      let errors: string[]

      before(async () => {
        bundled = await bundle(options)
        const { contents: body } = bundled.outputFiles[0]
        server = await serve({
          '/': { type: 'text/html', body: '<!doctype html><script type="module" src="/page.js"></script>' },
          '/favicon.ico': { type: 'image/x-icon', body: '' },
          '/page.js': { type: 'text/javascript', body },
          '/archive.car': { type: 'application/vnd.ipld.car', body: car }
        }, policyForSignatures)
        errors = []
        page = await browser.newPage()
        page.on('pageerror', error => { errors.push(String(error.stack)) })
        page.on('console', message => { errors.push(message.text()) })
        page.on('request', request => {
          if (new URL(request.url()).origin !== server.origin) errors.push(`asked for ${request.url()}`)
        })
        await page.goto(server.origin)
      })

      after(async () => {
        await page?.close()
        await server?.close()
      })

      afterEach(() => {
        const found = errors
        errors = []
        deepStrictEqual(found, [])
      })

      const run = <Name extends keyof Steps>(name: Name, ...args: Parameters<Steps[Name]>): Promise<Awaited<ReturnType<Steps[Name]>>> => {
        return page.evaluate(([name, args]) => (globalThis.steps[name] as (...args: unknown[]) => any)(...args), [name, args as unknown[]] as const)
      }

      it('is bundled without warnings, and needs nothing of Node.js', async () => {
        deepStrictEqual(bundled.warnings, [])
        deepStrictEqual(await run('nodeGlobals'), [])
      })

      for (const stores of ['memory', 'IndexedDB'] as const) {
        describe(`with blocks in ${stores}`, () => {
          let created: Awaited<ReturnType<Steps['create']>>
          let bytes: Buffer

          before(async () => {
            created = await run('create', stores)
            bytes = Buffer.from(created.bytes, 'hex')
          })

          it('creates archives, which Node.js verifies and restores', async () => {
            deepStrictEqual((await verifyBackup(bytes)).problems, [])
            const { orbitdb } = await createReplica()
            const restored = await restoreBackup<Database[]>(orbitdb, bytes)
            deepStrictEqual(restored.map(({ address }) => address), created.contents.map(({ address }) => address).sort())
            deepStrictEqual(Buffer.from(await archive(restored)), bytes)
          })

          for (const source of ['a Blob', 'a Response', 'a ReadableStream'] satisfies Source[]) {
            it(`verifies, inspects and restores ${source} as another identity`, async () => {
              deepStrictEqual(await run('verify', source), await verifyBackup(bytes))
              deepStrictEqual(await run('inspect', source), await inspectBackup(bytes))
              const { contents, identity, padding, root } = await run('restore', stores, source)
              notStrictEqual(identity, created.writer)
              deepStrictEqual(contents, created.contents)
              strictEqual(padding, 0)
              strictEqual(root, (await inspectBackup(bytes)).root)
            })
          }

          it('exchanges what is written on two nodes, by archives', async () => {
            const [[db], [copy]] = await run('exchange', stores)
            deepStrictEqual(copy, db)
            deepStrictEqual([db.heads.length, db.records.map(({ value }) => value).sort()], [2, ['first', 'of another', 'of one']])
          })

          it('imports what is exported', async () => {
            const [exported, imported] = await run('import', stores)
            deepStrictEqual(imported, exported)
          })

          it('restores the archive of the documentation, which Node.js made', async () => {
            deepStrictEqual(await run('inspectFixture'), expected.summary)
            deepStrictEqual(await run('verifyFixture'), await verifyBackup(car))
            deepStrictEqual(await run('restoreFixture', stores), {
              documents: expected.documents,
              meta: { about: 'a fixture' },
              settings: expected.settings,
              writers: ['somebody else'],
              bytes: car.toString('hex')
            })
          })

          it('refuses what is no archive, or not as it was', async () => {
            deepStrictEqual(await run('refuse', stores), {
              truncated: 'TruncatedArchiveError',
              damaged: 'DamagedArchiveError',
              empty: 'EmptyArchiveError',
              html: 'NotAnArchiveError',
              missing: 'TypeError'
            })
          })

          if (stores === 'IndexedDB') {
            it('makes snapshots, and opens, compares, merges and salvages what is in files', async () => {
              const { contents, opened, salvaged, entries, onNode, ...rest } = await run('browse', stores)
              strictEqual(contents[0].records.length, 41)
              deepStrictEqual(opened, Array(3).fill([...contents, 'read-only']).flat())
              deepStrictEqual(salvaged, contents)
              deepStrictEqual(entries, { new: 1, gone: 0, same: 40, hashes: { new: contents[0].heads, gone: [] } })
              deepStrictEqual(onNode, { new: 1, gone: 0, same: 40 })
              deepStrictEqual(rest, { isMerged: true, isListed: true, isDeleted: true })
            })

            it('writes what the public calls write to a node that is not known, and all at once', async () => {
              const [known, unknown] = await run('restoreOnUnknown')
              deepStrictEqual(known.written, unknown.written)
              ok(known.written.length > 50 && known.most > 10 && unknown.most === 1, `${known.written.length} records, ${known.most} and ${unknown.most} at once`)
            })

            it('writes by the batches of a Level database that was changed, or that is of a class of its own', async () => {
              for (const isExtended of [false, true]) {
                const { contents, count } = await run('restoreOnExtended', isExtended)
                deepStrictEqual([contents, count > 0], [created.contents, true])
              }
            })

            for (const store of ['blocks', 'data'] as const) {
              it(`writes nothing to its ${store} when one of the writes fails, and restores it when none does`, async () => {
                const { error, isSame, contents } = await run('restoreOnFailure', store)
                deepStrictEqual([error, isSame], ['ConstraintError', true])
                deepStrictEqual(contents, created.contents)
              })
            }

            it('keeps what was restored when the page is loaded again', async () => {
              const directory = randomUUID()
              const { contents } = await run('restore', stores, 'a Blob', directory)
              await page.reload()
              deepStrictEqual(await run('reopen', stores, directory, contents.map(({ address }) => address)), contents)
            })
          }
        })
      }
    })
  }
})
