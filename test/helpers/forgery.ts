import * as dagCbor from '@ipld/dag-cbor'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { readCar, writeCar } from './archives.ts'
import type { CarBlock } from './archives.ts'

/*
 * A second reader and writer of archives, by docs/FORMAT.md and with the usual tools. It writes what it is
 * told: also what is wrong.
 */

const raw = 0x55

/** The hash of a block, as OrbitDB names it, whatever codec its CID has. */
export const toHash = (cid: CID): string => CID.createV1(dagCbor.code, cid.multihash).toString(base58btc)
export const toCID = (hash: string): CID => CID.parse(hash, base58btc)

const toRaw = (cid: CID): CID => CID.createV1(raw, cid.multihash)
const fromDigest = async (digest: Uint8Array): Promise<CID> => {
  const multihash = await sha256.digest(new Uint8Array())
  const bytes = multihash.bytes.slice()
  bytes.set(digest, 2)
  return CID.decode(Uint8Array.from([1, dagCbor.code, ...bytes]))
}

export async function createBlock (value: unknown): Promise<CarBlock> {
  const bytes = dagCbor.encode(value)
  return { cid: CID.createV1(dagCbor.code, await sha256.digest(bytes)), bytes }
}

/** An item of a list. */
interface Item {
  cid: CID
  time: number
}

/** The parts of an archive of one database. */
export interface Parts {
  root: Record<string, unknown>
  /** The snapshot without its lists. */
  snapshot: Record<string, any>
  manifest: CID
  /** The block of the access controller. */
  access?: CID
  heads: CID[]
  identities: CID[]
  entries: CID[]
  /** The blocks of the database, by their hashes. */
  blocks: Map<string, CarBlock>
  /** What lists in the snapshot have instead of what they should. */
  lists?: Record<string, object>
  /** What is linked as shared instead of what should be. */
  shared?: CID[]
  /** Changes the nodes of lists before they are encoded. */
  changeNode?: (node: any[]) => unknown
}

const names = ['heads', 'identities', 'entries'] as const

/** Takes an archive of one database apart. */
export async function takeApart (bytes: Uint8Array): Promise<Parts> {
  const car = await readCar(bytes)
  const blocks = new Map(car.blocks.map(block => [toHash(block.cid), block]))
  const take = (cid: CID): any => {
    const block = blocks.get(toHash(cid))!
    blocks.delete(toHash(cid))
    return dagCbor.decode(block.bytes)
  }
  const takeList = async (list?: { root: CID, count: number }): Promise<CID[]> => {
    const read = async (cid: CID): Promise<CID[]> => {
      const [, , level, , , items] = take(cid)
      const cids: CID[][] = []
      for (const item of items) {
        cids.push(level > 0 ? await read(item) : [item instanceof Uint8Array ? await fromDigest(item) : toCID(toHash(item))])
      }
      return cids.flat()
    }
    return list == null ? [] : read(list.root)
  }
  const { databases: [link], shared, ...root } = take(car.roots[0])
  await takeList(shared)
  const { heads, identities, entries, ...snapshot } = take(link)
  return {
    root,
    snapshot,
    manifest: toCID(snapshot.address.slice('/orbitdb/'.length)),
    ...(snapshot.accessController?.block != null && { access: await fromDigest(snapshot.accessController.block) }),
    heads: await takeList(heads),
    identities: await takeList(identities),
    entries: await takeList(entries),
    blocks
  }
}

const compare = (a: Item, b: Item): number => a.time - b.time || Buffer.compare(a.cid.multihash.digest, b.cid.multihash.digest)

/** Whether a node ends behind an item. */
export function isCut (level: number, { cid }: Item, length: number): boolean {
  const [least, chance, most] = level === 0 ? [32, 32, 256] : [8, 16, 64]
  const bits = Buffer.from(cid.multihash.digest).readUInt16BE(30 - 4 * (level % 8))
  return length >= most || (length >= least && bits % chance === 0)
}

/** The nodes of a list, and how a snapshot names it. */
export async function createList (list: string, address: string | null, items: Item[], toItem: (item: Item) => unknown, change: Parts['changeNode'] = () => {}): Promise<{ blocks: CarBlock[], list?: object }> {
  let nodes = items.toSorted(compare).map(item => ({ ...item, link: toItem(item), count: 1, blocks: [] as CarBlock[] }))
  if (nodes.length === 0) {
    return { blocks: [] }
  }
  for (let level = 0; level === 0 || nodes.length > 1; level++) {
    const above: typeof nodes = []
    let part: typeof nodes = []
    for (const [i, node] of nodes.entries()) {
      part.push(node)
      if (isCut(level, node, part.length) || i === nodes.length - 1) {
        const times = part.map(({ time }, i) => time - (part[i - 1]?.time ?? 0))
        const value = [list, address, level, level === 0 ? [] : part.map(({ count }) => count), times, part.map(({ link }) => link)]
        change(value)
        const block = await createBlock(value)
        above.push({ ...node, link: block.cid, count: part.reduce((sum, { count }) => sum + count, 0), blocks: [block, ...part.flatMap(({ blocks }) => blocks)] })
        part = []
      }
    }
    nodes = above
  }
  return { blocks: nodes[0].blocks, list: { root: nodes[0].link, count: items.length } }
}

/** Puts an archive of one database together. */
export async function assemble (parts: Parts): Promise<Uint8Array> {
  const { address } = parts.snapshot
  const nodes: CarBlock[] = []
  const timeOf = (cid: CID): number => {
    try {
      const time = (dagCbor.decode(parts.blocks.get(toHash(cid))!.bytes) as any).clock.time
      return Number.isSafeInteger(time) && time >= 0 ? time : 0
    } catch {
      return 0
    }
  }
  const shared = [...new Map((parts.shared ?? [parts.manifest, ...parts.access == null ? [] : [parts.access], ...parts.identities]).map(cid => [toHash(cid), cid])).values()]
  const sharedList = await createList('shared', null, shared.map(cid => ({ cid, time: 0 })), ({ cid }) => toRaw(cid), parts.changeNode)
  const snapshot: Record<string, unknown> = { ...parts.snapshot }
  for (const name of names) {
    const items = parts[name].map(cid => ({ cid, time: name === 'identities' ? 0 : timeOf(cid) }))
    const { blocks, list } = await createList(name, address, items, ({ cid }) => name === 'entries' ? toRaw(cid) : cid.multihash.digest, parts.changeNode)
    nodes.push(...blocks)
    const named = parts.lists?.[name] == null ? list : { ...list, ...parts.lists[name] }
    if (named != null) snapshot[name] = named
  }
  const snapshotBlock = await createBlock(snapshot)
  const root = await createBlock({ databases: [snapshotBlock.cid], ...sharedList.list != null && { shared: sharedList.list }, ...parts.root })
  const ofDatabase = [...parts.blocks.values()].map(({ cid, bytes }) => ({ cid: toRaw(cid), bytes }))
  return writeCar([root.cid], [root, snapshotBlock, ...sharedList.blocks, ...nodes, ...ofDatabase])
}

/** Changes an archive of one database. */
export async function forge (bytes: Uint8Array, change: (parts: Parts) => unknown): Promise<Uint8Array> {
  const parts = await takeApart(bytes)
  await change(parts)
  return assemble(parts)
}
