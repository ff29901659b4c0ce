import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { pack, packedLength, pointLength } from './checks.ts'
import { createPool } from './pool.ts'
import type { SignatureCheck, SignaturesVerifier } from '../core/index.ts'
import type { Means } from './means.ts'

async function verifyByLibp2p ({ signature, publicKey, data }: SignatureCheck): Promise<boolean> {
  try {
    return await publicKeyFromRaw(publicKey).verify(data, signature)
  } catch {
    // Neither a key nor a signature
    return false
  }
}

/**
 * Creates a function that checks signatures: it accepts exactly what `@libp2p/crypto` does, for keys of
 * every type.
 *
 * @param means - what is asked about secp256k1 keys: `@libp2p/crypto` by default
 */
export function createVerifier (means?: Means): SignaturesVerifier {
  if (means == null) {
    return checks => Promise.all(checks.map(verifyByLibp2p))
  }
  const checkPacked = createPool(means)

  const check: SignaturesVerifier = async checks => {
    const verdicts = new Array<boolean>(checks.length).fill(false)
    const packed = new Uint8Array(checks.length * packedLength)
    const indexes: number[] = []
    const waiting: Array<Promise<void>> = []
    for (const [i, check] of checks.entries()) {
      if (check.publicKey.length !== pointLength) {
        waiting.push(verifyByLibp2p(check).then(verdict => { verdicts[i] = verdict }))
        continue
      }
      const isPacked = pack(check, packed, indexes.length * packedLength)
      if (isPacked !== false) indexes.push(i)
      if (isPacked instanceof Promise) waiting.push(isPacked)
    }
    if (waiting.length > 0) await Promise.all(waiting)
    const fast = await checkPacked(packed.subarray(0, indexes.length * packedLength))
    for (const [i, verdict] of fast.entries()) verdicts[indexes[i]] = verdict === 1
    return verdicts
  }
  // What fails says nothing of signatures
  return checks => check(checks).catch(() => Promise.all(checks.map(verifyByLibp2p)))
}
