import { DamagedArchiveError, hashOfDigest } from '../errors.ts'
import { decodeNode } from '../format/node.ts'
import { digestLength, keyOf, toDigest } from '../../blocks/digests.ts'
import type { Side } from './side.ts'
import type { List } from '../format/list.ts'
import type { ListName, Node } from '../format/node.ts'

/** How two lists differ. */
export interface ListDifference {
  new: number
  gone: number
  same: number
  hashes?: { new: string[], gone: string[] }
}

/** A list of a database on one of the sides, if it is there. */
export interface ListOfSide {
  side: Side
  list?: List
}

export interface DiffListsOptions {
  name: Exclude<ListName, 'shared'>
  address: string
  /** Whether the hashes of what differs are asked for. */
  hashes: boolean
}

/** Nodes of a list that have to be read, and how many items are below each. */
type Wanted = Map<string, number>

/**
 * Compares two lists. Trees are cut by content, so that what both have in common is the same nodes: these are found by
 * their digests, level by level, and are not read.
 */
export async function diffLists (a: ListOfSide, b: ListOfSide, { name, address, hashes }: DiffListsOptions): Promise<ListDifference> {
  const counts = [a, b].map(({ list }) => list?.count ?? 0)
  const isOne = a.list == null || b.list == null
  if (isOne && !hashes) {
    return { new: counts[1], gone: counts[0], same: 0 }
  }
  const walks = [a, b].map(({ side, list }) => createWalk(side, list, name, address)) as [Walk, Walk]
  const [one, other] = walks
  dropShared(one, other)
  for (const walk of walks) await walk.read()
  while (one.level > 0 || other.level > 0) {
    const level = Math.max(one.level, other.level)
    const deep = walks.filter(walk => walk.level === level)
    for (const walk of deep) walk.descend()
    if (one.level === other.level) dropShared(one, other)
    for (const walk of deep) await walk.read()
  }
  const items = walks.map(({ items }) => items())
  const gone = [...items[0]].filter(key => !items[1].has(key))
  const added = [...items[1]].filter(key => !items[0].has(key))
  const toHashes = (keys: string[]): string[] => keys.map(key => hashOfDigest(toDigest(key)))
  return {
    new: added.length,
    gone: gone.length,
    same: counts[1] - added.length,
    ...(hashes && { hashes: { new: toHashes(added), gone: toHashes(gone) } })
  }
}

/** Forgets the nodes that both lists have. A root that is less deep than the other was read, and may be a node of the other. */
function dropShared (a: Walk, b: Walk): void {
  for (const key of [...a.wanted.keys(), ...a.nodes.keys()]) {
    if (b.has(key)) [a, b].forEach(walk => walk.drop(key))
  }
}

/** Goes down a list, level by level. */
interface Walk {
  /** The level of the nodes that are wanted or were read; -1 where there is nothing. */
  readonly level: number
  wanted: Wanted
  /** Those of this level that were read. */
  nodes: Map<string, Node>
  /** Whether a node is wanted, or was read. */
  has: (key: string) => boolean
  drop: (key: string) => void
  /** Reads the nodes that are wanted. */
  read: () => Promise<void>
  /** Wants what the nodes that were read link to. */
  descend: () => void
  /** The items of the leaves that were read. */
  items: () => Set<string>
}

/** How many nodes are asked for at once. */
const batchLength = 1000

function createWalk (side: Side, list: List | undefined, name: ListName, address: string): Walk {
  let level: number | undefined
  const refuse = (digest: Uint8Array): never => {
    const hash = hashOfDigest(digest)
    throw new DamagedArchiveError(`The archive is damaged: block "${hash}" is not a valid part of the list of ${name} of ${address}`, { code: 'dag-invalid', hash })
  }
  /** The digests in nodes, each of which they have once. */
  const digestsOf = (count: (node: Node, i: number) => number): Wanted => {
    const found: Wanted = new Map()
    for (const node of walk.nodes.values()) {
      for (let i = 0; i < node.times.length; i++) {
        const key = keyOf(node.digests, i * digestLength)
        if (found.has(key)) refuse(toDigest(key))
        found.set(key, count(node, i))
      }
    }
    return found
  }

  const walk: Walk = {
    get level () {
      return level ?? -1
    },
    wanted: new Map(list == null ? [] : [[keyOf(list.root), list.count]]),
    nodes: new Map(),
    has: key => walk.wanted.has(key) || walk.nodes.has(key),
    drop: key => {
      walk.wanted.delete(key)
      walk.nodes.delete(key)
    },
    read: async () => {
      const keys = [...walk.wanted]
      walk.wanted = new Map()
      for (let start = 0; start < keys.length; start += batchLength) {
        const some = keys.slice(start, start + batchLength).map(([key, count]) => ({ key, digest: toDigest(key), count }))
        const blocks = await side.read(some.map(({ digest }) => digest))
        for (const { key, digest, count } of some) {
          const bytes = blocks.get(key)
          if (bytes == null) {
            throw side.missing(digest)
          }
          const node = decodeNode(bytes) ?? refuse(digest)
          level ??= node.level
          const sum = node.level === 0 ? node.times.length : node.counts.reduce((sum, count) => sum + count, 0)
          if (node.list !== name || node.address !== address || node.level !== level || sum !== count || node.counts.includes(0)) refuse(digest)
          walk.nodes.set(key, node)
        }
      }
    },
    descend: () => {
      walk.wanted = digestsOf((node, i) => node.counts[i])
      walk.nodes = new Map()
      level!--
    },
    items: () => new Set(digestsOf(() => 1).keys())
  }
  return walk
}
