import * as dagCbor from '@ipld/dag-cbor'
import type { Identity, SignedEntry } from '../../core/index.ts'

const isMap = (bytes: Uint8Array): boolean => bytes[0] >> 5 === 5

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
