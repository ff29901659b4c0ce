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

/**
 * Reads a signature that others than `@libp2p/crypto` may be asked about: the encoding of integers in
 * range.
 *
 * @returns r and s, 32 bytes each, one after the other; undefined when it is not such a signature.
 */
export function readSignature (bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 2 || bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) {
    return
  }
  const integers = new Uint8Array(2 * integerLength)
  const r = integers.subarray(0, integerLength)
  const s = integers.subarray(integerLength)
  const end = readInteger(bytes, readInteger(bytes, 2, r), s)
  const isStrict = end === bytes.length &&
    isPositive(r) && compare(r, order) < 0 &&
    isPositive(s) && compare(s, halfOrder) <= 0
  return isStrict ? integers : undefined
}

/**
 * Reads an integer to where its digits, at most 32, are to be, and returns where it ends: NaN when
 * there is none, or it is not encoded in the shortest way.
 */
function readInteger (bytes: Uint8Array, start: number, integer: Uint8Array): number {
  const length = bytes[start + 1]
  const end = start + 2 + length
  if (bytes[start] !== 0x02 || !(length > 0) || end > bytes.length) {
    return NaN
  }
  const [first, second] = bytes.subarray(start + 2, end)
  const isNegative = first >= 0x80
  const isPadded = first === 0 && length > 1
  if (isNegative || (isPadded && second < 0x80)) {
    return NaN
  }
  const digits = bytes.subarray(start + 2 + (isPadded ? 1 : 0), end)
  if (digits.length > integerLength) {
    return NaN
  }
  integer.set(digits, integerLength - digits.length)
  return end
}

const isPositive = (value: Uint8Array): boolean => value.some(byte => byte > 0)

function compare (a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, i) => byte !== b[i])
  return i === -1 ? 0 : a[i] - b[i]
}
