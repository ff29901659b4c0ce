import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import * as MultiformatsBlock from 'multiformats/block'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import type { Node } from './node.ts'
import type { Block } from '../../src/index.ts'

/** The CID of a hash, as OrbitDB writes it. */
export const toCID = (hash: string): CID => CID.parse(hash, base58btc)

/** The hash of the block that an address names. */
export const hashOf = (address: string): string => address.slice(address.lastIndexOf('/') + 1)

/** Encodes a value as OrbitDB encodes blocks. */
export async function encodeBlock (value: unknown): Promise<Block> {
  const { cid, bytes } = await MultiformatsBlock.encode({ value, codec: dagCbor, hasher: sha256 })
  return [cid.toString(base58btc), bytes]
}

/** Flips a bit somewhere in some bytes. */
export function flipBit (bytes: Uint8Array, position = bytes.length >> 1): Uint8Array {
  return bytes.with(position, bytes[position] ^ 1)
}

/** The hashes of what is pinned on a node, sorted. */
export async function pinsOf ({ pins }: Node): Promise<string[]> {
  return (await all(pins.ls())).map(({ cid }) => cid.toString(base58btc)).sort()
}
