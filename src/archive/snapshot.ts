import { readContents } from './contents.ts'
import { encode, encodeList, encodeSnapshot } from './format.ts'
import { createBlocks } from '../blocks/index.ts'
import { toHash } from '../blocks/hashes.ts'
import { pack, sortPacked, unpack } from '../blocks/packed.ts'
import type { Contents, OnRead, Origin } from './contents.ts'
import type { AccessControllerLink } from './format.ts'
import type { Block, Database, DatabaseState } from '../core/index.ts'

/** A database to archive: its blocks, each of which is read when it is asked for if it is an entry. */
export interface DatabaseSnapshot extends Pick<Contents, 'entries' | 'entryBytes' | 'readEntries'> {
  address: string
  /** Hash of the snapshot's block. */
  hash: string
  /** The snapshot, then the leaves of its lists. */
  blocks: Block[]
  /** The manifest, then what the access controller has. */
  setup: Block[]
  /** The identities of the writers, sorted. */
  identities: Block[]
  /** The database of the access controller. */
  accessDatabase?: DatabaseSnapshot
}

/** Takes a snapshot of a database. */
export async function takeSnapshot (db: Database, { signal, onRead }: { signal?: AbortSignal, onRead: OnRead }): Promise<DatabaseSnapshot> {
  const state = await db.export({ verify: false, signal })
  return createSnapshot(state, { db, blocks: await createBlocks(db.ipfs), signal, onRead })
}

async function createSnapshot (state: DatabaseState, origin: Origin): Promise<DatabaseSnapshot> {
  const { address, name, type } = state
  const { manifest, accessBlock, heads, identities, entries, entryBytes, isUnread, readEntries } = await readContents(state, origin)

  let accessController: AccessControllerLink | undefined
  let accessDatabase: DatabaseSnapshot | undefined
  const setup = [manifest]
  if (isDatabaseState(state.accessController)) {
    accessDatabase = await createSnapshot(state.accessController, { ...origin, db: undefined })
    accessController = { database: accessDatabase.hash }
  } else if (state.accessController != null) {
    const block = await encode(state.accessController)
    setup.push(block)
    accessController = { state: block[0] }
  } else if (accessBlock != null) {
    setup.push(accessBlock)
    accessController = { block: accessBlock[0] }
  }

  const writers = sortPacked(pack(identities))
  const lists = {
    heads: await encodeList(sortPacked(pack(heads))),
    identities: await encodeList(writers),
    entries: await encodeList(entries)
  }
  const snapshot = await encodeSnapshot({
    address,
    name,
    type,
    manifest: manifest[0],
    accessController,
    heads: lists.heads.list,
    identities: lists.identities.list,
    entries: lists.entries.list,
    isUnread
  })
  return {
    address,
    hash: snapshot[0],
    blocks: [snapshot, ...lists.heads.leaves, ...lists.identities.leaves, ...lists.entries.leaves],
    setup,
    identities: unpack(writers).map(toHash).map(hash => [hash, identities.get(hash)!]),
    entries,
    entryBytes,
    readEntries,
    accessDatabase
  }
}

const isDatabaseState = (state: unknown): state is DatabaseState => {
  const { address, heads, index, blocks } = (state ?? {}) as Partial<DatabaseState>
  return address != null && Array.isArray(heads) && index instanceof Map && blocks != null
}
