// How long does it take to check a signature, by each of what can?
//
//   npm run bench:signatures
//
// Of each the time and the CPU time a signature, in microseconds, in all threads. In Chromium, where it is installed, there
// is no CPU time to see.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { operate } from './processes.ts'
import { round } from './numbers.ts'
import { toTable } from './tables.ts'
import { bundle, executablePath, launch, policyForSignatures, serve } from '../test/browser/chromium.ts'
import type { Means } from './operations.ts'

const rows: string[][] = []
for (const [means, count] of Object.entries({ addon: 40_000, WebAssembly: 20_000, OpenSSL: 8000, '@libp2p/crypto': 4000 })) {
  const { wall, cpu } = await operate('checkSignatures', [means as Means, count, 1500])
  rows.push([means, ...[wall, cpu].map(ms => round(ms * 1000 / count))])
}

if (existsSync(executablePath)) {
  const { outputFiles } = await bundle({ format: 'esm' }, join(import.meta.dirname, '../test/browser/signatures.ts'))
  const server = await serve({
    '/': { type: 'text/html', body: '<!doctype html><script type="module" src="/page.js"></script>' },
    '/page.js': { type: 'text/javascript', body: outputFiles[0].contents }
  }, policyForSignatures)
  const browser = await launch()
  const page = await browser.newPage()
  await page.goto(server.origin)
  for (const [name, wall] of Object.entries(await page.evaluate(() => globalThis.signatures.measure()))) rows.push([`in Chromium: ${name}`, round(wall), '–'])
  await browser.close()
  await server.close()
}
console.log(toTable(['', 'us', 'CPU, us'], [1, 2], rows))
process.exit()
