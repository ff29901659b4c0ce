import * as dagCbor from '@ipld/dag-cbor'
import { Key } from 'interface-datastore'
import type { HeliaNode } from '../../core/index.ts'

/** What a node knows of a snapshot that it has. */
export interface SnapshotRecord {
  /** What its blocks are kept by: an id, and the pin. */
  hold: { id: Uint8Array, pin: Uint8Array }
  /** When it was made, in ms since 1970. */
  created: number
  /** Whether its blocks are kept: not before they are all there. */
  isHeld: boolean
}

/** The part of a datastore that is used here. */
interface Datastore {
  get (key: Key): Promise<Uint8Array> | Uint8Array
  put (key: Key, value: Uint8Array): unknown
  delete (key: Key): unknown
  query (query: { prefix: string }): AsyncIterable<{ key: Key, value: Uint8Array }> | Iterable<{ key: Key, value: Uint8Array }>
}

const prefix = '/orbitdb-backup/snapshots'

const storeOf = (node: HeliaNode): Datastore => (node as HeliaNode & { datastore: Datastore }).datastore
const keyOf = (root: string): Key => new Key(`${prefix}/${root}`)

/** The record of a snapshot with a root; undefined when there is none. */
export async function getRecord (node: HeliaNode, root: string): Promise<SnapshotRecord | undefined> {
  try {
    return dagCbor.decode<SnapshotRecord>(await storeOf(node).get(keyOf(root)))
  } catch (error) {
    if ((error as Error).name !== 'NotFoundError') throw error
  }
}

export async function putRecord (node: HeliaNode, root: string, record: SnapshotRecord): Promise<void> {
  await storeOf(node).put(keyOf(root), dagCbor.encode(record))
}

export async function deleteRecord (node: HeliaNode, root: string): Promise<void> {
  await storeOf(node).delete(keyOf(root))
}

/** The records of all snapshots of a node, by their roots. */
export async function readRecords (node: HeliaNode): Promise<Map<string, SnapshotRecord>> {
  const records = new Map<string, SnapshotRecord>()
  for await (const { key, value } of storeOf(node).query({ prefix: `${prefix}/` })) {
    records.set(key.name(), dagCbor.decode<SnapshotRecord>(value))
  }
  return records
}
