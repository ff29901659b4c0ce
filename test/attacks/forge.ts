import * as dagCbor from '@ipld/dag-cbor'
import { hashOf } from '../../src/core/blocks.ts'
import type { SignedEntry, SigningIdentity } from '../../src/index.ts'

/** A block, and the hash that it has. */
export interface ForgedBlock {
  hash: string
  bytes: Uint8Array
}

/** What an entry is made of before it is signed; its payload is that of an event. */
export type Fields = Partial<Record<keyof SignedEntry, unknown>>

export async function toBlock (value: unknown): Promise<ForgedBlock> {
  const bytes = dagCbor.encode(value)
  return { bytes, hash: await hashOf(bytes) }
}

/**
 * Signs an entry of a database as its writers do, whatever its fields are.
 *
 * @param unsigned - fields of its block that nobody signs, or other ones than what was signed
 */
export async function sign (identity: SigningIdentity, { address }: { address: string }, fields: Fields = {}, unsigned: object = {}): Promise<ForgedBlock> {
  const signed = {
    id: address,
    payload: { op: 'ADD', key: null, value: 'signed' },
    next: [],
    refs: [],
    clock: { id: identity.publicKey, time: 1 },
    v: 2,
    ...fields
  }
  const sig = await identity.sign(identity, dagCbor.encode(signed))
  return toBlock({ ...signed, key: identity.publicKey, identity: identity.hash, sig, ...unsigned })
}
