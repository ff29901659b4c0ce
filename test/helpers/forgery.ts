import * as dagCbor from '@ipld/dag-cbor'
import { base32upper } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { readCar, writeCar } from './archives.ts'
import type { CarBlock } from './archives.ts'

/*
 * A second writer of archives, by docs/FORMAT.md and with the usual tools, that writes what it is
 * told: also what is wrong.
 */

export const toHash = (cid: CID): string => cid.toString(base58btc)
export const toCID = (hash: string): CID => CID.parse(hash, base58btc)

export async function createBlock (value: unknown): Promise<CarBlock> {
  const bytes = dagCbor.encode(value)
  return { cid: CID.createV1(dagCbor.code, await sha256.digest(bytes)), bytes }
}

/** The parts of an archive of one database. */
export interface Parts {
  root: Record<string, unknown>
  /** The snapshot without its lists. */
  snapshot: Record<string, any>
  heads: CID[]
  identities: CID[]
  entries: CID[]
  /** The other blocks, by their hashes. */
  blocks: Map<string, CarBlock>
  /** What lists in the snapshot have instead of what they should. */
  lists?: Record<string, object>
}

const lists = ['heads', 'identities', 'entries'] as const

/** Takes an archive of one database apart. */
export async function takeApart (bytes: Uint8Array): Promise<Parts> {
  const car = await readCar(bytes)
  const blocks = new Map(car.blocks.map(block => [toHash(block.cid), block]))
  const take = (cid: CID): any => {
    const block = blocks.get(toHash(cid))
    return dagCbor.decode(block!.bytes)
  }
  const { databases: [link], ...root } = take(car.roots[0])
  const snapshot = take(link)
  const [heads, identities, entries] = lists.map(name => snapshot[name].leaves.flatMap(take))
  for (const cid of [car.roots[0], link, ...lists.flatMap(name => snapshot[name].leaves)]) {
    blocks.delete(toHash(cid))
  }
  return { root, snapshot, heads, identities, entries, blocks }
}

/** The blocks of the snapshot of a database: itself, then the leaves of its lists. */
async function createSnapshot (parts: Parts): Promise<CarBlock[]> {
  const snapshot = { ...parts.snapshot }
  const leaves = []
  for (const name of lists) {
    const cids = [...parts[name]]
    const list = []
    while (cids.length > 0) {
      list.push(await createBlock(cids.splice(0, 8192)))
    }
    snapshot[name] = { count: parts[name].length, leaves: list.map(({ cid }) => cid), ...parts.lists?.[name] }
    leaves.push(...list)
  }
  return [await createBlock(snapshot), ...leaves]
}

const keyOf = (cid: CID): string => base32upper.encode(cid.multihash.bytes)

/** Sorts links as the lists of an archive have them. */
export const sortLinks = (cids: CID[]): CID[] => cids.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1)

/** Puts an archive of one database together. */
export async function assemble (parts: Parts): Promise<Uint8Array> {
  const blocks = await createSnapshot(parts)
  const root = await createBlock({ databases: [blocks[0].cid], ...parts.root })
  return writeCar([root.cid], [root, ...blocks, ...parts.blocks.values()])
}

/** Changes an archive of one database. */
export async function forge (bytes: Uint8Array, change: (parts: Parts) => unknown): Promise<Uint8Array> {
  const parts = await takeApart(bytes)
  await change(parts)
  for (const name of lists) {
    parts[name] = sortLinks(parts[name])
  }
  return assemble(parts)
}
