import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { fromString } from 'uint8arrays/from-string'
import * as addon from './addon.ts'
import * as openssl from './openssl.ts'

/** The hex of a compressed point of a curve with 256 bits. */
const compressedPoint = /^[0-9a-f]{66}$/
const hexBytes = /^(?:[0-9a-f]{2})*$/

/** What is faster than `@libp2p/crypto` here, if anything is. */
const platform = [addon, openssl].find(({ isAvailable }) => isAvailable)

/**
 * Whether a signature of data was made by a public key, both in hex, as OrbitDB has them. It accepts
 * exactly what `@libp2p/crypto` does, for keys of every type.
 */
export async function verifySignature (signature: string, publicKey: string, data: string | Uint8Array): Promise<boolean> {
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
