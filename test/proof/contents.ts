// What is in a directory, as it is opened, and whether it fits together
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { hashesOf } from '../helpers/logs.ts'
import { names, openDatabase } from './nodes.ts'
import type { Addresses, AnyDB, Core, Name, RunningNode } from './nodes.ts'
import type { Entry, Head } from '../../src/index.ts'

export interface Contents {
  /** Hashes of the heads, sorted */
  heads: string[]
  /** Hashes in the index, sorted; those of the entries where it can not be seen, as in stock OrbitDB */
  index: string[]
  /** Hashes of all entries that the heads reach, sorted */
  entries: string[]
  /** What an app reads */
  records: unknown
}

const hashIn = (address: string): string => address.slice(address.lastIndexOf('/') + 1)

/** Those of some hashes that are not among others. */
export function missingIn (there: string[], wanted: Iterable<string>): string[] {
  const known = new Set(there)
  return [...wanted].filter(hash => !known.has(hash))
}

/** Reads all entries that some heads reach. */
async function readEntries ({ log }: AnyDB, heads: string[]): Promise<Entry[]> {
  const entries: Entry[] = []
  const reached = new Set(heads)
  for (const hash of reached) {
    const entry = await log.get(hash)
    entries.push(entry)
    for (const next of entry.next) reached.add(next)
  }
  return entries
}

/** Reads a database, and complains of all that does not fit together in it. */
export async function readDatabase (db: AnyDB, { orbitdb: { ipfs } }: RunningNode): Promise<{ contents: Contents, faults: string[] }> {
  const faults: string[] = []
  const has = async (hash: string): Promise<boolean> => ipfs.blockstore.has(CID.parse(hash, base58btc))
  // Between two writes; of stock OrbitDB, only what it shows
  const state: { heads: Head[], index: Map<string, true> } | undefined = await db.log.export?.()
  const index = state == null ? undefined : [...state.index.keys()].sort()
  const heads = hashesOf(state?.heads ?? await db.log.heads())
  const lost: string[] = []
  for (const hash of new Set([...heads, ...index ?? []])) {
    if (!await has(hash)) lost.push(hash)
  }
  if (lost.length > 0) {
    // To read further would be to wait for the network
    return { contents: { heads, index: index ?? [], entries: [], records: undefined }, faults: [`${lost.length} entries in the log have no block`] }
  }
  const entries = await readEntries(db, heads)
  const hashes = hashesOf(entries)
  if (index != null) {
    const unreachable = missingIn(hashes, index)
    if (unreachable.length > 0) faults.push(`${unreachable.length} indexed entries are reached by no head`)
    const unindexed = missingIn(index, hashes)
    if (unindexed.length > 0) faults.push(`${unindexed.length} entries that the heads reach are not in the index`)
  }
  const named = new Set(entries.flatMap(({ next }) => next))
  const wrong = heads.filter(hash => named.has(hash))
  if (wrong.length > 0) faults.push(`${wrong.length} heads are named by other entries`)
  return { contents: { heads, index: index ?? hashes, entries: hashes, records: await db.all() }, faults }
}

/** Opens and reads all databases of a node. */
export async function readNode (node: RunningNode, addresses: Addresses, core: Core = 'ours', only: readonly Name[] = names) {
  const result: Partial<Record<Name, Awaited<ReturnType<typeof readDatabase>>>> = {}
  for (const name of only) {
    const db = await openDatabase(node, addresses, name, core)
    result[name] = await readDatabase(db, node)
    await db.close()
  }
  return result
}

/** Blocks that the databases of a node need and that are not pinned, in words. */
export async function findUnpinned (node: RunningNode, addresses: Addresses): Promise<string[]> {
  const needed = new Map<string, string>()
  for (const name of names) {
    const db = await openDatabase(node, addresses, name)
    const access = name === 'team' ? await node.orbitdb.open(db.access.address, { sync: false }) : undefined
    for (const [of, { address, log, access: { address: accessAddress } }] of [[name, db], ...access == null ? [] : [[`the access controller of ${name}`, access]]] as Array<[string, AnyDB]>) {
      needed.set(hashIn(address), `the manifest of ${of}`)
      needed.set(hashIn(accessAddress), `the access controller of ${of}`)
      for (const { hash, identity, key } of await log.values()) {
        needed.set(hash, `an entry of ${of}`)
        needed.set(identity, `the identity of the key ${key.slice(0, 8)}`)
      }
    }
    await db.close()
  }
  const unpinned: string[] = []
  for (const [hash, what] of needed) {
    if (!await node.orbitdb.ipfs.pins.isPinned(CID.parse(hash, base58btc))) unpinned.push(what)
  }
  return unpinned
}
