const integerLength = 32

/**
 * Reads a signature by a secp256k1 key as strictly as `@libp2p/crypto` reads DER. The integers' ranges are
 * left to libsecp256k1, which takes what `@libp2p/crypto` takes: no s in the upper half, with which anyone
 * can make another valid signature of one that is known.
 *
 * @param target - where r and s are written, 32 bytes each, one after the other; these bytes are zero before
 * @returns Whether it is one. Where it is none, something may be written, too.
 */
export function readSignature (bytes: Uint8Array, target: Uint8Array, at: number): boolean {
  if (bytes.length < 2 || bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) {
    return false
  }
  const end = readInteger(bytes, 2, target, at)
  return readInteger(bytes, end, target, at + integerLength) === bytes.length
}

/**
 * Reads an integer to where its digits, at most 32, are to be, and returns where it ends: NaN when
 * there is none, or it is not encoded in the shortest way.
 */
function readInteger (bytes: Uint8Array, start: number, target: Uint8Array, at: number): number {
  const length = bytes[start + 1]
  const end = start + 2 + length
  if (bytes[start] !== 0x02 || !(length > 0) || end > bytes.length) {
    return NaN
  }
  const first = bytes[start + 2]
  const isNegative = first >= 0x80
  const isPadded = first === 0 && length > 1
  if (isNegative || (isPadded && bytes[start + 3] < 0x80)) {
    return NaN
  }
  const digits = bytes.subarray(start + 2 + (isPadded ? 1 : 0), end)
  if (digits.length > integerLength) {
    return NaN
  }
  target.set(digits, at + integerLength - digits.length)
  return end
}
