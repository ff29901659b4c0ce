import { hashOf, readManifest, titleOf } from './databases.ts'
import { unsupportedType } from './errors.ts'
import { wasIndexed } from './logs.ts'
import type { ReadBlocks } from './node.ts'

/** What is known of a database that is to be restored. */
export interface Restored {
  address: string
  /** Hashes of its heads, whose blocks are stored. */
  heads: string[]
}

/** Where a database is to be restored: where apps look for it that open it as it was opened. */
export interface Place {
  type: string
  /** Whether that is where `KeyValueIndexed` keeps its log. */
  isIndexed: boolean
  /** What a user ought to know of it. */
  note?: string
}

interface PlaceOptions {
  /** OrbitDB's directory. */
  directory: string
  readBlocks: ReadBlocks
  /** What the user says, if anything. */
  indexed?: boolean
}

/** The types that come with OrbitDB. */
const ownTypes = ['events', 'documents', 'keyvalue']

/** What an entry does: `PUT`, `DEL`, `ADD`; undefined when that can not be read. */
async function operationOf (bytes: Uint8Array | undefined): Promise<string | undefined> {
  const { decode } = await import('@ipld/dag-cbor')
  try {
    const { op } = decode<{ payload?: { op?: unknown } }>(bytes!).payload ?? {}
    return typeof op === 'string' ? op : undefined
  } catch {}
}

/**
 * Finds out where to restore a database. Its manifest does not tell whether it is opened with `KeyValueIndexed`,
 * which keeps its log in another folder: `open(name, { Database: KeyValueIndexed() })` makes a database whose
 * type is `events`. So it goes where the node has it, or where the user says; else the entries tell.
 *
 * @returns Undefined when its manifest is not there.
 * @throws CLIError when its type is not one of OrbitDB's own.
 */
export async function findPlace ({ address, heads }: Restored, { directory, readBlocks, indexed }: PlaceOptions): Promise<Place | undefined> {
  const manifest = await readManifest(readBlocks, address)
  if (manifest == null) {
    return
  }
  const { type } = manifest
  if (!ownTypes.includes(type)) {
    throw unsupportedType(type)
  }
  if (type === 'documents') {
    return { type, isIndexed: await wasIndexed(directory, hashOf(address)) === true }
  }
  const operations = await Promise.all((await readBlocks(heads)).map(operationOf))
  const hasKeys = operations.some(op => op === 'PUT' || op === 'DEL')
  const isUnread = operations.length > 0 && operations.every(op => op == null)
  if (indexed != null && (type === 'keyvalue' || hasKeys || isUnread)) {
    return { type, isIndexed: indexed }
  }
  const found = await wasIndexed(directory, hashOf(address))
  if (found != null) {
    return { type, isIndexed: found }
  }
  const title = titleOf({ manifest, address })
  if (type === 'keyvalue') {
    return { type, isIndexed: false, note: `${title} is put where KeyValue keeps it: for an app that opens it with KeyValueIndexed, restore it with --indexed (--no-indexed leaves this note out)` }
  }
  if (hasKeys) {
    return { type, isIndexed: true, note: `${title} is of type events, and its entries are those of a key-value database: it is put where KeyValueIndexed keeps it, with --no-indexed where all others do` }
  }
  return { type, isIndexed: false, ...isUnread && { note: `${title} can not be read: for an app that opens it with KeyValueIndexed, restore it with --indexed` } }
}
