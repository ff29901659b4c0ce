// A page that checks signatures.
import { createChecks } from '../helpers/checks.ts'
import { verifyInHex } from '../helpers/signatures-in-hex.ts'
import { verifySignatures } from '../../src/signatures/index.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import { findWebAssembly } from '../../src/signatures/webassembly.ts'
import type { SignatureCheck } from '../../src/signatures/index.ts'
import type { Vector } from '../helpers/signatures.ts'

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], byte => parseInt(byte, 16))

/** How many microseconds something takes for each of some signatures, once it has run before. */
const time = async (checks: SignatureCheck[], verify: (checks: SignatureCheck[]) => Promise<boolean[]>): Promise<number> => {
  await verify(checks)
  const start = performance.now()
  await verify(checks)
  return (performance.now() - start) * 1000 / checks.length
}

/** How many times workers answered, after they had shown that they work. */
let answers = 0

const BrowserWorker = globalThis.Worker

globalThis.Worker = class extends BrowserWorker {
  constructor (...args: ConstructorParameters<typeof BrowserWorker>) {
    super(...args)
    let isReady = false
    this.addEventListener('message', () => {
      if (isReady) answers++
      isReady = true
    })
  }
}

const signatures = {
  answersOfWorkers: () => answers,

  hasWebAssembly: async () => await findWebAssembly() != null,

  verdicts: (vectors: Vector[]) => verifyInHex(verifySignatures, vectors.map(({ signature, publicKey, data }) => [signature, publicKey, fromHex(data)])),

  /** Checks many signatures at once, of which every third is not valid: how many verdicts are wrong? */
  checkMany: async (count: number) => {
    const checks = await createChecks(count, 1500)
    for (const [i, { data }] of checks.entries()) {
      if (i % 3 === 0) data[0] ^= 1
    }
    const verdicts = await verifySignatures(checks)
    return verdicts.filter((isValid, i) => isValid !== (i % 3 !== 0)).length
  },

  /** Microseconds a signature, by each of what can check them. */
  measure: async () => {
    const checks = await createChecks(1000, 1500)
    return {
      'WebAssembly, main thread': await time(checks, async checks => {
        const verdicts: boolean[] = []
        for (let i = 0; i < checks.length; i += 8) verdicts.push(...await verifySignatures(checks.slice(i, i + 8)))
        return verdicts
      }),
      'WebAssembly, all threads': await time(checks, verifySignatures),
      '@libp2p/crypto': await time(checks.slice(0, 100), createVerifier())
    }
  }
}

export type Signatures = typeof signatures

declare global {
  var signatures: Signatures
}

globalThis.signatures = signatures
