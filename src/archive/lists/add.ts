import { isCut, isCutBy } from '../format/cuts.ts'
import { encodeNode } from '../format/node.ts'
import { compareDigests, digestLength, keyOf } from '../../blocks/digests.ts'
import { sha256 } from '../../blocks/sha256.ts'
import type { NodeRef, ListTree, SortedItems } from './tree.ts'
import type { ListedNode, WritableList } from './write.ts'

/** What a node has: an item, or a node of the level below. */
interface Child {
  digest: Uint8Array
  count: number
  time: number
  /** The digest of the last item below it. */
  last: () => Uint8Array | Promise<Uint8Array>
}

/** A node that the list did not have before. */
interface NewNode extends ListedNode {
  children: Uint8Array[]
}

/**
 * Adds items to a list: the same as one that is created of all of them. Of the old one those nodes are read that the
 * items fall into, and few others: where a node ends depends on what is in it alone, so that behind an end that the old
 * list has, too, all is as it was until the next new item. It gives only the nodes that are new.
 *
 * @param tree - the list, all of whose items are linked
 * @param added - items that it does not have
 */
export async function addToList (tree: ListTree, added: SortedItems): Promise<WritableList> {
  const { name: list, address } = tree
  /** What the node has that is being filled, of each level; and how many were filled, or begun */
  const open: Child[][] = []
  const totals: number[] = []
  /** The nodes that the old list has, as far as they were read */
  const old = new Set<string>()
  const made = new Map<string, NewNode>()
  /** What the list has of the old one: nodes with all that is below them, and others */
  const whole: NodeRef[] = []
  const same: Uint8Array[] = []

  const push = async (level: number, child: Child, isEnd?: boolean): Promise<void> => {
    open[level] ??= []
    totals[level] = (totals[level] ?? 0) + 1
    const length = open[level].push(child)
    if (isEnd ?? isCutBy(level, length) ?? isCut(level, await child.last(), 0, length)) await close(level)
  }

  const close = async (level: number): Promise<void> => {
    const children = open[level]
    open[level] = []
    const digests = new Uint8Array(children.length * digestLength)
    for (const [i, { digest }] of children.entries()) digests.set(digest, i * digestLength)
    const bytes = encodeNode({ list, address, level, counts: level === 0 ? [] : children.map(({ count }) => count), times: children.map(({ time }) => time), digests })
    const digest = await sha256(bytes)
    if (old.has(keyOf(digest))) same.push(digest)
    else made.set(keyOf(digest), { digest, bytes, children: level === 0 ? [] : children.map(({ digest }) => digest) })
    const { time, last } = children.at(-1)!
    await push(level + 1, { digest, count: children.reduce((sum, { count }) => sum + count, 0), time, last })
  }

  /** Whether what comes next begins nodes of a level, and of all levels below. */
  const isBegin = (level: number): boolean => open.slice(0, level + 1).every(({ length }) => length === 0)

  /** Takes what is below a node, and the items between two places, which come before the node behind it. */
  const take = async (ref: NodeRef, start: number, end: number, isEnd?: boolean): Promise<void> => {
    const { digest, count, level, time } = ref
    if (start === end && level != null && isBegin(level)) {
      whole.push(ref)
      return push(level + 1, { digest, count, time: time!, last: () => tree.lastDigest(ref) }, isEnd)
    }
    const node = await tree.read(ref)
    old.add(keyOf(digest))
    if (node.level === 0) {
      return takeItems(node.digests, node.times, start, end)
    }
    let from = start
    for (const [i, to] of (await tree.divide(node.children, added, start, end)).entries()) {
      await take(node.children[i], from, to, wasEnd(node.level, i + 1, node.children.length))
      from = to
    }
  }

  /** Whether the node in the making ends behind a child of an old one, as far as that tells what the digest is like that says so. */
  const wasEnd = (level: number, length: number, oldLength: number): boolean | undefined => {
    const isEnd = isCutBy(level, (open[level]?.length ?? 0) + 1)
    return isEnd ?? (isCutBy(level, length) == null ? length === oldLength : undefined)
  }

  const takeItems = async (digests: Uint8Array, times: number[], start: number, end: number): Promise<void> => {
    let at = start
    for (let i = 0; i <= times.length; i++) {
      while (at < end && (i === times.length || (added.times[at] - times[i] || compareDigests(added.digests, at * digestLength, digests, i * digestLength)) < 0)) {
        await pushItem(added.digests, added.times[at], at++)
      }
      if (i < times.length) await pushItem(digests, times[i], i)
    }
  }

  const pushItem = (digests: Uint8Array, time: number, i: number): Promise<void> => {
    const digest = digests.subarray(i * digestLength, (i + 1) * digestLength)
    return push(0, { digest, count: 1, time, last: () => digest })
  }

  /** Closes what is not full, up to the first node. */
  const finish = async (): Promise<Uint8Array> => {
    for (let level = 0; ; level++) {
      if (level > 0 && level === open.length - 1 && totals[level] === 1) {
        return open[level][0].digest
      }
      if (open[level]?.length > 0) await close(level)
    }
  }

  const isNew = added.times.length > 0
  if (isNew) await take(tree.first, 0, added.times.length)
  else whole.push(tree.first)
  const root = isNew ? await finish() : tree.root

  const nodes = function * (digest: Uint8Array): Generator<NewNode> {
    const node = made.get(keyOf(digest))
    if (node == null) {
      return
    }
    yield node
    for (const child of node.children) yield * nodes(child)
  }
  return {
    count: tree.count + added.times.length,
    root,
    * nodes (isWanted = () => true) {
      for (const node of nodes(root)) {
        if (isWanted(node.digest)) yield node
      }
    },
    * sizes () {
      for (const { digest, bytes } of nodes(root)) yield [digest, bytes.length]
    },
    async * reused () {
      yield * same
      for (const ref of whole) yield * tree.nodes(ref)
    }
  }
}
