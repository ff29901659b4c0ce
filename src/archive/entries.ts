import * as dagCbor from '@ipld/dag-cbor'
import type { Identity, SignedEntry } from '../core/index.ts'

/** What a backup needs to know of an entry. */
export interface EntryLinks {
  /** Hashes of the entries before it. */
  next: string[]
  /** Hash of the identity that wrote it. */
  identity: string
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

/** The keys that come before the payload, in their order, as far as they are needed. */
const [v, ...textKeys] = ['v', 'id', 'key', 'sig'].map(encodeKey)
const nextKey = encodeKey('next')
const identityKey = encodeKey('identity')

/** Where the text that starts at some byte ends; NaN when there is none. */
function endOfText (bytes: Uint8Array, at: number): number {
  const start = bytes[at]
  if (start >> 5 !== 3) {
    return NaN
  }
  return start < 0x78 ? at + 1 + (start & 31) : start === 0x78 ? at + 2 + bytes[at + 1] : start === 0x79 ? at + 3 + (bytes[at + 1] << 8 | bytes[at + 2]) : NaN
}

/** Reads the hash that is encoded at some byte: undefined when there is none. */
function readHash (bytes: Uint8Array, at: number): string | undefined {
  return bytes[at] === 0x78 && bytes[at + 1] === hashLength
    ? String.fromCharCode.apply(null, bytes.subarray(at + 2, at + 2 + hashLength) as unknown as number[])
    : undefined
}

/**
 * Reads the links of an entry without decoding all of it: undefined when it can not be read so. An
 * entry is a DAG-CBOR map, the keys of which are sorted by length: first `v`, `id`, `key`, `sig` and
 * `next`, then `refs`, `clock` and `payload`, and last `identity`.
 */
export function scanLinks (bytes: Uint8Array): EntryLinks | undefined {
  if (!isMap(bytes) || !startsWith(bytes, 1, v)) {
    return
  }
  let at = 1 + v.length + 1
  for (const key of textKeys) {
    if (!startsWith(bytes, at, key)) {
      return
    }
    at = endOfText(bytes, at + key.length)
  }
  const identityAt = bytes.length - 2 - hashLength
  const identity = startsWith(bytes, identityAt - identityKey.length, identityKey) ? readHash(bytes, identityAt) : undefined
  const count = bytes[at + nextKey.length] - 0x80
  if (identity == null || !startsWith(bytes, at, nextKey) || !(count >= 0 && count < 24)) {
    return
  }
  const next: string[] = []
  at += nextKey.length + 1
  for (let i = 0; i < count; i++, at += 2 + hashLength) {
    const hash = readHash(bytes, at)
    if (hash == null) {
      return
    }
    next.push(hash)
  }
  return { next, identity }
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
