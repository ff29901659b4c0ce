import { readSignature } from './der.ts'
import { sample } from './sample.ts'
import type { KeyObject } from 'node:crypto'

const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** What a DER public key has before a compressed secp256k1 point: an algorithm and a curve. */
const keyPrefix = '3036301006072a8648ce3d020106052b8104000a032200'

// Few writers write the most entries
const maxKeys = 1000
const keys = new Map<string, KeyObject | null>()

/** The key of a compressed point in hex: null when it is none. */
function getKey (publicKey: string): KeyObject | null {
  let key = keys.get(publicKey)
  if (key === undefined) {
    key = createKey(publicKey)
    if (keys.size === maxKeys) {
      keys.delete(keys.keys().next().value!)
    }
    keys.set(publicKey, key)
  }
  return key
}

function createKey (publicKey: string): KeyObject | null {
  try {
    return /^0[23]/.test(publicKey)
      ? crypto.createPublicKey({ key: Buffer.from(keyPrefix + publicKey, 'hex'), format: 'der', type: 'spki' })
      : null
  } catch {
    return null
  }
}

function canVerify (): boolean {
  try {
    const { signature, publicKey, data, otherData } = sample
    const key = createKey(publicKey)!
    return crypto.verify('sha256', data, key, signature) && !crypto.verify('sha256', otherData, key, signature)
  } catch {
    // There is no OpenSSL, or none with this curve
    return false
  }
}

/** Whether OpenSSL can be asked, which checks signatures several times faster, and on all cores. */
export const isAvailable = canVerify()

/**
 * Whether a signature of data was made by a secp256k1 key.
 *
 * @param publicKey - the key as a compressed point, in hex
 */
export async function verify (signature: Uint8Array, publicKey: string, data: Uint8Array): Promise<boolean> {
  const key = getKey(publicKey)
  if (key == null || readSignature(signature) == null) {
    return false
  }
  return new Promise((resolve, reject) => {
    crypto.verify('sha256', data, key, signature, (error, isValid) => error == null ? resolve(isValid) : reject(error))
  })
}
