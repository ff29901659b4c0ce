// How long does a restore take in Chromium?
//
//   npm run bench:browser -- [entries, 1,000 by default] [checkouts of other versions, with what they depend on, to be measured in turns]
//
// Microseconds an entry, medians of three rounds: bundled as apps are, with and without a minifier. Where a page does not
// allow WebAssembly, signatures are verified by `@libp2p/crypto`.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { median } from 'simple-statistics'
import { round } from './numbers.ts'
import { toTable } from './tables.ts'
import { executablePath, launch, policyForSignatures, serve } from '../test/browser/chromium.ts'
import type { Stores } from '../test/browser/nodes.ts'

const rounds = 3
const [entries = '1000', ...others] = process.argv.slice(2)
const count = Number(entries)
const checkouts = [join(import.meta.dirname, '..'), ...others.map(path => resolve(path))]
if (!existsSync(executablePath)) {
  throw new Error(`Chromium is not at ${executablePath}: install it, or set CHROMIUM_PATH`)
}

const script = await readFile(join(import.meta.dirname, 'browser-page.ts'), 'utf8')
const names = ['verified', 'verified, without WebAssembly', 'not verified']
const taken: Record<string, Record<string, number[]>> = {}

const browser = await launch()
for (let i = 0; i < rounds; i++) {
  for (const checkout of checkouts) {
    for (const minify of [true, false]) {
      const { outputFiles } = await build({
        stdin: { contents: script, resolveDir: join(checkout, 'benchmarks'), loader: 'ts' },
        bundle: true,
        minify,
        format: 'esm',
        platform: 'browser',
        write: false,
        logLevel: 'error'
      })
      for (const policy of [policyForSignatures, undefined]) {
        const server = await serve({
          '/': { type: 'text/html', body: '<!doctype html><script type="module" src="/page.js"></script>' },
          '/page.js': { type: 'text/javascript', body: outputFiles[0].contents }
        }, policy)
        const page = await browser.newPage()
        await page.goto(server.origin)
        await page.evaluate(count => globalThis.prepare(count), count)
        for (const stores of ['IndexedDB', 'memory'] satisfies Stores[]) {
          const row = taken[`${basename(checkout)}${minify ? ', minified' : ''}, blocks in ${stores}`] ??= {}
          for (const name of policy == null ? names.slice(1, 2) : [names[0], names[2]]) {
            const ms = await page.evaluate(([stores, verify]) => globalThis.measure(stores, { verify }), [stores, name !== names[2]] as const)
            ;(row[name] ??= []).push(ms * 1000 / count)
          }
        }
        await page.close()
        await server.close()
      }
    }
  }
  console.error(`round ${i + 1} of ${rounds}`)
}
await browser.close()

console.log(toTable(['', ...names], names.map((_, i) => i + 1), Object.entries(taken).map(([title, row]) => {
  return [title, ...names.map(name => round(median(row[name])))]
})))
process.exit()
