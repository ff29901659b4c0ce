import { concat } from 'uint8arrays/concat'
import { readSignature } from './der.ts'
import { sample } from './sample.ts'
import { batched } from '../batched.ts'
import type { Worker } from 'node:worker_threads'

/** What is used of the npm package `secp256k1`, which is libsecp256k1 for Node.js. */
interface Secp256k1 {
  ecdsaVerify (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
}

/** What checks signatures. Each is r and s, the digest of what was signed, and a compressed point: 129 bytes. */
type CheckAll = (checks: Uint8Array) => boolean[]

const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')

const toCheck = (signature: Uint8Array, publicKey: string, data: Uint8Array): Uint8Array => {
  return concat([signature, crypto.hash('sha256', data, 'buffer'), Buffer.from(publicKey, 'hex')])
}

function createCheckAll ({ ecdsaVerify }: Secp256k1): CheckAll {
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

// The same for another thread. It is text, as bundlers would lose a file, and rename what a function uses.
const threadSource = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { ecdsaVerify } = require(workerData)
  parentPort.on('message', checks => {
    const verdicts = []
    for (let at = 0; at < checks.length; at += 129) {
      try {
        verdicts.push(ecdsaVerify(checks.subarray(at, at + 64), checks.subarray(at + 64, at + 96), checks.subarray(at + 96, at + 129)))
      } catch {
        verdicts.push(false)
      }
    }
    parentPort.postMessage(verdicts)
  })
`

function find (): { path: string, checkHere: CheckAll } | undefined {
  try {
    const require = process.getBuiltinModule('node:module').createRequire(import.meta.url)
    // Without the package's fallback in JavaScript, which is slower than @libp2p/crypto
    const path = require.resolve('secp256k1/bindings.js')
    const checkHere = createCheckAll(require(path))
    // Another version of the package may have another interface
    const { signature, publicKey, data, otherData } = sample
    const verdicts = checkHere(concat([data, otherData].map(data => toCheck(readSignature(signature)!, publicKey, data))))
    return verdicts[0] && !verdicts[1] ? { path, checkHere } : undefined
  } catch {
    // Not installed, or not for this platform
  }
}

const addon = find()

/** Whether the addon is installed, which checks signatures several times faster than OpenSSL. */
export const isAvailable = addon != null

/** Up to how many signatures are checked here. More than that are worth another thread. */
const maxHere = 8

/** What another thread was asked, in the order of its answers. */
const asked: Array<{ checks: Uint8Array, resolve: (verdicts: boolean[]) => void }> = []

/** The other thread; null when there can be none. */
let thread: Worker | null | undefined

function startThread (path: string): Worker | null {
  let worker: Worker
  try {
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    worker = new Worker(threadSource, { eval: true, workerData: path, execArgv: [] })
  } catch {
    return null
  }
  // It keeps the process running as long as it is asked something
  worker.unref()
  worker.on('message', (verdicts: boolean[]) => {
    asked.shift()!.resolve(verdicts)
    if (asked.length === 0) worker.unref()
  })
  const doWithout = (): void => {
    thread = null
    for (const { checks, resolve } of asked.splice(0)) resolve(addon!.checkHere(checks))
  }
  worker.on('error', doWithout)
  worker.on('exit', doWithout)
  return worker
}

const check = batched(async (all: Uint8Array[]) => {
  const checks = concat(all)
  if (all.length > maxHere && thread === undefined) {
    thread = startThread(addon!.path)
  }
  if (all.length <= maxHere || thread == null) {
    return addon!.checkHere(checks)
  }
  const { promise, resolve } = Promise.withResolvers<boolean[]>()
  asked.push({ checks, resolve })
  thread.ref()
  thread.postMessage(checks)
  return promise
})

/**
 * Whether a signature of data was made by a secp256k1 key.
 *
 * @param publicKey - the key as a compressed point, in hex
 */
export async function verify (signature: Uint8Array, publicKey: string, data: Uint8Array): Promise<boolean> {
  const integers = readSignature(signature)
  return integers != null && check(toCheck(integers, publicKey, data))
}
