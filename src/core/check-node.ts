import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { UnsupportedNodeError } from './errors.ts'
import type { HeliaNode } from './helia.ts'

/** The block that any node has: no bytes, which its CID holds itself. */
const emptyBlock = CID.createV1(0x55, identity.digest(new Uint8Array()))

/** Fails when a node is one that OrbitDB can not work with. */
export function checkNode ({ blockstore, libp2p, pins }: HeliaNode): void {
  if (libp2p == null || blockstore == null || pins == null) {
    throw new UnsupportedNodeError('The IPFS node has no libp2p, no blockstore or no pins: give a Helia node (6 or 7), started with libp2p')
  }
  // Until Helia 5 a block is a promise of bytes; since Helia 6 it is read by iterating, and nothing is read before
  const block: unknown = blockstore.get(emptyBlock, { offline: true })
  if (block instanceof Promise) {
    block.catch(() => {})
    throw new UnsupportedNodeError('The IPFS node is of Helia 5 or older, whose blockstore returns promises of bytes: update to Helia 6 or 7')
  }
}
