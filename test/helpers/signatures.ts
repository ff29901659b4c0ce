import { createPublicKey } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import type { KeyObject } from 'node:crypto'

/** The types of keys that `@libp2p/crypto` has. */
export const keyTypes = ['secp256k1', 'Ed25519', 'RSA', 'ECDSA'] as const

/** A signature of {@link signedData}, and the key that made it, both in hex. */
export interface Signed {
  publicKey: string
  signature: string
}

/** A signature by a secp256k1 key, and the integers that it consists of. */
export interface SignedBySecp256k1 extends Signed {
  r: bigint
  s: bigint
}

export const signedData = new TextEncoder().encode('what was signed')

/** The order of the group of secp256k1. */
export const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export const toHex = (bytes: Uint8Array): string => toString(bytes, 'base16')
export const fromHex = (hex: string): Uint8Array => fromString(hex, 'base16')

/** Encodes an integer of a signature as DER, with zeros before it that do not belong there. */
export function encodeInteger (value: bigint, zeros = 0): Uint8Array {
  const hex = value.toString(16)
  const digits = fromHex(hex.padStart(hex.length + hex.length % 2, '0'))
  const bytes = concat([new Uint8Array(zeros + (digits[0] >= 0x80 ? 1 : 0)), digits])
  return concat([Uint8Array.of(0x02, bytes.length), bytes])
}

export function encodeSignature (...integers: Uint8Array[]): string {
  const bytes = concat(integers)
  return toHex(concat([Uint8Array.of(0x30, bytes.length), bytes]))
}

function decodeSignature (signature: string): { r: bigint, s: bigint } {
  const length = parseInt(signature.slice(6, 8), 16) * 2
  return { r: BigInt(`0x${signature.slice(8, 8 + length)}`), s: BigInt(`0x${signature.slice(12 + length)}`) }
}

/** Signs with a new key. */
export async function createSigned (type: typeof keyTypes[number]): Promise<Signed> {
  const key = await generateKeyPair(type as 'secp256k1')
  return { publicKey: toHex(key.publicKey.raw), signature: toHex(await key.sign(signedData)) }
}

/** Signs with a new secp256k1 key. */
export async function createSignedBySecp256k1 (): Promise<SignedBySecp256k1> {
  const signed = await createSigned('secp256k1')
  return { ...signed, ...decodeSignature(signed.signature) }
}

/** Changes bytes of hex. */
export function change (hex: string, fn: (bytes: Uint8Array) => Uint8Array | undefined): string {
  const bytes = fromHex(hex)
  return toHex(fn(bytes) ?? bytes)
}

/** The key of a compressed point, for OpenSSL. */
export function toKeyObject (publicKey: string): KeyObject {
  return createPublicKey({ key: Buffer.from(`3036301006072a8648ce3d020106052b8104000a032200${publicKey}`, 'hex'), format: 'der', type: 'spki' })
}

/** The other signature that the group has for each, which anyone can make of it. */
export const withHighS = ({ r, s }: SignedBySecp256k1): string => encodeSignature(encodeInteger(r), encodeInteger(order - s))

/** What a signature is made into that is none any more. */
export const malformedSignatures: Record<string, (signed: SignedBySecp256k1) => string> = {
  'no bytes': () => '',
  'a byte less': ({ signature }) => signature.slice(0, -2),
  'a byte more': ({ signature }) => `${signature}00`,
  'a byte more in the sequence': ({ signature }) => change(`${signature}00`, bytes => { bytes[1]++ }),
  'a sequence of another tag': ({ signature }) => change(signature, bytes => { bytes[0] = 0x31 }),
  'a sequence that is too short': ({ signature }) => change(signature, bytes => { bytes[1]-- }),
  'a sequence that is too long': ({ signature }) => change(signature, bytes => { bytes[1]++ }),
  'a sequence with a length in long form': ({ signature }) => change(signature, bytes => concat([Uint8Array.of(0x30, 0x81), bytes.subarray(1)])),
  'a sequence of indefinite length': ({ signature }) => change(signature, bytes => concat([Uint8Array.of(0x30, 0x80), bytes.subarray(2), new Uint8Array(2)])),
  'an integer of another tag': ({ signature }) => change(signature, bytes => { bytes[2] = 0x03 }),
  'an integer that is too long': ({ signature }) => change(signature, bytes => { bytes[3] += 40 }),
  'an integer without digits': ({ s }) => encodeSignature(Uint8Array.of(0x02, 0x00), encodeInteger(s)),
  'an integer in long form': ({ r, s }) => encodeSignature(concat([Uint8Array.of(0x02, 0x81), encodeInteger(r).subarray(1)]), encodeInteger(s)),
  'one integer': ({ r }) => encodeSignature(encodeInteger(r)),
  'three integers': ({ r, s }) => encodeSignature(encodeInteger(r), encodeInteger(s), encodeInteger(s)),
  'a padded r': ({ r, s }) => encodeSignature(encodeInteger(r, 1), encodeInteger(s)),
  'a padded s': ({ r, s }) => encodeSignature(encodeInteger(r), encodeInteger(s, 1)),
  'a much padded s': ({ r, s }) => encodeSignature(encodeInteger(r), encodeInteger(s, 40)),
  'a negative r': ({ s }) => encodeSignature(Uint8Array.of(0x02, 0x01, 0xff), encodeInteger(s)),
  'a negative s': ({ r }) => encodeSignature(encodeInteger(r), Uint8Array.of(0x02, 0x01, 0x80)),
  'r = 0': ({ s }) => encodeSignature(encodeInteger(0n), encodeInteger(s)),
  's = 0': ({ r }) => encodeSignature(encodeInteger(r), encodeInteger(0n)),
  'r = n': ({ s }) => encodeSignature(encodeInteger(order), encodeInteger(s)),
  's = n': ({ r }) => encodeSignature(encodeInteger(r), encodeInteger(order)),
  'r + n': ({ r, s }) => encodeSignature(encodeInteger(r + order), encodeInteger(s)),
  's + n': ({ r, s }) => encodeSignature(encodeInteger(r), encodeInteger(s + order)),
  's = n / 2': ({ r }) => encodeSignature(encodeInteger(r), encodeInteger(order >> 1n)),
  's = n / 2 + 1': ({ r }) => encodeSignature(encodeInteger(r), encodeInteger((order >> 1n) + 1n)),
  'r and s in 64 bytes': ({ r, s }) => [r, s].map(value => value.toString(16).padStart(64, '0')).join(''),
  'upper case': ({ signature }) => signature.toUpperCase(),
  'half a byte more': ({ signature }) => `${signature}0`,
  'letters that are no digits': ({ signature }) => signature.replace(/..$/, 'zz'),
  'a prefix 0x': ({ signature }) => `0x${signature}`
}

/** Keys that did not sign, made from the one that did. */
export const wrongKeys: Record<string, (signed: SignedBySecp256k1) => string> = {
  'no bytes': () => '',
  'a byte less': ({ publicKey }) => publicKey.slice(0, -2),
  'a byte more': ({ publicKey }) => `${publicKey}00`,
  'the other y': ({ publicKey }) => change(publicKey, bytes => { bytes[0] ^= 1 }),
  'the prefix of an uncompressed point': ({ publicKey }) => change(publicKey, bytes => { bytes[0] = 4 }),
  'the prefix of a hybrid point': ({ publicKey }) => change(publicKey, bytes => { bytes[0] += 4 }),
  'the point at infinity': ({ publicKey }) => change(publicKey, bytes => { bytes.fill(0) }),
  'an x that is none of a point': () => `02${'00'.repeat(31)}05`,
  'an x that is not in the field': () => `02${'ff'.repeat(32)}`,
  'an x that is a point when reduced': () => '02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30',
  'all of the point, uncompressed': ({ publicKey }) => {
    const { x, y } = toKeyObject(publicKey).export({ format: 'jwk' })
    return toHex(concat([Uint8Array.of(4), fromString(x!, 'base64url'), fromString(y!, 'base64url')]))
  },
  'upper case': ({ publicKey }) => publicKey.toUpperCase(),
  'half a byte more': ({ publicKey }) => `${publicKey}0`,
  'letters that are no digits': ({ publicKey }) => publicKey.replace(/..$/, 'zz')
}

/** A signature of data by a public key, all in hex. */
export interface Vector {
  name: string
  signature: string
  publicKey: string
  data: string
}

/** Signatures that are valid, and every kind that is not. */
export async function createVectors (): Promise<Vector[]> {
  const data = toHex(signedData)
  const signed = await createSignedBySecp256k1()
  const { signature, publicKey } = signed
  const vectors = [
    { name: 'high s', signature: withHighS(signed), publicKey, data },
    { name: 'other data', signature, publicKey, data: data.slice(2) },
    { name: 'no data', signature, publicKey, data: '' },
    ...Object.entries(malformedSignatures).map(([name, create]) => ({ name, signature: create(signed), publicKey, data })),
    ...Object.entries(wrongKeys).map(([name, create]) => ({ name: `key with ${name}`, signature, publicKey: create(signed), data }))
  ]
  for (const type of keyTypes) {
    const other = await createSigned(type)
    vectors.push({ name: type, ...other, data })
    vectors.push({ name: `key of another, of type ${type}`, ...other, signature, data })
    vectors.push({ name: `signature of another, of type ${type}`, ...other, publicKey, data })
  }
  return vectors
}
