import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createVerify } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import {
  change, createSigned, createSignedBySecp256k1, encodeInteger, encodeSignature, fromHex, keyTypes, malformedSignatures, order, signedData as data, toHex, toKeyObject,
  withHighS, wrongKeys
} from '../helpers/signatures.ts'
import { verifyInHex } from '../helpers/signatures-in-hex.ts'
import { verifyByLibp2p } from '../helpers/verify-by-libp2p.ts'
import { findAddon } from '../../src/signatures/addon.ts'
import { createVerifier } from '../../src/signatures/verifier.ts'
import { findWebAssembly } from '../../src/signatures/webassembly.ts'
import type { SignatureCheck } from '../../src/signatures/index.ts'
import type { Signed, SignedBySecp256k1 } from '../helpers/signatures.ts'
import type { InHex } from '../helpers/signatures-in-hex.ts'

/** What OpenSSL says, by itself. */
const verifyByOpenSSL = (signature: string, publicKey: string, data: Uint8Array): boolean => {
  return createVerify('sha256').update(data).verify(toKeyObject(publicKey), fromHex(signature))
}

/** What may check them. */
const allMeans = { 'the addon': findAddon()!, WebAssembly: (await findWebAssembly())!, '@libp2p/crypto': undefined }

for (const [name, means] of Object.entries(allMeans)) {
  describe(`Signatures that ${name} checks`, () => {
    const verify = createVerifier(means)
    const verifySignature = async (...signature: InHex): Promise<boolean> => (await verifyInHex(verify, [signature]))[0]

    let signed: SignedBySecp256k1
    let publicKey: string
    let signature: string
    let r: bigint
    let s: bigint
    let others: Record<typeof keyTypes[number], Signed>

    before(async () => {
      signed = await createSignedBySecp256k1()
      ;({ publicKey, signature, r, s } = signed)
      others = {
        secp256k1: await createSigned('secp256k1'),
        Ed25519: await createSigned('Ed25519'),
        RSA: await createSigned('RSA'),
        ECDSA: await createSigned('ECDSA')
      }
    })

    /** Fails unless the verdict is that of `@libp2p/crypto`, and the one that is expected. */
    const assertVerdict = async (expected: boolean, signature: string, key = publicKey, bytes = data) => {
      strictEqual(await verifyByLibp2p(signature, key, bytes), expected, '@libp2p/crypto')
      strictEqual(await verifySignature(signature, key, bytes), expected)
    }

    it('are valid when the key made them of the data', () => assertVerdict(true, signature))

    for (const type of keyTypes) {
      it(`are valid by a key of type ${type}, and not by another`, async () => {
        await assertVerdict(true, others[type].signature, others[type].publicKey)
        await assertVerdict(false, signature, others[type].publicKey)
        await assertVerdict(false, others[type].signature)
      })
    }

    it('are refused with a high s, which OpenSSL takes', async () => {
      const high = withHighS(signed)
      ok(verifyByOpenSSL(high, publicKey, data))
      await assertVerdict(false, high)
    })

    for (const [name, create] of Object.entries(malformedSignatures)) {
      it(`are refused with ${name}`, () => assertVerdict(false, create(signed)))
    }

    it('are refused of other data', async () => {
      await assertVerdict(false, signature, publicKey, data.subarray(1))
      await assertVerdict(false, signature, publicKey, new Uint8Array())
    })

    for (const [name, create] of Object.entries(wrongKeys)) {
      it(`are refused by a key with ${name}`, () => assertVerdict(false, signature, create(signed)))
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

    for (const count of [1, 8, 9, 1000]) {
      it(`get their own verdicts when ${count} are checked at once`, async () => {
        const checks = Array.from({ length: count }, (_, i) => i % 3 === 0
          ? [signature, publicKey, true] as const
          : i % 3 === 1 ? [others.secp256k1.signature, publicKey, false] as const : [signature, wrongKeys['an x that is none of a point'](signed), false] as const)
        const verdicts = await verifyInHex(verify, checks.map(([signature, key]) => [signature, key, data]))
        deepStrictEqual(verdicts, checks.map(([, , expected]) => expected))
      })
    }

    it('are valid beside others that are not', async () => {
      const verify = createVerifier(means)
      const key = await generateKeyPair('secp256k1')
      const sign = async (time: number): Promise<SignatureCheck> => {
        const bytes = Uint8Array.of(time, time >> 8)
        return { signature: await key.sign(bytes), publicKey: key.publicKey.raw, data: bytes }
      }
      // Its integers have fewer digits than those before it
      let short
      for (let i = 0; (short = await sign(i)).signature.length > 69; i++);
      const refused = { ...short, signature: fromHex(malformedSignatures['three integers'](signed)) }
      const ed25519 = { signature: fromHex(others.Ed25519.signature), publicKey: fromHex(others.Ed25519.publicKey), data }
      deepStrictEqual(await verify([refused, short, ed25519, refused, short, { ...ed25519, data: short.data }]), [false, true, true, false, true, false])
      deepStrictEqual(await verify([]), [])
    })

    it('get their own verdicts whatever key was used before', async () => {
      const verify = createVerifier(means)
      const check = { signature: fromHex(signature), publicKey: fromHex(publicKey), data }
      const [pointless, other] = ['an x that is none of a point', 'the other y'].map(name => ({ ...check, publicKey: fromHex(wrongKeys[name](signed)) }))
      const checks = [pointless, pointless, check, check, pointless, pointless, check, other, check]
      deepStrictEqual(await verify(checks), checks.map(({ publicKey }) => publicKey === check.publicKey))
    })

    it('get the same verdict with valid signatures of many keys', async () => {
      await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async bytes => {
        const key = await generateKeyPair('secp256k1')
        await assertVerdict(true, toHex(await key.sign(bytes)), toHex(key.publicKey.raw), bytes)
      }), { numRuns: 50 })
    })
  })
}
