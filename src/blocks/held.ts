import * as dagCbor from '@ipld/dag-cbor'
import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import { cidOf } from './cids.ts'
import { guardWrites } from '../core/guard-writes.ts'
import { ignoring } from './public.ts'
import { sha256 } from './sha256.ts'
import { digestLength } from './digests.ts'
import type { CIDBytes, StoredBlock } from './blocks.ts'
import type { FullNode } from './public.ts'
import type { HeliaNode } from '../core/index.ts'

/*
 * Blocks that are kept together, by the pin of one more block that links to them. Nobody else has that
 * block, as it has an id of its own: so this pin and those that others make of the same blocks are counted
 * apart, also when something is pinned again that was unpinned, which Helia counts wrong.
 */

/** Pins or unpins, unless something could not be written before: then the node has to be started again. */
const write = (node: HeliaNode, fn: (node: FullNode) => Promise<unknown>): Promise<unknown> => guardWrites(node.blockstore, 'the stores of the IPFS node', () => fn(node as FullNode))

/** How many blocks a part links to, at most. */
const partLength = 5000

/** Creates an id for blocks that are to be kept together. */
export const createHoldId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16))

/** What keeps blocks together. */
export interface Hold {
  /** The CID that is pinned. */
  pin: CIDBytes
  /** The blocks below it that link to those that are kept. */
  links: StoredBlock[]
}

/**
 * Creates what keeps blocks together.
 *
 * @param id - which no other hold has
 * @param digests - of the blocks, each once, one after the other
 */
export async function createHold (id: Uint8Array, digests: Uint8Array): Promise<Hold> {
  const encode = async (value: unknown): Promise<StoredBlock> => {
    const bytes = dagCbor.encode(value)
    return [cidOf(await sha256(bytes)), bytes]
  }
  const parts: StoredBlock[] = []
  for (let start = 0; start < digests.length; start += partLength * digestLength) {
    const end = Math.min(digests.length, start + partLength * digestLength)
    parts.push(await encode(Array.from({ length: (end - start) / digestLength }, (_, i) => CID.decode(cidOf(digests, start + i * digestLength, 'raw')))))
  }
  const top = await encode({ id, parts: parts.map(([cid]) => CID.decode(cid)) })
  return { pin: top[0], links: [top, ...parts] }
}

/**
 * Keeps blocks until they are released, which a node has, as it has those that link to them. When it is interrupted, it goes on
 * where it was. It can not be aborted: Helia would have counted some of the blocks, and reject a promise that nobody has.
 */
export async function holdBlocks (node: HeliaNode, pin: CIDBytes): Promise<void> {
  await ignoring('AlreadyPinnedError', () => write(node, ({ pins }) => drain(pins.add(CID.decode(pin), { offline: true }))))
}

/**
 * Releases blocks that were kept. Those that nothing else keeps are for the node's garbage collection to remove.
 *
 * @param isHeld - whether this was not interrupted: what Helia has counted by then is released with a whole pin only
 */
export async function releaseBlocks (node: HeliaNode, pin: CIDBytes, isHeld = true): Promise<void> {
  // Where blocks are gone meanwhile, it can not be
  if (!isHeld) await holdBlocks(node, pin).catch(() => {})
  await ignoring('NotFoundError', () => write(node, ({ pins }) => drain(pins.rm(CID.decode(pin), { offline: true }))))
}
