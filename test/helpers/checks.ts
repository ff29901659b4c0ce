import { generateKeyPair } from '@libp2p/crypto/keys'
import type { SignatureCheck } from '../../src/signatures/index.ts'

/** Signatures that are valid, all by one key, and what they are of: so many bytes each. */
export async function createChecks (count: number, bytes: number): Promise<SignatureCheck[]> {
  const key = await generateKeyPair('secp256k1')
  return Promise.all(Array.from({ length: count }, async (_, i) => {
    const data = new Uint8Array(bytes).fill(i)
    return { data, signature: await key.sign(data), publicKey: key.publicKey.raw }
  }))
}
