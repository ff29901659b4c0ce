import all from 'it-all'
import drain from 'it-drain'
import { base58btc } from 'multiformats/bases/base58'
import { createNode } from '../../scripts/node.ts'
import type { Node } from '../../scripts/node.ts'

export { createNode }
export type { Node }

/** Removes a block from a node for good, be it pinned or not. */
export async function deleteBlock (node: Node, hash: string): Promise<void> {
  for await (const { cid } of node.pins.ls()) {
    if (cid.toString(base58btc) === hash) {
      await drain(node.pins.rm(cid))
    }
  }
  await node.gc()
}

/** The hash of a block, whatever its codec, by which stores keep it. */
export const keyOf = ({ multihash }: { multihash: { bytes: Uint8Array } }): string => Buffer.from(multihash.bytes).toString('hex')

/** The keys of all blocks that a node has. */
export const keysOn = async (ipfs: Node): Promise<Set<string>> => new Set((await all(ipfs.blockstore.getAll())).map(({ cid }) => keyOf(cid)))
