import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { toLatin1 } from './latin1.ts'
import type { CIDBytes } from './blocks.ts'

/*
 * OrbitDB names blocks by hashes: base58btc strings of CIDs, which nearly always are CIDs of
 * DAG-CBOR blocks, version 1, with a SHA2-256 multihash. These are converted here, several times
 * faster than multiformats converts CIDs of every kind.
 */

/** The number of bytes of a CID of a DAG-CBOR block. */
export const cidLength = 36

/** The number of characters of its hash. */
export const hashLength = 49

// Bytes are taken as big-endian numbers with digits of 24 bits. Times a power of the base below
// 2^29 they are still exact in floating point.
const bytesPerDigit = 3
const digitBase = 2 ** 24

/** The codes of characters, up to the end of an array, and where they start there. */
interface Encoded {
  chars: Uint8Array
  start: number
}

const charsPerStep = 4

/**
 * Creates a function that converts bytes to characters of an alphabet: at most those of a CID, the
 * first of which is not 0. What it returns is valid until the next call.
 */
function createEncoder (alphabet: string): (bytes: Uint8Array) => Encoded {
  const base = alphabet.length
  const step = base ** charsPerStep
  const digits = cidLength / bytesPerDigit
  const steps = Math.ceil(cidLength * 8 / Math.log2(step))
  // How often each step is in one of each digit. A sum of these, times the digits, is exact
  const shares = Float64Array.from({ length: digits * steps }, (_, i) => {
    return Number(BigInt(digitBase) ** BigInt(Math.floor(i / steps)) / BigInt(step) ** BigInt(i % steps) % BigInt(step))
  })
  const pairs = Uint8Array.from({ length: 2 * base ** 2 }, (_, i) => alphabet.charCodeAt(i % 2 === 0 ? (i >> 1) / base : (i >> 1) % base))
  const zero = alphabet.charCodeAt(0)
  const sums = new Float64Array(steps)
  const chars = new Uint8Array(64)
  const encoded = { chars, start: 0 }

  return bytes => {
    sums.fill(0)
    for (let end = bytes.length, from = 0; end > 0; end -= bytesPerDigit, from += steps) {
      const digit = ((end > 2 ? bytes[end - 3] : 0) << 16) | ((end > 1 ? bytes[end - 2] : 0) << 8) | bytes[end - 1]
      for (let i = 0; i < steps; i++) sums[i] += digit * shares[from + i]
    }
    let at = chars.length
    let carry = 0
    for (let i = 0; i < steps; i++) {
      const sum = sums[i] + carry
      carry = Math.floor(sum / step)
      const rest = sum - carry * step
      const high = Math.floor(rest / base ** 2)
      const low = rest - high * base ** 2
      at -= charsPerStep
      chars[at] = pairs[2 * high]
      chars[at + 1] = pairs[2 * high + 1]
      chars[at + 2] = pairs[2 * low]
      chars[at + 3] = pairs[2 * low + 1]
    }
    while (chars[at] === zero) at++
    encoded.start = at
    return encoded
  }
}

/** The text of characters, after another one that says what base they are of. */
function withPrefix (prefix: number, { chars, start }: Encoded): string {
  chars[start - 1] = prefix
  return toLatin1(chars, start - 1, chars.length)
}

const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const encodeBase58 = createEncoder(base58Alphabet)
const encodeBase36 = createEncoder('0123456789abcdefghijklmnopqrstuvwxyz')

/** The values of base58 characters by their codes; 255 for others. */
const base58Values = new Uint8Array(128).fill(255)
for (let i = 0; i < base58Alphabet.length; i++) {
  base58Values[base58Alphabet.charCodeAt(i)] = i
}

const decodedDigits = new Float64Array(cidLength / bytesPerDigit)
const decodedBytes = new Uint8Array(cidLength)

/** Reads the hash of a DAG-CBOR block: the bytes of its CID, until the next one is read; undefined when it is another hash. */
function decodeBase58 (hash: string): Uint8Array | undefined {
  if (hash.length !== hashLength || hash.charCodeAt(0) !== 0x7a) {
    return
  }
  const digits = decodedDigits
  digits.fill(0)
  // The first digit that may not be 0
  let first = digits.length
  for (let start = 1; start < hashLength; start += 4) {
    let carry = 0
    for (let i = start; i < start + 4; i++) {
      const value = base58Values[hash.charCodeAt(i)] ?? 255
      if (value === 255) {
        return
      }
      carry = carry * 58 + value
    }
    if (first > 0) first--
    for (let i = digits.length - 1; i >= first; i--) {
      const value = digits[i] * 58 ** 4 + carry
      carry = Math.floor(value * (1 / digitBase))
      digits[i] = value - carry * digitBase
    }
    if (carry !== 0) {
      return
    }
  }
  const bytes = decodedBytes
  for (let i = 0; i < digits.length; i++) {
    bytes[i * 3] = digits[i] >> 16
    bytes[i * 3 + 1] = digits[i] >> 8
    bytes[i * 3 + 2] = digits[i]
  }
  return isOfDagCbor(bytes) ? bytes : undefined
}

/** Writes the digest that the hash of a DAG-CBOR block names where it is to start: false when it is another hash. */
export function writeDigest (hash: string, digests: Uint8Array, at: number): boolean {
  const bytes = decodeBase58(hash)
  if (bytes == null) {
    return false
  }
  for (let i = 4; i < cidLength; i++) digests[at + i - 4] = bytes[i]
  return true
}

/** Whether bytes start with a CID of a DAG-CBOR block: version 1, dag-cbor, sha2-256, 32 bytes. */
export function isOfDagCbor (bytes: Uint8Array): boolean {
  return bytes.length >= cidLength && bytes[0] === 0x01 && bytes[1] === 0x71 && bytes[2] === 0x12 && bytes[3] === 0x20
}

/** Converts the bytes of a CID to a hash. */
export function toHash (bytes: Uint8Array): string {
  return bytes.length === cidLength && isOfDagCbor(bytes)
    ? withPrefix(0x7a, encodeBase58(bytes))
    : CID.decode(bytes).toString(base58btc)
}

const hashText = new Uint8Array(hashLength)

/**
 * Converts the bytes of the CID of a DAG-CBOR block to the characters of its hash, without a string. They are
 * valid until the next call.
 */
export function toHashText (cid: CIDBytes): Uint8Array {
  const { chars, start } = encodeBase58(cid)
  hashText[0] = 0x7a
  for (let i = 1; i < hashLength; i++) hashText[i] = chars[start - 1 + i]
  return hashText
}

/**
 * Converts a hash to the bytes of its CID.
 *
 * @throws Error when it is not a hash.
 */
export function toBytes (hash: string): Uint8Array {
  return decodeBase58(hash)?.slice() ?? CID.parse(hash, base58btc).bytes
}

/** The bytes of the CID that names a block, or that its hash does. */
export const toCIDBytes = (name: string | Uint8Array): Uint8Array => typeof name === 'string' ? toBytes(name) : name

/** Whether a string is the hash of a DAG-CBOR block. */
export function isDagCborHash (hash: string): boolean {
  return decodeBase58(hash) != null
}

/** Converts bytes to base36, as `base36.encode` of multiformats does. */
export function toBase36 (bytes: Uint8Array): string {
  return bytes.length <= cidLength && bytes[0] !== 0 ? withPrefix(0x6b, encodeBase36(bytes)) : base36.encode(bytes)
}

const base32Codes = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', char => char.charCodeAt(0))

/** The number of base32 characters of a multihash. */
const base32Length = 55

const base32Chars = new Uint8Array(64)

/** Converts bytes, from some place on, to base32, as `base32upper.encode` of multiformats does. */
export function toBase32Upper (bytes: Uint8Array, from = 0): string {
  const length = 1 + Math.ceil((bytes.length - from) * 8 / 5)
  const chars = length <= base32Chars.length ? base32Chars : new Uint8Array(length)
  chars[0] = 0x42
  let at = 1
  let bits = 0
  let count = 0
  for (let i = from; i < bytes.length; i++) {
    bits = ((bits & 31) << 8) | bytes[i]
    for (count += 8; count >= 5;) {
      count -= 5
      chars[at++] = base32Codes[(bits >> count) & 31]
    }
  }
  if (count > 0) {
    chars[at] = base32Codes[(bits << (5 - count)) & 31]
  }
  return toLatin1(chars, 0, length)
}

/** Whether a string ends, from a position on, with what `toBase32Upper` gives for the multihash of a digest. */
export function endsWithBase32Upper (text: string, start: number, digests: Uint8Array, digestAt: number): boolean {
  if (text.length - start !== 1 + base32Length || text.charCodeAt(start) !== 0x42) {
    return false
  }
  // The bytes before the digest: sha2-256, 32 bytes
  let bits = 0x1220
  let count = 16
  let next = digestAt
  const end = digestAt + 32
  for (let at = start + 1; at < text.length; at++) {
    if (count < 5) {
      bits = (bits & 31) << 8 | (next < end ? digests[next] : 0)
      next++
      count += 8
    }
    count -= 5
    if (text.charCodeAt(at) !== base32Codes[(bits >> count) & 31]) {
      return false
    }
  }
  return true
}

/** The multihash in the bytes of a CID. */
export function multihashOf (bytes: Uint8Array): Uint8Array {
  return isOfDagCbor(bytes) ? bytes.subarray(2) : CID.decode(bytes).multihash.bytes
}
