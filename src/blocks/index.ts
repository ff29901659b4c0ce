import { createLevelBlocks } from './level.ts'
import { createPublicBlocks } from './public.ts'
import type { HeliaNode } from '../core/index.ts'
import type { Blocks } from './blocks.ts'

export { createHold, createHoldId, holdBlocks, releaseBlocks } from './held.ts'
export { createEntryStorage } from './storage.ts'
export type { BlockName, Blocks, BlocksOptions, CIDBytes, PinOptions, StoredBlock } from './blocks.ts'

/** The blocks and pins of a node, if its stores are known and are read and written many blocks at a time. */
export async function createFastBlocks (node: HeliaNode): Promise<Blocks | undefined> {
  return createLevelBlocks(node, await createPublicBlocks(node))
}

/** The blocks and pins of a node. */
export async function createBlocks (node: HeliaNode): Promise<Blocks> {
  return await createFastBlocks(node) ?? createPublicBlocks(node)
}
