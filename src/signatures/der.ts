/*
 * Signatures by secp256k1 keys: DER as `@libp2p/crypto` reads it. OpenSSL takes what it refuses:
 * integers that are out of range, and an s in the upper half of the range, with which anyone can
 * make another valid signature of one that is known.
 */

const integerLength = 32

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g)!, byte => parseInt(byte, 16))

/** The order of the group, and half of it. */
const order = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
const halfOrder = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')

/** Whether a signature is one that OpenSSL may be asked about: the encoding of integers in range. */
export function isStrictSignature (bytes: Uint8Array): boolean {
  if (bytes.length < 2 || bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) {
    return false
  }
  const r = readInteger(bytes, 2)
  const s = r == null ? undefined : readInteger(bytes, r.end)
  return r != null && s != null && s.end === bytes.length &&
    isPositive(r.value) && compare(r.value, order) < 0 &&
    isPositive(s.value) && compare(s.value, halfOrder) <= 0
}

/** Reads an integer of at most 32 bytes: undefined when there is none, or it is not encoded in the shortest way. */
function readInteger (bytes: Uint8Array, start: number): { value: Uint8Array, end: number } | undefined {
  const length = bytes[start + 1]
  const end = start + 2 + length
  if (bytes[start] !== 0x02 || !(length > 0) || end > bytes.length) {
    return
  }
  const [first, second] = bytes.subarray(start + 2, end)
  const isNegative = first >= 0x80
  const isPadded = first === 0 && length > 1
  if (isNegative || (isPadded && second < 0x80)) {
    return
  }
  const digits = bytes.subarray(start + 2 + (isPadded ? 1 : 0), end)
  if (digits.length > integerLength) {
    return
  }
  const value = new Uint8Array(integerLength)
  value.set(digits, integerLength - digits.length)
  return { value, end }
}

const isPositive = (value: Uint8Array): boolean => value.some(byte => byte > 0)

function compare (a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, i) => byte !== b[i])
  return i === -1 ? 0 : a[i] - b[i]
}
