import * as dagCbor from '@ipld/dag-cbor'
import { concat } from 'uint8arrays/concat'
import { toCID } from '../helpers/cid.ts'
import { encodeRoot } from '../../src/archive/format/root.ts'
import { encodeSnapshot } from '../../src/archive/format/snapshot.ts'
import { createList } from '../../src/archive/lists/write.ts'
import { encodeBlocks, encodeHeader } from '../../src/archive/sinks/car.ts'
import { sha256 } from '../../src/blocks/sha256.ts'
import { hashOf } from '../../src/core/blocks.ts'
import type { AccessControllerName } from '../../src/archive/format/snapshot.ts'
import type { WrittenBlock } from '../../src/archive/sinks/car.ts'
import type { Block, DatabaseAddress, SigningIdentity } from '../../src/index.ts'

/** A block, and the hash that it has. */
export interface NamedBlock {
  hash: string
  bytes: Uint8Array
}

/** All that a database is made of, to be changed before a state or an archive is made of it. */
export interface HostileLog {
  manifest: NamedBlock
  /** Block of the access controller. */
  access?: NamedBlock
  identities: NamedBlock[]
  /** The oldest first. */
  entries: NamedBlock[]
  heads: string[]
}

/** The fields of an entry that are signed, and the others. */
export type Fields = Record<string, unknown>

export async function toBlock (value: unknown): Promise<NamedBlock> {
  return nameBlock(dagCbor.encode(value))
}

export async function nameBlock (bytes: Uint8Array): Promise<NamedBlock> {
  return { bytes, hash: await hashOf(bytes) }
}

export const addressOf = ({ manifest }: HostileLog): DatabaseAddress => `/orbitdb/${manifest.hash}` as DatabaseAddress

/** Signs an entry with whatever fields; undefined leaves one out. */
export async function sign (identity: SigningIdentity, fields: Fields, unsigned: Fields = {}): Promise<NamedBlock> {
  const without = (value: Fields): Fields => Object.fromEntries(Object.entries(value).filter(([, value]) => value !== undefined))
  const signed = without({ payload: { op: 'ADD', key: null, value: 'signed' }, next: [], refs: [], clock: { id: identity.publicKey, time: 1 }, v: 2, ...fields })
  const sig = await identity.sign(identity, dagCbor.encode(signed))
  return toBlock(without({ ...signed, key: identity.publicKey, identity: identity.hash, sig, ...unsigned }))
}

export const identityBlock = ({ id, publicKey, signatures, type }: SigningIdentity): Promise<NamedBlock> => toBlock({ id, publicKey, signatures, type })

/** A database as its owner wrote it: some entries, one after the other. */
export async function createLog (owner: SigningIdentity, name: string, { count = 3, type = 'events', write = [owner.id] }: { count?: number, type?: string, write?: string[] } = {}): Promise<HostileLog> {
  const access = await toBlock({ type: 'ipfs', write })
  const manifest = await toBlock({ name, type, accessController: `/ipfs/${access.hash}` })
  const log: HostileLog = { manifest, access, identities: [await identityBlock(owner)], entries: [], heads: [] }
  for (let i = 0; i < count; i++) await append(log, owner, { payload: { op: 'ADD', key: null, value: i } })
  return log
}

/** Adds an entry that follows the heads. */
export async function append (log: HostileLog, identity: SigningIdentity, fields: Fields = {}, unsigned: Fields = {}): Promise<NamedBlock> {
  const time = log.entries.length + 1
  return addEntry(log, await sign(identity, { id: addressOf(log), next: log.heads, clock: { id: identity.publicKey, time }, ...fields }, unsigned))
}

/** Adds a block as the only head. */
export function addEntry (log: HostileLog, block: NamedBlock): NamedBlock {
  log.entries.push(block)
  log.heads = [block.hash]
  return block
}

export const cloneLog = (log: HostileLog): HostileLog => ({ ...log, identities: [...log.identities], entries: [...log.entries], heads: [...log.heads] })

const setupOf = ({ manifest, access, identities }: HostileLog): NamedBlock[] => [manifest, ...access == null ? [] : [access], ...identities]

/** The state of a database, as `export` gives it. */
export function toState (log: HostileLog): { address: DatabaseAddress, heads: string[], index: Map<string, true>, blocks: Block[] } {
  return {
    address: addressOf(log),
    heads: [...log.heads],
    index: new Map(log.entries.map(({ hash }) => [hash, true])),
    blocks: [...setupOf(log), ...log.entries].map(({ hash, bytes }): Block => [hash, bytes])
  }
}

/** The time that a list has for an entry. */
function timeOf ({ bytes }: NamedBlock): number {
  try {
    const { clock } = dagCbor.decode<any>(bytes)
    return Number.isSafeInteger(clock.time) && clock.time >= 0 ? clock.time : 0
  } catch {
    return 0
  }
}

export const digestOf = (hash: string): Uint8Array => toCID(hash).multihash.digest

const unique = <Item extends { hash: string }> (items: Item[]): Item[] => [...new Map(items.map(item => [item.hash, item])).values()]

export interface ArchiveOptions {
  /** What the snapshots name as their access controllers. */
  accessController?: (log: HostileLog) => AccessControllerName | undefined
  /** Databases of access controllers, besides. */
  access?: HostileLog[]
  /** Blocks that are linked as shared, besides. */
  shared?: NamedBlock[]
}

const blockOf = ({ access }: HostileLog): AccessControllerName | undefined => access == null ? undefined : { block: digestOf(access.hash) }

/** An archive of databases, well-formed whatever is in them. */
export async function toArchive (logs: HostileLog[], options: ArchiveOptions = {}): Promise<Uint8Array> {
  const { root, nodes, blocks } = await toBlocks(logs, options)
  return concat([encodeHeader([root]), encodeBlocks(nodes, 'dag-cbor'), encodeBlocks(blocks, 'raw')])
}

/** The blocks of an archive: its own, and those of the databases. */
export async function toBlocks (logs: HostileLog[], { accessController = blockOf, access = [], shared: others = [] }: ArchiveOptions = {}): Promise<{ root: Uint8Array, nodes: WrittenBlock[], blocks: WrittenBlock[] }> {
  const nodes: WrittenBlock[] = []
  const addList = async (...parameters: Parameters<typeof createList>) => {
    const list = await createList(...parameters)
    if (list != null) nodes.push(...list.nodes())
    return list
  }
  const byAddress = (a: HostileLog, b: HostileLog): number => addressOf(a) < addressOf(b) ? -1 : 1
  const shared = unique([...logs, ...access].flatMap(setupOf).concat(others))
  const sharedList = await addList('shared', undefined, { digests: concat(shared.map(({ hash }) => digestOf(hash))) })
  const isShared = new Set(shared.map(({ hash }) => hash))
  const snapshots = new Map<HostileLog, WrittenBlock>()
  for (const log of [...access.toSorted(byAddress), ...logs.toSorted(byAddress)]) {
    const address = addressOf(log)
    const byHash = new Map(log.entries.map(entry => [entry.hash, entry]))
    const listOf = async (name: 'heads' | 'identities' | 'entries', hashes: string[], named?: Set<number>) => addList(name, address, {
      digests: concat(hashes.map(digestOf)),
      ...(name !== 'identities' && { times: Float64Array.from(hashes, hash => byHash.has(hash) ? timeOf(byHash.get(hash)!) : 0) }),
      named
    })
    const entries = unique(log.entries).map(({ hash }) => hash)
    const bytes = encodeSnapshot({
      address,
      accessController: accessController(log),
      heads: await listOf('heads', log.heads),
      identities: await listOf('identities', unique(log.identities).map(({ hash }) => hash)),
      entries: await listOf('entries', entries, new Set(entries.flatMap((hash, i) => isShared.has(hash) ? [i] : []))),
      isUnread: false
    })
    snapshots.set(log, { digest: await sha256(bytes), bytes })
  }
  const digestsOf = (logs: HostileLog[]): Uint8Array[] => logs.toSorted(byAddress).map(log => snapshots.get(log)!.digest)
  const bytes = encodeRoot({ databases: digestsOf(logs), access: digestsOf(access), shared: sharedList })
  const root = await sha256(bytes)
  const blocks = unique([...shared, ...[...logs, ...access].flatMap(({ entries }) => entries)])
  return {
    root,
    nodes: [{ digest: root, bytes }, ...snapshots.values(), ...nodes],
    blocks: blocks.map(({ hash, bytes }) => ({ digest: digestOf(hash), bytes }))
  }
}
