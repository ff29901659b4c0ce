import { keyOf } from '../../blocks/digests.ts'
import type { Limits } from '../limits.ts'
import type { SourceBlock } from './source.ts'

/** Blocks that came before it is known what they are. */
export interface EarlyBlocks {
  readonly size: number
  /** Keeps a block: false when that is more than the limit allows. */
  add: (digest: Uint8Array, block: SourceBlock) => boolean
  has: (digest: Uint8Array) => boolean
  /** Gives a block away. */
  take: (key: string) => SourceBlock | undefined
  clear: () => void
}

/** About how much memory a block takes besides its bytes. */
export const overhead = 300

// What each node of a list starts with: an array of six, and a text
const isLikeNode = (bytes: Uint8Array): boolean => bytes[0] === 0x86 && bytes[1] >> 5 === 3

/** Keeps blocks, and nodes of lists apart from others: they are few, and all the others wait for them. */
export function createEarlyBlocks ({ earlyBytes }: Limits): EarlyBlocks {
  const kept = new Map<string, SourceBlock>()
  const sizes = { nodes: 0, others: 0 }
  const kindOf = ({ bytes }: SourceBlock): keyof typeof sizes => isLikeNode(bytes) ? 'nodes' : 'others'
  const sizeOf = ({ bytes }: SourceBlock): number => bytes.length + overhead

  return {
    get size () {
      return kept.size
    },
    add: (digest, block) => {
      const key = keyOf(digest)
      if (kept.has(key)) {
        return true
      }
      const kind = kindOf(block)
      if (sizes[kind] + sizeOf(block) > earlyBytes) {
        return false
      }
      sizes[kind] += sizeOf(block)
      // Not a part of a chunk, all of which it would keep in memory
      kept.set(key, { ...block, digest: digest.slice(), bytes: block.bytes.slice() })
      return true
    },
    has: digest => kept.has(keyOf(digest)),
    take: key => {
      const block = kept.get(key)
      if (block != null) {
        kept.delete(key)
        sizes[kindOf(block)] -= sizeOf(block)
      }
      return block
    },
    clear: () => {
      kept.clear()
      sizes.nodes = sizes.others = 0
    }
  }
}
