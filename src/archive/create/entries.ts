import * as dagCbor from '@ipld/dag-cbor'
import type { Identity, SignedEntry } from '../../core/index.ts'

/** What a backup needs to know of an entry. */
export interface EntryLinks {
  /** Hashes of the entries before it. */
  next: string[]
  /** Hash of the identity that wrote it. */
  identity: string
  /** The time of its clock; 0 when that is no natural number. */
  time: number
}

const hashLength = 49

const isMap = (bytes: Uint8Array): boolean => bytes[0] >> 5 === 5

const startsWith = (bytes: Uint8Array, at: number, start: Uint8Array): boolean => {
  for (let i = 0; i < start.length; i++) {
    if (bytes[at + i] !== start[i]) {
      return false
    }
  }
  return true
}

const encodeKey = (key: string): Uint8Array => Uint8Array.from([0x60 | key.length, ...new TextEncoder().encode(key)])

/** The keys of an entry, in the order that DAG-CBOR has them in: by their length. */
const keys = ['v', 'id', 'key', 'sig', 'next', 'refs', 'clock', 'payload', 'identity'].map(encodeKey)

/** The first byte of a map with so many keys. */
const mapStart = 0xa0 | keys.length

const nextKey = keys[4]
const clockKey = keys[6]
const identityKey = keys[8]

/** How deep values are followed. What is deeper is left to others. */
const maxDepth = 100

/**
 * Where the DAG-CBOR value that starts at some byte ends, as RFC 8949 has it: NaN when that is not to
 * be found out.
 */
function endOf (bytes: Uint8Array, at: number, depth = 0): number {
  const type = bytes[at] >> 5
  const info = bytes[at] & 31
  if (info > 27 || depth > maxDepth) {
    return NaN
  }
  const length = info < 24 ? 0 : 1 << (info - 24)
  let end = at + 1 + length
  let value = length === 0 ? info : 0
  for (let i = end - length; i < end; i++) value = value * 256 + bytes[i]
  if (type === 2 || type === 3) {
    return end + value
  }
  const items = type === 4 ? value : type === 5 ? value * 2 : type === 6 ? 1 : 0
  for (let i = 0; i < items && end < bytes.length; i++) {
    end = endOf(bytes, end, depth + 1)
  }
  return end
}

/** Reads the hash that is encoded at some byte: undefined when there is none. */
function readHash (bytes: Uint8Array, at: number): string | undefined {
  const text = bytes.subarray(at + 2, at + 2 + hashLength)
  return bytes[at] === 0x78 && bytes[at + 1] === hashLength && text.every(byte => byte < 0x80)
    ? String.fromCharCode.apply(null, text as unknown as number[])
    : undefined
}

/**
 * Reads the links of an entry without decoding all of it, which takes several times as long: undefined
 * when it has other keys than every entry has, or anything else in it is unusual.
 */
export function scanLinks (bytes: Uint8Array): EntryLinks | undefined {
  let next: string[] | undefined = []
  let identity: string | undefined
  let time: number | undefined
  let at = 1
  for (const key of bytes[0] === mapStart ? keys : []) {
    if (!startsWith(bytes, at, key)) {
      return
    }
    at += key.length
    if (key === nextKey) next = readHashes(bytes, at)
    if (key === clockKey) time = readTime(bytes, at)
    if (key === identityKey) identity = readHash(bytes, at)
    at = endOf(bytes, at)
  }
  return next != null && identity != null && time != null && at === bytes.length ? { next, identity, time } : undefined
}

const clockStart = Uint8Array.from([0xa2, ...encodeKey('id')])
const timeKey = encodeKey('time')

/** Reads the time of the clock that is encoded at some byte: undefined when anything about it is unusual. */
function readTime (bytes: Uint8Array, at: number): number | undefined {
  const timeAt = startsWith(bytes, at, clockStart) ? endOf(bytes, at + clockStart.length) : NaN
  if (!startsWith(bytes, timeAt, timeKey)) {
    return
  }
  const start = timeAt + timeKey.length
  const info = bytes[start]
  if (info > 27) {
    return
  }
  const length = info < 24 ? 0 : 1 << (info - 24)
  let time = length === 0 ? info : 0
  for (let i = 1; i <= length; i++) time = time * 256 + bytes[start + i]
  return Number.isSafeInteger(time) ? time : undefined
}

/** The time that a list has of an entry: that of its clock, where that is a natural number. */
export function timeOf (entry: unknown): number {
  const clock = ownValue(entry, 'clock')
  const time = ownValue(clock, 'time')
  return Number.isSafeInteger(time) && (time as number) >= 0 ? time as number : 0
}

const ownValue = (value: unknown, key: string): unknown => {
  return value != null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/** Reads the array of hashes that is encoded at some byte: undefined when there is none, or it is a long one. */
function readHashes (bytes: Uint8Array, at: number): string[] | undefined {
  const count = bytes[at] - 0x80
  if (!(count >= 0 && count < 24)) {
    return
  }
  const hashes = []
  for (let i = 0; i < count; i++) {
    const hash = readHash(bytes, at + 1 + i * (2 + hashLength))
    if (hash == null) {
      return
    }
    hashes.push(hash)
  }
  return hashes
}

function decodeMap (bytes: Uint8Array): any {
  try {
    return isMap(bytes) ? dagCbor.decode(bytes) : undefined
  } catch {
    // Not DAG-CBOR
  }
}

const isString = (value: unknown): value is string => typeof value === 'string'
const areStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString)

/** Reads the bytes of a block as an entry that is not encrypted: undefined when it is none. */
export function readEntry (bytes: Uint8Array): SignedEntry | undefined {
  const entry = decodeMap(bytes)
  const isEntry = entry != null && isString(entry.id) && areStrings(entry.next) && areStrings(entry.refs) && typeof entry.clock?.time === 'number' &&
    entry.payload !== undefined && entry.v !== undefined && isString(entry.key) && isString(entry.identity) && isString(entry.sig)
  return isEntry ? entry : undefined
}

/** An identity, as its block has it. */
export type IdentityRecord = Omit<Identity, 'hash' | 'bytes'>

/** Reads the bytes of a block as an identity: undefined when it is none. */
export function readIdentity (bytes: Uint8Array): IdentityRecord | undefined {
  const identity = decodeMap(bytes)
  const isIdentity = identity != null && [identity.id, identity.publicKey, identity.type, identity.signatures?.id, identity.signatures?.publicKey].every(isString)
  return isIdentity ? identity : undefined
}
