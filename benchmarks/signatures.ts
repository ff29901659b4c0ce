// How long does it take to check a signature, by each of what can?
//
//   npm run bench:signatures
//
// Of each the time and the CPU time a signature, in microseconds: on the main thread alone, and in all
// threads. In Chromium, where it is installed, there is no CPU time to see.
import { verify } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { createClock } from './clock.ts'
import { bundle, executablePath, launch, policyForSignatures, serve } from '../test/browser/chromium.ts'
import { toKeyObject } from '../test/helpers/signatures.ts'
import { findAddon } from '../src/signatures/addon.ts'
import { createVerifier } from '../src/signatures/verifier.ts'
import { findWebAssembly } from '../src/signatures/webassembly.ts'
import type { SignatureCheck, SignaturesVerifier } from '../src/signatures/index.ts'

const rounds = 5
const bytesSigned = 1500

/** Checks made one after the other, so few at a time that no thread is asked. */
const inTurn = (verifier: SignaturesVerifier): SignaturesVerifier => async checks => {
  const verdicts: boolean[] = []
  for (let i = 0; i < checks.length; i += 8) verdicts.push(...await verifier(checks.slice(i, i + 8)))
  return verdicts
}

const byOpenSSL: SignaturesVerifier = async checks => {
  const key = toKeyObject(Buffer.from(checks[0].publicKey).toString('hex'))
  return checks.map(({ data, signature }) => verify('sha256', data, key, signature))
}

const key = await generateKeyPair('secp256k1')
const checks: SignatureCheck[] = await Promise.all(Array.from({ length: 2000 }, async (_, i) => {
  const data = new Uint8Array(bytesSigned).fill(i)
  return { data, signature: await key.sign(data), publicKey: key.publicKey.raw }
}))

const addon = findAddon()
const webAssembly = await findWebAssembly()
const verifiers = new Map<string, { verify: SignaturesVerifier, count: number }>()
for (const [name, means] of Object.entries({ 'addon secp256k1': addon, WebAssembly: webAssembly })) {
  if (means == null) continue
  const verify = createVerifier(means)
  verifiers.set(`${name}, main thread`, { verify: inTurn(verify), count: 2000 })
  verifiers.set(`${name}, all threads`, { verify, count: 2000 })
}
verifiers.set('OpenSSL', { verify: byOpenSSL, count: 1000 })
verifiers.set('@libp2p/crypto', { verify: createVerifier(), count: 200 })

// In the first round threads are started, and code is compiled
for (const { verify } of verifiers.values()) await verify(checks)
const { time, medianOf } = createClock()
for (let round = 0; round < rounds; round++) {
  for (const [name, { verify, count }] of verifiers) {
    const verdicts = await time(name, () => verify(checks.slice(0, count)))
    if (!verdicts.every(isValid => isValid)) throw new Error(`${name} is wrong`)
  }
}
const tell = (name: string, wall: number, cpu?: number): void => {
  console.log(`${name.padEnd(34)}${wall.toFixed(0).padStart(6)} us${cpu == null ? '' : `${cpu.toFixed(0).padStart(8)} us CPU`}`)
}
for (const [name, { count }] of verifiers) {
  const { wall, cpu } = medianOf(name)
  tell(name, wall * 1000 / count, cpu * 1000 / count)
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
  for (const [name, wall] of Object.entries(await page.evaluate(() => globalThis.signatures.measure()))) tell(`Chromium: ${name}`, wall)
  await browser.close()
  await server.close()
}
process.exit()
