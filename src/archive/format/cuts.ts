import { digestLength } from '../../blocks/digests.ts'

/*
 * A list is a tree whose nodes are cut where the digests of its items say so. So two lists that have most
 * of their items in common have most of their nodes in common, whatever was added where. Without a least
 * length, whoever chooses digests could have a node for each item, and without a greatest one a node of any size.
 */

/** How long nodes are: at least and at most. Between these, one item in so many ends a node. */
interface Lengths {
  least: number
  chance: number
  most: number
}

const leaves: Lengths = { least: 32, chance: 32, most: 256 }
const inner: Lengths = { least: 8, chance: 16, most: 64 }

/** The highest level that a node can have: more than any list needs. */
export const maxLevel = 12

/** The most items that a node of a level has. */
export const maxLength = (level: number): number => (level === 0 ? leaves : inner).most

/**
 * Whether a node ends behind an item.
 *
 * @param digests - where the digest of the item is; of a node, that of the last item below it
 * @param at - and at which byte it starts
 * @param length - how many items the node has with it
 */
export function isCut (level: number, digests: Uint8Array, at: number, length: number): boolean {
  const isCutThere = isCutBy(level, length)
  if (isCutThere != null) {
    return isCutThere
  }
  // Each level has four bytes of its own, the last ones first
  const end = at + digestLength - 4 * (level % 8)
  return (digests[end - 1] | digests[end - 2] << 8) % (level === 0 ? leaves : inner).chance === 0
}

/** Whether a node ends when it has so many items: undefined where the digest of the last one says. */
export function isCutBy (level: number, length: number): boolean | undefined {
  const { least, most } = level === 0 ? leaves : inner
  return length >= most ? true : length < least ? false : undefined
}
