import { fromString } from 'uint8arrays/from-string'
import type { SignatureCheck, SignaturesVerifier } from '../../src/signatures/index.ts'

/** A signature, the public key, both in hex as in entries and identities, and what was signed. */
export type InHex = readonly [signature: string, publicKey: string, data: Uint8Array]

const toCheck = ([signature, publicKey, data]: InHex): SignatureCheck | undefined => {
  try {
    return { signature: fromString(signature, 'base16'), publicKey: fromString(publicKey, 'base16'), data }
  } catch {
    // It is not hex
    return undefined
  }
}

/** Checks signatures in hex, all at once: what is not hex is not valid. */
export async function verifyInHex (verify: SignaturesVerifier, signatures: InHex[]): Promise<boolean[]> {
  const checks = signatures.map(toCheck)
  const verdicts = await verify(checks.filter(check => check != null))
  return checks.map(check => check != null && verdicts.shift()!)
}
