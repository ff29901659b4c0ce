import { decodeNode } from '../format/node.ts'
import { DamagedArchiveError, hashOfDigest } from '../errors.ts'
import { compareDigests, digestLength } from '../../blocks/digests.ts'
import type { List } from '../format/list.ts'
import type { ListName, Node } from '../format/node.ts'

/** Items of a list, in its order. */
export interface SortedItems {
  digests: Uint8Array
  times: Float64Array
}

/** A node that a list has, which may not have been read. */
export interface NodeRef {
  digest: Uint8Array
  /** How many items are in it or below it. */
  count: number
  /** Its level, and the time of the last item below it, as the node above it says; unknown of the first one. */
  level?: number
  time?: number
  /** Whether nothing comes behind it on its level. */
  isLast: boolean
}

/** A node that was read. */
export interface TreeNode extends Node {
  /** The nodes that it links to; none of a leaf. */
  children: NodeRef[]
}

/** A list that is somewhere, of which nodes are read as they are needed, each once. */
export interface ListTree extends List {
  readonly name: ListName
  readonly address?: string
  /** Its first node. */
  readonly first: NodeRef
  /** @throws DamagedArchiveError when it is not a node of this list */
  read: (ref: NodeRef) => Promise<TreeNode>
  /** The digest of the last item below a node. */
  lastDigest: (ref: NodeRef) => Promise<Uint8Array>
  /**
   * Where among some items, between two places, those end that are below each child of a node or would be if they were
   * added: behind the last child nothing is left over.
   */
  divide: (children: NodeRef[], items: SortedItems, start: number, end: number) => Promise<number[]>
  /** The places of those of some items that the list has. */
  find: (items: SortedItems) => Promise<number[]>
  /** The digests of all nodes, or of one and those below it. Leaves are not read for that. */
  nodes: (ref?: NodeRef) => AsyncGenerator<Uint8Array>
  /** All items, in order. */
  leaves: () => AsyncGenerator<SortedItems>
}

/**
 * Opens a list.
 *
 * @param readBlock - reads a block that has to be there, and matches its digest
 */
export function openTree (name: ListName, address: string | undefined, { root, count }: List, readBlock: (digest: Uint8Array) => Promise<Uint8Array>): ListTree {
  const first: NodeRef = { digest: root, count, isLast: true }
  const known = new WeakMap<NodeRef, Promise<TreeNode>>()

  const readNode = async ({ digest, level, count, time, isLast }: NodeRef): Promise<TreeNode> => {
    const node = decodeNode(await readBlock(digest))
    const sum = node?.level === 0 ? node.times.length : node?.counts.reduce((sum, count) => sum + count, 0)
    if (node == null || node.list !== name || node.address !== address || sum !== count || node.counts.includes(0) || (level != null && (node.level !== level || node.times.at(-1) !== time))) {
      const hash = hashOfDigest(digest)
      throw new DamagedArchiveError(`The archive is damaged: its list of ${name} has something that is no node of it, block "${hash}"`, { code: 'dag-invalid', hash })
    }
    const children = node.counts.map((count, i): NodeRef => ({
      digest: node.digests.subarray(i * digestLength, (i + 1) * digestLength),
      count,
      level: node.level - 1,
      time: node.times[i],
      isLast: isLast && i === node.counts.length - 1
    }))
    return { ...node, children }
  }

  const read: ListTree['read'] = ref => {
    let node = known.get(ref)
    if (node == null) known.set(ref, node = readNode(ref))
    return node
  }

  const lastDigest: ListTree['lastDigest'] = async ref => {
    const { children, digests } = await read(ref)
    return children.length === 0 ? digests.subarray(-digestLength) : lastDigest(children.at(-1)!)
  }

  const divide: ListTree['divide'] = async (children, items, start, end) => {
    const ends: number[] = []
    let at = start
    for (const child of children.slice(0, -1)) {
      const next = firstAfter(items, at, end, child.time! + 1)
      // Where there are items of the same time as its last one, that has to be known
      at = next > at && items.times[next - 1] === child.time ? firstAfter(items, at, next, child.time!, await lastDigest(child)) : next
      ends.push(at)
    }
    return [...ends, end]
  }

  const find = async (ref: NodeRef, items: SortedItems, start: number, end: number): Promise<number[]> => {
    if (start === end) {
      return []
    }
    const { children, times, digests } = await read(ref)
    const found: number[] = []
    if (children.length === 0) {
      for (let i = 0; i < times.length; i++) {
        const digest = digests.subarray(i * digestLength, (i + 1) * digestLength)
        const place = firstAfter(items, start, end, times[i], digest) - 1
        if (place >= start && items.times[place] === times[i] && compareDigests(items.digests, place * digestLength, digest, 0) === 0) found.push(place)
      }
      return found
    }
    let from = start
    for (const [i, to] of (await divide(children, items, start, end)).entries()) {
      found.push(...await find(children[i], items, from, to))
      from = to
    }
    return found
  }

  const nodes = async function * (ref: NodeRef): AsyncGenerator<Uint8Array> {
    yield ref.digest
    if (ref.level !== 0) {
      for (const child of (await read(ref)).children) yield * nodes(child)
    }
  }

  const leaves = async function * (ref: NodeRef): AsyncGenerator<SortedItems> {
    const { children, digests, times } = await read(ref)
    if (children.length === 0) yield { digests, times: Float64Array.from(times) }
    for (const child of children) yield * leaves(child)
  }

  return {
    name,
    address,
    root,
    count,
    first,
    read,
    lastDigest,
    divide,
    find: items => find(first, items, 0, items.times.length),
    nodes: (ref = first) => nodes(ref),
    leaves: () => leaves(first)
  }
}

/** The first place, between two, of an item that comes after a time and a digest; or that has the time or a later one, where there is no digest. */
function firstAfter ({ digests, times }: SortedItems, start: number, end: number, time: number, digest?: Uint8Array): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >> 1
    const isBefore = times[middle] < time || (digest != null && times[middle] === time && compareDigests(digests, middle * digestLength, digest, 0) <= 0)
    if (isBefore) low = middle + 1
    else high = middle
  }
  return low
}
