import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { equals } from 'uint8arrays/equals'
import { DamagedArchiveError, ForeignArchiveError, UnsupportedVersionError } from './errors.ts'
import { cidLength, isOfDagCbor, multihashOf, toBytes, toHash } from '../blocks/hashes.ts'
import { countOf, unpack } from '../blocks/packed.ts'
import { sha256 } from '../blocks/sha256.ts'
import type { CIDBytes } from '../blocks/index.ts'
import type { Block, DatabaseAddress } from '../core/index.ts'

/*
 * The blocks that an archive has besides those of the databases: a root, a snapshot of each
 * database, and the leaves of its lists. They are specified in docs/FORMAT.md.
 */

const format = 'orbitdb-backup'
export const version = 1

/** The most links that a leaf of a list has. */
const leafLength = 8192

/** A list of hashes, as a snapshot names it. */
export interface List {
  count: number
  leaves: string[]
}

/** What decides about write access. */
export type AccessControllerLink =
  /** A block, such as the list of those who may write. */
  | { block: string }
  /** The snapshot of a database. */
  | { database: string }
  /** A block with a state that the access controller exported. */
  | { state: string }

/** A snapshot of a database. */
export interface Snapshot {
  address: DatabaseAddress
  name: string
  type: string
  manifest: string
  /** None when its type of access controller has neither block nor state. */
  accessController?: AccessControllerLink
  heads: List
  /** The identities of the writers. */
  identities: List
  entries: List
  /** Whether some entries could not be read, so that identities may lack their writers. */
  isUnread: boolean
}

/** The address of the database that a manifest describes. */
export const addressOf = (manifest: string): DatabaseAddress => `/orbitdb/${manifest}`

const toLink = (hash: string): CID => CID.decode(toBytes(hash))

/** Creates a block. */
async function createBlock (bytes: Uint8Array): Promise<Block> {
  const cid = new Uint8Array(cidLength)
  cid.set([0x01, 0x71, 0x12, 0x20])
  cid.set(await sha256(bytes), 4)
  return [toHash(cid), bytes]
}

/** Whether bytes match a CID, which is one of SHA2-256. */
export function isDigestOf (cid: CIDBytes, bytes: Uint8Array): boolean | Promise<boolean> {
  const expected = multihashOf(cid).subarray(2)
  const digest = sha256(bytes)
  return digest instanceof Uint8Array ? equals(expected, digest) : digest.then(digest => equals(expected, digest))
}

/** Creates a DAG-CBOR block of a value. */
export const encode = (value: unknown): Promise<Block> => createBlock(dagCbor.encode(value))

/** Creates the root of an archive. The snapshots are sorted by the address of the database. */
export function encodeRoot (snapshots: string[]): Promise<Block> {
  return encode({ format, version, databases: snapshots.map(toLink) })
}

/** Creates the snapshot of a database. */
export function encodeSnapshot ({ address, name, type, manifest, accessController, heads, identities, entries, isUnread }: Snapshot): Promise<Block> {
  const encodeList = ({ count, leaves }: List) => ({ count, leaves: leaves.map(toLink) })
  return encode({
    address,
    name,
    type,
    manifest: toLink(manifest),
    ...(accessController != null && {
      accessController: Object.fromEntries(Object.entries(accessController).map(([kind, hash]) => [kind, toLink(hash)]))
    }),
    heads: encodeList(heads),
    identities: encodeList(identities),
    entries: encodeList(entries),
    ...(isUnread && { unread: true })
  })
}

// A link in DAG-CBOR: tag 42, 37 bytes of which the first is 0
const linkPrefix = [0xd8, 0x2a, 0x58, 0x25, 0x00]
const linkLength = linkPrefix.length + cidLength

/** The DAG-CBOR of an array's start. */
function encodeArrayStart (length: number): number[] {
  return length < 24 ? [0x80 | length] : length < 256 ? [0x98, length] : [0x99, length >> 8, length & 255]
}

/** Creates a list of hashes, whose CIDs are given packed and sorted: its leaves, and how a snapshot names them. */
export async function encodeList (packed: Uint8Array): Promise<{ list: List, leaves: Block[] }> {
  const count = countOf(packed)
  const leaves = []
  for (let i = 0; i < count; i += leafLength) {
    const cids = unpack(packed, i, i + leafLength)
    const start = encodeArrayStart(cids.length)
    const bytes = new Uint8Array(start.length + cids.length * linkLength)
    bytes.set(start)
    for (const [i, cid] of cids.entries()) {
      const at = start.length + i * linkLength
      bytes.set(linkPrefix, at)
      bytes.set(cid, at + linkPrefix.length)
    }
    leaves.push(await createBlock(bytes))
  }
  return { list: { count, leaves: leaves.map(([hash]) => hash) }, leaves }
}

/** Fails with what is wrong about a block of an archive. */
const invalid = (hash: string, what: string, cause?: unknown): never => {
  throw new DamagedArchiveError(`The archive is damaged: block "${hash}" is not a valid ${what}`, { hash, cause })
}

const isMap = (value: unknown): value is Record<string, unknown> => {
  return typeof value === 'object' && value != null && !Array.isArray(value) && CID.asCID(value) == null
}

/** The hash that a link names. */
function fromLink (value: unknown): string | undefined {
  const cid = CID.asCID(value)
  return cid?.version === 1 ? toHash(cid.bytes) : undefined
}

/** The hash that a link to a DAG-CBOR block names. */
function fromDagCborLink (value: unknown): string | undefined {
  const cid = CID.asCID(value)
  return cid != null && isOfDagCbor(cid.bytes) ? toHash(cid.bytes) : undefined
}

/**
 * The snapshots that the root of an archive names.
 *
 * @throws ForeignArchiveError or UnsupportedVersionError
 */
export function decodeRoot (hash: string, bytes: Uint8Array): string[] {
  let root: unknown
  try {
    root = dagCbor.decode(bytes)
  } catch (cause) {
    throw new ForeignArchiveError('Not an archive of OrbitDB databases: a CAR file of something else', { cause })
  }
  if (!isMap(root) || root.format !== format) {
    throw new ForeignArchiveError('Not an archive of OrbitDB databases: a CAR file of something else')
  }
  if (root.version !== version) {
    throw new UnsupportedVersionError(root.version)
  }
  const snapshots = Array.isArray(root.databases) ? root.databases.map(fromDagCborLink) : []
  if (snapshots.length === 0 || !snapshots.every(snapshot => snapshot != null) || new Set(snapshots).size < snapshots.length) {
    return invalid(hash, 'root')
  }
  return snapshots
}

/** Reads a snapshot. */
export function decodeSnapshot (hash: string, bytes: Uint8Array): Snapshot {
  const fail = (cause?: unknown): never => invalid(hash, 'snapshot', cause)

  let snapshot: unknown
  try {
    snapshot = dagCbor.decode(bytes)
  } catch (cause) {
    return fail(cause)
  }
  if (!isMap(snapshot)) {
    return fail()
  }
  if (snapshot.parent !== undefined) {
    throw new UnsupportedVersionError('1 with a parent')
  }

  const toList = (list: unknown): List => {
    if (!isMap(list) || !Number.isSafeInteger(list.count) || !Array.isArray(list.leaves)) {
      return fail()
    }
    const leaves = list.leaves.map(leaf => fromDagCborLink(leaf) ?? fail())
    const count = list.count as number
    return leaves.length === Math.ceil(count / leafLength) ? { count, leaves } : fail()
  }
  const toAccessController = (value: unknown): AccessControllerLink | undefined => {
    if (value === undefined) {
      return undefined
    }
    const [[kind, link] = [], ...others] = isMap(value) ? Object.entries(value) : []
    const hash = kind === 'block' ? fromLink(link) : fromDagCborLink(link)
    if (hash == null || kind == null || others.length > 0 || !['block', 'database', 'state'].includes(kind)) {
      return fail()
    }
    return { [kind]: hash } as unknown as AccessControllerLink
  }

  const { address, name, type } = snapshot
  const manifest = fromDagCborLink(snapshot.manifest) ?? fail()
  if (address !== addressOf(manifest) || typeof name !== 'string' || typeof type !== 'string') {
    return fail()
  }
  return {
    address: addressOf(manifest),
    name,
    type,
    manifest,
    accessController: toAccessController(snapshot.accessController),
    heads: toList(snapshot.heads),
    identities: toList(snapshot.identities),
    entries: toList(snapshot.entries),
    isUnread: snapshot.unread === true
  }
}

/** Reads the hashes that a leaf of a list holds. */
export function decodeLeaf (hash: string, bytes: Uint8Array): string[] {
  const length = bytes[0] === 0x99 ? (bytes[1] << 8) | bytes[2] : bytes[0] === 0x98 ? bytes[1] : bytes[0] & 31
  const start = encodeArrayStart(length)
  const isValid = length > 0 && length <= leafLength && bytes.length === start.length + length * linkLength &&
    start.every((byte, i) => bytes[i] === byte)
  if (!isValid) {
    return invalid(hash, 'list')
  }
  const hashes = []
  for (let at = start.length; at < bytes.length; at += linkLength) {
    const cid = bytes.subarray(at + linkPrefix.length, at + linkLength)
    if (!linkPrefix.every((byte, i) => bytes[at + i] === byte) || !isOfDagCbor(cid)) {
      return invalid(hash, 'list')
    }
    hashes.push(toHash(cid))
  }
  return hashes
}

/** Decodes a DAG-CBOR block. */
export function decode (hash: string, bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch (cause) {
    return invalid(hash, 'DAG-CBOR block', cause)
  }
}
