import { fromString } from 'uint8arrays/from-string'
import { readSignature } from './der.ts'
import { writeSha256 } from '../blocks/sha256.ts'
import type { SignatureCheck } from '../core/index.ts'

/**
 * Checks signatures by secp256k1 keys that are packed one after the other, {@link packedLength} bytes each:
 * r and s, the digest of what was signed, and a compressed point.
 *
 * @returns A byte for each: 1 where it is valid, 0 where it is not.
 */
export type CheckPacked = (packed: Uint8Array) => Uint8Array

const signatureLength = 64
const digestLength = 32

/** How many bytes a compressed point has. */
export const pointLength = 33

/** How many bytes a packed check has. */
export const packedLength = signatureLength + digestLength + pointLength

/**
 * Packs a check where there are zeros.
 *
 * @returns Whether it is packed, or a promise that ends when it is: false when the signature is none that `@libp2p/crypto`
 * could accept.
 */
export function pack ({ signature, publicKey, data }: SignatureCheck, packed: Uint8Array, at: number): boolean | Promise<void> {
  if (!readSignature(signature, packed, at)) {
    packed.fill(0, at, at + signatureLength)
    return false
  }
  packed.set(publicKey, at + signatureLength + digestLength)
  return writeSha256(data, packed, at + signatureLength) ?? true
}

/** A signature to try out what checks signatures: that of `orbitdb-backup`, with the key 1. */
const sample = fromString([
  'f3df88a687f072792717739f7b7a6056357dc4466acda837ae142a251037e62d51357e658bca575b100160e99e09b9fad1b816d297d97c46250b8a68a7cbb814',
  '2aa60ee99797efb3baa5ff60ba8c8e621fb4226a256f88dbd527a1951fd83bf0',
  '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
].join(''), 'base16')

/** Two checks to try out what checks signatures: the first is of a valid signature, the second is not. */
export const trial = new Uint8Array(2 * packedLength)
trial.set(sample)
trial.set(sample, packedLength)
trial[packedLength + signatureLength] ^= 1

/** Whether the verdicts on the {@link trial} are right. */
export const isRight = (verdicts: Uint8Array): boolean => verdicts.length === 2 && verdicts[0] === 1 && verdicts[1] === 0
