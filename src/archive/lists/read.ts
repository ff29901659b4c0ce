import { isCut } from '../format/cuts.ts'
import { decodeNode } from '../format/node.ts'
import { compareDigests, createDigestTable, digestLength } from '../../blocks/digests.ts'
import type { List } from '../format/list.ts'
import type { ListName, Node } from '../format/node.ts'

/** A node that is wanted next, or a part of a list below it. */
export interface WantedNode {
  digest: Uint8Array
  /** How many items are in it or below it. */
  count: number
}

/** Reads a list, node by node, in order. It keeps one node for each level. */
export interface ListReader {
  /** The node that has to be added next; undefined at the end. */
  wanted (): WantedNode | undefined
  /** Nodes that will be wanted soon: those that are known already. */
  ahead (): Iterable<Uint8Array>
  /**
   * Adds the node that is wanted.
   *
   * @returns It, where it is a leaf.
   * @throws Error, whose message says what is wrong with the list.
   */
  add (bytes: Uint8Array): Node | undefined
  /** Leaves out the node that is wanted, and all below it. */
  skip (): void
}

/** A node that is being read. */
interface Open extends Node {
  /** How many of its items were read. */
  done: number
  /** Whether nothing comes behind it on its level. */
  isLast: boolean
}

/** A list is not what it has to be. */
export class MalformedListError extends Error {}

const refuse = (what: string): never => {
  throw new MalformedListError(what)
}

/** Creates a reader of a list, which checks all that makes it the one list of its items. */
export function createListReader (list: ListName, address: string | undefined, { count, root }: List): ListReader {
  const open: Open[] = []
  let isBegun = false
  // The last item; its digest is not known behind what was left out
  let lastTime = 0
  let lastDigest: Uint8Array | undefined

  /** Closes the nodes that are read to their ends, and checks that these are where they have to be. */
  const close = (): void => {
    for (let top = open.at(-1); top != null; top = open.at(-1)) {
      if (top.done > 0) {
        const isCutHere = lastDigest == null ? undefined : isCut(top.level, lastDigest, 0, top.done)
        if (top.done < top.times.length) {
          if (isCutHere === true) refuse('a node that should end earlier')
          return
        }
        if (isCutHere === false && !top.isLast) refuse('a node that should end later')
      } else {
        return
      }
      open.pop()
    }
  }

  const wanted = (): WantedNode | undefined => {
    if (!isBegun) {
      return { digest: root, count }
    }
    const top = open.at(-1)
    return top == null
      ? undefined
      : { digest: top.digests.subarray(top.done * digestLength, (top.done + 1) * digestLength), count: top.counts[top.done] }
  }

  const readItems = ({ level, times, digests, isLast }: Open): void => {
    for (let i = 0; i < times.length; i++) {
      const at = i * digestLength
      const isAfter = times[i] > lastTime || (times[i] === lastTime && (lastDigest == null || compareDigests(lastDigest, 0, digests, at) < 0))
      if (!isAfter) refuse('items in another order')
      lastTime = times[i]
      lastDigest = digests.subarray(at, at + digestLength)
      if (i < times.length - 1 && isCut(level, digests, at, i + 1)) refuse('a node that should end earlier')
    }
    if (!isLast && !isCut(level, lastDigest!, 0, times.length)) refuse('a node that should end later')
  }

  return {
    wanted,
    * ahead () {
      for (const { digests, done, times } of open.toReversed()) {
        for (let i = done; i < times.length; i++) yield digests.subarray(i * digestLength, (i + 1) * digestLength)
      }
    },
    add: bytes => {
      const { count } = wanted()!
      const above = open.at(-1)
      const node = decodeNode(bytes) ?? refuse('something that is no node')
      if (above != null && node.times[node.times.length - 1] !== above.times[above.done]) refuse('a node with another time than its parent says')
      if (node.list !== list || node.address !== address) refuse('a node of another list')
      if (above != null && node.level !== above.level - 1) refuse('a node of another level')
      if (above == null && node.level > 0 && node.times.length < 2) refuse('a node that is not needed')
      const sum = node.level === 0 ? node.times.length : node.counts.reduce((sum, count) => sum + count, 0)
      if (sum !== count || node.counts.includes(0)) refuse('another number of items than its parent says')
      if ((list === 'shared' || list === 'heads' || list === 'identities') && node.level === 0) {
        const isWrong = (i: number): boolean => (node.isNamed?.(i) ?? false) !== (list !== 'shared')
        if (node.times.some((_, i) => isWrong(i))) refuse('links where names should be, or names where links should be')
      }
      if (node.level > 0 && hasTwice(node)) refuse('a node that links to another twice')
      if (list !== 'entries' && list !== 'heads' && node.times.some(time => time !== 0)) refuse('times where there are none')

      isBegun = true
      const isLast = above == null || (above.isLast && above.done === above.times.length - 1)
      if (above != null) above.done++
      const opened = { ...node, done: 0, isLast }
      if (node.level > 0) {
        open.push(opened)
        return undefined
      }
      readItems(opened)
      close()
      return node
    },
    skip: () => {
      const above = open.at(-1)
      isBegun = true
      if (above != null) {
        lastTime = above.times[above.done++]
        lastDigest = undefined
        close()
      }
    }
  }
}

/** Whether a node has a digest twice. */
function hasTwice ({ digests }: Node): boolean {
  const table = createDigestTable()
  for (let at = 0; at < digests.length; at += digestLength) {
    if (table.add(digests, at) < 0) {
      return true
    }
  }
  return false
}
