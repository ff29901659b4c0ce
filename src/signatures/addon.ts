import { concat } from 'uint8arrays/concat'
import { readSignature } from './der.ts'
import { batched } from '../batched.ts'
import type { Worker } from 'node:worker_threads'

/** What is used of the npm package `secp256k1`, which is libsecp256k1 for Node.js. */
interface Secp256k1 {
  ecdsaVerify (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
}

/** What checks signatures. Each is r and s, the digest of what was signed, and a compressed point: 129 bytes. */
type CheckAll = (checks: Uint8Array) => boolean[]

const { process } = globalThis
const crypto = process?.getBuiltinModule?.('node:crypto')

/** Loads the addon. Another thread is sent this function as text, so that it uses nothing from around it. */
function load (path: string): CheckAll {
  const { ecdsaVerify }: Secp256k1 = process.getBuiltinModule('node:module').createRequire(path)(path)
  return checks => Array.from({ length: checks.length / 129 }, (_, i) => {
    const check = checks.subarray(i * 129, (i + 1) * 129)
    try {
      return ecdsaVerify(check.subarray(0, 64), check.subarray(64, 96), check.subarray(96))
    } catch {
      // Not a key
      return false
    }
  })
}

function find (): { path: string, checkHere: CheckAll } | undefined {
  try {
    // Without the package's fallback in JavaScript, which is slower than @libp2p/crypto
    const path = process.getBuiltinModule('node:module').createRequire(import.meta.url).resolve('secp256k1/bindings.js')
    return { path, checkHere: load(path) }
  } catch {
    // Not installed, or not for this platform
  }
}

const addon = find()

/** Whether the addon is installed, which checks signatures several times faster than OpenSSL. */
export const isAvailable = addon != null

/** Up to how many signatures are checked here. More than that are worth another thread. */
const maxHere = 8

/** Another thread that checks signatures, while this one goes on. */
interface Checker {
  check: (checks: Uint8Array) => Promise<boolean[]>
}

function startChecker (path: string): Checker {
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const worker: Worker = new Worker(`
    const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
    const checkAll = (${load.toString()})(workerData)
    parentPort.on('message', checks => parentPort.postMessage(checkAll(checks)))
  `, { eval: true, workerData: path })
  /** What is asked, in the order of the answers. */
  const asked: Array<PromiseWithResolvers<boolean[]>> = []

  // It keeps the process running as long as it is asked something
  worker.unref()
  worker.on('message', (verdicts: boolean[]) => {
    asked.shift()!.resolve(verdicts)
    if (asked.length === 0) worker.unref()
  })
  worker.on('error', error => {
    checker = undefined
    for (const { reject } of asked) reject(error)
  })
  return {
    check: async checks => {
      const answer = Promise.withResolvers<boolean[]>()
      asked.push(answer)
      worker.ref()
      worker.postMessage(checks)
      return answer.promise
    }
  }
}

let checker: Checker | undefined

const check = batched(async (checks: Uint8Array[]) => {
  const { path, checkHere } = addon!
  if (checks.length <= maxHere) {
    return checkHere(concat(checks))
  }
  checker ??= startChecker(path)
  return checker.check(concat(checks))
})

/**
 * Whether a signature of data was made by a secp256k1 key.
 *
 * @param publicKey - the key as a compressed point, in hex
 */
export async function verify (signature: Uint8Array, publicKey: string, data: Uint8Array): Promise<boolean> {
  const integers = readSignature(signature)
  return integers != null && check(concat([integers, crypto.hash('sha256', data, 'buffer'), Buffer.from(publicKey, 'hex')]))
}
