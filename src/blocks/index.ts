import { createLevelBlocks } from './level.ts'
import { createPublicBlocks } from './public.ts'
import type { HeliaNode } from '../core/index.ts'
import type { Blocks } from './blocks.ts'

export { createHold, createHoldId, holdBlocks, releaseBlocks } from './held.ts'
export { createEntryStorage } from './storage.ts'
export type { BlockName, Blocks, BlocksOptions, CIDBytes, PinOptions, StoredBlock } from './blocks.ts'

/** The blocks and pins of a node. */
export async function createBlocks (node: HeliaNode): Promise<Blocks> {
  const publicBlocks = await createPublicBlocks(node)
  return createLevelBlocks(node, publicBlocks) ?? publicBlocks
}
