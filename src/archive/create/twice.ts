import { timeOf } from './time.ts'
import { dagCbor } from '../decode.ts'
import { concatItems, toListOrder } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import type { Base } from './base.ts'
import type { Plan } from './plan.ts'

/**
 * Whether a block of a plan would be linked in two places, if entries were added to lists of a base that were not read as a
 * whole. Only who makes entries on purpose can achieve that: they are also those of another log, or else blocks that
 * databases share, or of the archive itself.
 */
export async function isLinkedTwice ({ entries, shared, sizes, doubled }: Plan, base: Base): Promise<boolean> {
  const databases = entries.flatMap(({ contents: { base } }) => base ?? [])
  if (databases.length === 0) {
    return false
  }
  if (doubled > 0) {
    return true
  }
  const others = [
    ...shared.flatMap(({ digest, bytes }) => bytes == null || base.has(digest) ? [] : [{ digests: digest, times: [timeOfBlock(bytes)] }]),
    // Blocks of an archive have no clock
    ...Array.from(sizes(), ([digest]) => ({ digests: digest, times: [0] }))
  ]
  const items = toListOrder(concatItems([...entries.map(({ contents: { entries } }) => entries), ...others]))
  for (const { entries } of databases) {
    if ((await entries.find(items)).length > 0) {
      return true
    }
  }
  if (new Set(databases.map(({ archive }) => archive)).size > 1) {
    // What is in none of the lists twice may be in two that are not of one archive
    const known = createDigestTable()
    for (const { entries } of databases) {
      for await (const { digests } of entries.leaves()) {
        for (let at = 0; at < digests.length; at += digestLength) {
          if (known.add(digests, at) < 0) return true
        }
      }
    }
  }
  return false
}

/** The time that a list of entries would have of a block. */
function timeOfBlock (bytes: Uint8Array): number {
  try {
    return timeOf(dagCbor.decode(bytes))
  } catch {
    return 0
  }
}
