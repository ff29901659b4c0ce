import { concat } from 'uint8arrays/concat'
import { isCut } from '../format/cuts.ts'
import { encodeNode } from '../format/node.ts'
import { compareDigests, digestLength } from '../../blocks/digests.ts'
import { orderBy, pick } from '../../blocks/packed.ts'
import { sha256 } from '../../blocks/sha256.ts'
import type { List } from '../format/list.ts'
import type { ListName } from '../format/node.ts'
import type { SortedItems } from './tree.ts'

/** The items of a list. */
export interface Columns {
  /** Their digests, one after the other. */
  digests: Uint8Array
  /** Their times; 0 for all where left out. */
  times?: Float64Array
  /** Which of them are named rather than linked, by their places. */
  named?: ReadonlySet<number>
}

/** A node, as a list has it. */
export interface ListedNode {
  digest: Uint8Array
  bytes: Uint8Array
}

/** A list that can be written. */
export interface WritableList extends List {
  /**
   * Its nodes, each before those below it, in order: encoded again as they are asked for, as they take most of the memory.
   *
   * @param isWanted - which of them, by their digests
   */
  nodes (isWanted?: (digest: Uint8Array) => boolean): Iterable<ListedNode>
  /** The digests of all nodes, and how many bytes each has. */
  sizes (): Iterable<[digest: Uint8Array, bytes: number]>
  /** The digests of nodes that are not among these, as another list has them; none where there is none. */
  reused? (): AsyncIterable<Uint8Array>
}

/** The nodes of a level. */
interface Level {
  /** Where each ends, among the nodes below it, or among the items. */
  ends: number[]
  /** How many items are before it, and in it. */
  counts: number[]
  /** The place of its last item. */
  lasts: number[]
  digests: Uint8Array[]
  sizes: number[]
}

/** The order of items: by their times, and then by their digests. */
export function sortItems ({ digests, times }: Columns): Uint32Array {
  const byDigest = (a: number, b: number): number => compareDigests(digests, a * digestLength, digests, b * digestLength)
  if (times != null) {
    return orderBy(times.slice(), (a, b) => times[a] - times[b] || byDigest(a, b))
  }
  const starts = Float64Array.from({ length: digests.length / digestLength }, (_, i) => {
    const at = i * digestLength
    return ((digests[at] * 256 + digests[at + 1]) * 256 + digests[at + 2]) * 256 + digests[at + 3]
  })
  return orderBy(starts, byDigest)
}

/** Puts items in the order of lists. */
export function toListOrder (items: SortedItems): SortedItems {
  const order = sortItems(items)
  return { digests: pick(items.digests, order), times: Float64Array.from(order, place => items.times[place]) }
}

/** The items of several lists, one after the other. */
export function concatItems (parts: Array<{ digests: Uint8Array, times: ArrayLike<number> }>): SortedItems {
  const count = parts.reduce((count, { times }) => count + times.length, 0)
  const digests = new Uint8Array(count * digestLength)
  const times = new Float64Array(count)
  let at = 0
  for (const part of parts) {
    digests.set(part.digests, at * digestLength)
    times.set(part.times, at)
    at += part.times.length
  }
  return { digests, times }
}

/**
 * Creates a list.
 *
 * @returns undefined when it has no items.
 */
export async function createList (list: ListName, address: string | undefined, columns: Columns, order = sortItems(columns)): Promise<WritableList | undefined> {
  if (order.length === 0) {
    return undefined
  }
  const { digests, times, named } = columns
  const levels: Level[] = []
  const timeOf = (item: number): number => times?.[order[item]] ?? 0

  const encode = (level: number, i: number): Uint8Array => {
    const { ends } = levels[level]
    const start = i === 0 ? 0 : ends[i - 1]
    const length = ends[i] - start
    const below = levels[level - 1]
    return encodeNode({
      list,
      address,
      level,
      counts: below?.counts.slice(start, ends[i]) ?? [],
      times: Array.from({ length }, (_, j) => timeOf(below?.lasts[start + j] ?? start + j)),
      digests: below == null ? pick(digests, order.subarray(start, ends[i])) : concat(below.digests.slice(start, ends[i])),
      ...(below == null && {
        isNamed: list === 'heads' || list === 'identities' ? () => true : named == null ? undefined : (j: number) => named.has(order[start + j])
      })
    })
  }

  do {
    const below = levels.at(-1)
    const level: Level = { ends: [], counts: [], lasts: [], digests: [], sizes: [] }
    const length = below?.ends.length ?? order.length
    levels.push(level)
    for (let i = 0, start = 0, count = 0; i < length; i++) {
      const last = below?.lasts[i] ?? i
      count += below?.counts[i] ?? 1
      if (i === length - 1 || isCut(levels.length - 1, digests, order[last] * digestLength, i - start + 1)) {
        level.ends.push(i + 1)
        level.counts.push(count)
        level.lasts.push(last)
        const bytes = encode(levels.length - 1, level.ends.length - 1)
        const digest = sha256(bytes)
        level.sizes.push(bytes.length)
        level.digests.push(digest instanceof Uint8Array ? digest : await digest)
        start = i + 1
        count = 0
      }
    }
  } while (levels.at(-1)!.ends.length > 1)

  return {
    count: order.length,
    root: levels.at(-1)!.digests[0],
    * nodes (isWanted = () => true) {
      const next = [...levels.keys()].fill(0)
      for (let level = levels.length - 1; level < levels.length;) {
        const i = next[level]++
        const digest = levels[level].digests[i]
        if (isWanted(digest)) yield { digest, bytes: encode(level, i) }
        if (level > 0) {
          level--
        } else {
          // The first level above which has a node left
          while (level < levels.length && next[level] === (level + 1 < levels.length ? levels[level + 1].ends[next[level + 1] - 1] : 1)) level++
        }
      }
    },
    * sizes () {
      for (const { digests, sizes } of levels) {
        for (const [i, digest] of digests.entries()) yield [digest, sizes[i]]
      }
    }
  }
}
