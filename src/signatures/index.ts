import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { fromString } from 'uint8arrays/from-string'
import * as addon from './addon.ts'
import * as openssl from './openssl.ts'
import type { SignatureVerifier } from '../core/index.ts'

/** The hex of a compressed point of a curve with 256 bits. */
const compressedPoint = /^[0-9a-f]{66}$/
const hexBytes = /^(?:[0-9a-f]{2})*$/

/** What checks signatures by secp256k1 keys faster than `@libp2p/crypto` does. */
interface Platform {
  /** @param publicKey - a compressed point, in hex */
  verify: (signature: Uint8Array, publicKey: string, data: Uint8Array) => Promise<boolean>
}

/**
 * Creates a function that verifies signatures: it accepts exactly what `@libp2p/crypto` does, for keys
 * of every type.
 *
 * @param platform - what is asked about secp256k1 keys, if anything is
 */
export function createVerifier (platform?: Platform): SignatureVerifier {
  return async (signature, publicKey, data) => {
    const bytes = typeof data === 'string' ? fromString(data) : data
    if (platform != null && compressedPoint.test(publicKey) && hexBytes.test(signature)) {
      return platform.verify(Buffer.from(signature, 'hex'), publicKey, bytes)
    }
    try {
      return await publicKeyFromRaw(fromString(publicKey, 'base16')).verify(bytes, fromString(signature, 'base16'))
    } catch {
      // Neither a key nor a signature
      return false
    }
  }
}

/** Whether a signature of data was made by a public key, both in hex, by the fastest means that are here. */
export const verifySignature = createVerifier([addon, openssl].find(({ isAvailable }) => isAvailable))
