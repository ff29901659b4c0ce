import { ok, strictEqual } from 'node:assert/strict'
import { createPublicKey, createVerify } from 'node:crypto'
import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { verifySignature } from '../../src/signatures/index.ts'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const toHex = (bytes: Uint8Array): string => toString(bytes, 'base16')
const fromHex = (hex: string): Uint8Array => fromString(hex, 'base16')

/** What `@libp2p/crypto` says, and OrbitDB with it. */
const verifyByLibp2p = async (signature: string, publicKey: string, data: Uint8Array): Promise<boolean> => {
  try {
    return await publicKeyFromRaw(fromHex(publicKey)).verify(data, fromHex(signature))
  } catch {
    return false
  }
}

/** What OpenSSL says, by itself. */
const verifyByOpenSSL = (signature: string, publicKey: string, data: Uint8Array): boolean => {
  const key = createPublicKey({ key: Buffer.from(`3036301006072a8648ce3d020106052b8104000a032200${publicKey}`, 'hex'), format: 'der', type: 'spki' })
  return createVerify('sha256').update(data).verify(key, fromHex(signature))
}

/** Encodes an integer of a signature as DER, with zeros before it that do not belong there. */
const encodeInteger = (value: bigint, zeros = 0): Uint8Array => {
  const hex = value.toString(16)
  const digits = fromHex(hex.padStart(hex.length + hex.length % 2, '0'))
  const bytes = concat([new Uint8Array(zeros + (digits[0] >= 0x80 ? 1 : 0)), digits])
  return concat([Uint8Array.of(0x02, bytes.length), bytes])
}

const encodeSignature = (...integers: Uint8Array[]): string => {
  const bytes = concat(integers)
  return toHex(concat([Uint8Array.of(0x30, bytes.length), bytes]))
}

const decodeSignature = (signature: string): { r: bigint, s: bigint } => {
  const length = parseInt(signature.slice(6, 8), 16) * 2
  return { r: BigInt(`0x${signature.slice(8, 8 + length)}`), s: BigInt(`0x${signature.slice(12 + length)}`) }
}

/** Changes bytes of hex. */
const change = (hex: string, fn: (bytes: Uint8Array) => Uint8Array | undefined): string => {
  const bytes = fromHex(hex)
  return toHex(fn(bytes) ?? bytes)
}

describe('Signatures', () => {
  const data = new TextEncoder().encode('what was signed')
  let publicKey: string
  let signature: string
  let r: bigint
  let s: bigint
  let others: Record<'secp256k1' | 'Ed25519' | 'RSA' | 'ECDSA', { publicKey: string, signature: string }>

  before(async () => {
    const createSigned = async (type: 'secp256k1') => {
      const key = await generateKeyPair(type)
      return { publicKey: toHex(key.publicKey.raw), signature: toHex(await key.sign(data)) }
    }
    ({ publicKey, signature } = await createSigned('secp256k1'))
    ;({ r, s } = decodeSignature(signature))
    others = {
      secp256k1: await createSigned('secp256k1'),
      Ed25519: await createSigned('Ed25519' as 'secp256k1'),
      RSA: await createSigned('RSA' as 'secp256k1'),
      ECDSA: await createSigned('ECDSA' as 'secp256k1')
    }
  })

  /** Fails unless the verdict is that of `@libp2p/crypto`, and the one that is expected. */
  const assertVerdict = async (expected: boolean, signature: string, key = publicKey, bytes = data) => {
    strictEqual(await verifyByLibp2p(signature, key, bytes), expected, '@libp2p/crypto')
    strictEqual(await verifySignature(signature, key, bytes), expected)
  }

  it('are valid when the key made them of the data', () => assertVerdict(true, signature))

  it('are valid of a string', async () => {
    ok(await verifySignature(signature, publicKey, 'what was signed'))
  })

  for (const type of ['secp256k1', 'Ed25519', 'RSA', 'ECDSA'] as const) {
    it(`are valid by a key of type ${type}, and not by another`, async () => {
      await assertVerdict(true, others[type].signature, others[type].publicKey)
      await assertVerdict(false, signature, others[type].publicKey)
      await assertVerdict(false, others[type].signature)
    })
  }

  it('are refused with a high s, which OpenSSL takes', async () => {
    const high = encodeSignature(encodeInteger(r), encodeInteger(order - s))
    ok(verifyByOpenSSL(high, publicKey, data))
    await assertVerdict(false, high)
  })

  const malformed: Record<string, () => string> = {
    'no bytes': () => '',
    'a byte less': () => signature.slice(0, -2),
    'a byte more': () => `${signature}00`,
    'a byte more in the sequence': () => change(`${signature}00`, bytes => { bytes[1]++ }),
    'a sequence of another tag': () => change(signature, bytes => { bytes[0] = 0x31 }),
    'a sequence that is too short': () => change(signature, bytes => { bytes[1]-- }),
    'a sequence that is too long': () => change(signature, bytes => { bytes[1]++ }),
    'a sequence with a length in long form': () => change(signature, bytes => concat([Uint8Array.of(0x30, 0x81), bytes.subarray(1)])),
    'a sequence of indefinite length': () => change(signature, bytes => concat([Uint8Array.of(0x30, 0x80), bytes.subarray(2), new Uint8Array(2)])),
    'an integer of another tag': () => change(signature, bytes => { bytes[2] = 0x03 }),
    'an integer that is too long': () => change(signature, bytes => { bytes[3] += 40 }),
    'an integer without digits': () => encodeSignature(Uint8Array.of(0x02, 0x00), encodeInteger(s)),
    'an integer in long form': () => encodeSignature(concat([Uint8Array.of(0x02, 0x81), encodeInteger(r).subarray(1)]), encodeInteger(s)),
    'one integer': () => encodeSignature(encodeInteger(r)),
    'three integers': () => encodeSignature(encodeInteger(r), encodeInteger(s), encodeInteger(s)),
    'a padded r': () => encodeSignature(encodeInteger(r, 1), encodeInteger(s)),
    'a padded s': () => encodeSignature(encodeInteger(r), encodeInteger(s, 1)),
    'a much padded s': () => encodeSignature(encodeInteger(r), encodeInteger(s, 40)),
    'a negative r': () => encodeSignature(Uint8Array.of(0x02, 0x01, 0xff), encodeInteger(s)),
    'a negative s': () => encodeSignature(encodeInteger(r), Uint8Array.of(0x02, 0x01, 0x80)),
    'r = 0': () => encodeSignature(encodeInteger(0n), encodeInteger(s)),
    's = 0': () => encodeSignature(encodeInteger(r), encodeInteger(0n)),
    'r = n': () => encodeSignature(encodeInteger(order), encodeInteger(s)),
    's = n': () => encodeSignature(encodeInteger(r), encodeInteger(order)),
    'r + n': () => encodeSignature(encodeInteger(r + order), encodeInteger(s)),
    's + n': () => encodeSignature(encodeInteger(r), encodeInteger(s + order)),
    's = n / 2': () => encodeSignature(encodeInteger(r), encodeInteger(order >> 1n)),
    's = n / 2 + 1': () => encodeSignature(encodeInteger(r), encodeInteger((order >> 1n) + 1n)),
    'r and s in 64 bytes': () => [r, s].map(value => value.toString(16).padStart(64, '0')).join(''),
    'upper case': () => signature.toUpperCase(),
    'half a byte more': () => `${signature}0`,
    'letters that are no digits': () => signature.replace(/..$/, 'zz'),
    'a prefix 0x': () => `0x${signature}`
  }

  for (const [name, create] of Object.entries(malformed)) {
    it(`are refused with ${name}`, () => assertVerdict(false, create()))
  }

  it('are refused of other data', async () => {
    await assertVerdict(false, signature, publicKey, data.subarray(1))
    await assertVerdict(false, signature, publicKey, new Uint8Array())
  })

  const keys: Record<string, () => string> = {
    'no bytes': () => '',
    'a byte less': () => publicKey.slice(0, -2),
    'a byte more': () => `${publicKey}00`,
    'the other y': () => change(publicKey, bytes => { bytes[0] ^= 1 }),
    'the prefix of an uncompressed point': () => change(publicKey, bytes => { bytes[0] = 4 }),
    'the prefix of a hybrid point': () => change(publicKey, bytes => { bytes[0] += 4 }),
    'the point at infinity': () => change(publicKey, bytes => { bytes.fill(0) }),
    'an x that is none of a point': () => `02${'00'.repeat(31)}05`,
    'an x that is not in the field': () => `02${'ff'.repeat(32)}`,
    'an x that is a point when reduced': () => '02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30',
    'all of the point, uncompressed': () => {
      const { x, y } = createPublicKey({ key: Buffer.from(`3036301006072a8648ce3d020106052b8104000a032200${publicKey}`, 'hex'), format: 'der', type: 'spki' }).export({ format: 'jwk' })
      return toHex(concat([Uint8Array.of(4), fromString(x!, 'base64url'), fromString(y!, 'base64url')]))
    },
    'upper case': () => publicKey.toUpperCase(),
    'half a byte more': () => `${publicKey}0`,
    'letters that are no digits': () => publicKey.replace(/..$/, 'zz')
  }

  for (const [name, create] of Object.entries(keys)) {
    it(`are refused by a key with ${name}`, () => assertVerdict(false, signature, create()))
  }

  it('get the same verdict when any byte of them, the key or the data is any other', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(0, 1, 2), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, index, mask) => {
      const parts = [signature, publicKey, toHex(data)]
      parts[part] = change(parts[part], bytes => { bytes[index % bytes.length] ^= mask })
      strictEqual(await verifySignature(parts[0], parts[1], fromHex(parts[2])), await verifyByLibp2p(parts[0], parts[1], fromHex(parts[2])))
    }), { numRuns: 500 })
  })

  it('get the same verdict with integers of any value and form', async () => {
    const value = fc.oneof(fc.bigInt({ min: 0n, max: 1n << 264n }), fc.constantFrom(0n, 1n, order - 1n, order, order >> 1n), fc.constantFrom('r', 's', '-s'))
    const toInteger = (value: bigint | string): bigint => typeof value === 'bigint' ? value : value === 'r' ? r : value === 's' ? s : order - s
    await fc.assert(fc.asyncProperty(value, value, fc.nat(2), fc.nat(2), async (first, second, firstZeros, secondZeros) => {
      const signature = encodeSignature(encodeInteger(toInteger(first), firstZeros), encodeInteger(toInteger(second), secondZeros))
      strictEqual(await verifySignature(signature, publicKey, data), await verifyByLibp2p(signature, publicKey, data))
    }), { numRuns: 500 })
  })

  it('get the same verdict with valid signatures of many keys', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async bytes => {
      const key = await generateKeyPair('secp256k1')
      await assertVerdict(true, toHex(await key.sign(bytes)), toHex(key.publicKey.raw), bytes)
    }), { numRuns: 50 })
  })
})
