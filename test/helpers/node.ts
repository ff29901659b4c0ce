import drain from 'it-drain'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { createNode } from '../../scripts/node.ts'
import type { Node } from '../../scripts/node.ts'

export { createNode }
export type { Node }

/** Removes a block from a node for good. */
export async function deleteBlock (node: Node, hash: string): Promise<void> {
  await drain(node.pins.rm(CID.parse(hash, base58btc)))
  await node.gc()
}
