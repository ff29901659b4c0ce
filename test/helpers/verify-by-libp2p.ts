import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { fromString } from 'uint8arrays/from-string'

/** What `@libp2p/crypto` says, and OrbitDB with it. */
export async function verifyByLibp2p (signature: string, publicKey: string, data: Uint8Array): Promise<boolean> {
  try {
    return await publicKeyFromRaw(fromString(publicKey, 'base16')).verify(data, fromString(signature, 'base16'))
  } catch {
    return false
  }
}
