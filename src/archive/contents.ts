import { readEntry, scanLinks } from './entries.ts'
import { decode, isDigestOf } from './format.ts'
import { isDagCborHash, toBytes, toHash } from '../blocks/hashes.ts'
import { invalidBlock, invalidEntry, missingBlock } from '../blocks/errors.ts'
import { countOf, pack, sortPacked, unpack } from '../blocks/packed.ts'
import { Entry, MissingBlockError } from '../core/index.ts'
import type { EntryLinks } from './entries.ts'
import type { Block, CryptFunction, Database, DatabaseState } from '../core/index.ts'
import type { Blocks, CIDBytes, StoredBlock } from '../blocks/index.ts'

/** What is read of a database before its snapshot can be made. */
export interface Contents {
  manifest: Block
  /** The block of the access controller. */
  accessBlock?: Block
  /** The hashes of the heads. */
  heads: string[]
  identities: Map<string, Uint8Array>
  /** The CIDs of the entries, sorted and packed. */
  entries: Uint8Array
  /** How many bytes the entries have. */
  entryBytes: number
  /** Whether some entries could not be read. */
  isUnread: boolean
  readEntries: ReadEntries
}

/** Reads entries, some at a time, in the order of their CIDs, which are packed. */
export type ReadEntries = (packed: Uint8Array, signal?: AbortSignal) => AsyncIterable<StoredBlock[]>

/** Called with the number of entries and of bytes that have been read. */
export type OnRead = (entries: number, bytes: number) => void

/** Where the contents of a database come from. */
export interface Origin {
  /** The database itself; unknown of that of an access controller. */
  db?: Database
  /** The blocks of its node. */
  blocks: Blocks
  signal?: AbortSignal
  onRead: OnRead
}

// How many entries are read at once, at most, and about how many bytes
const maxBatchLength = 1000
const maxBatchBytes = 2 ** 22

/**
 * Reads the contents of a database: from the node, many blocks at a time, or else as the database
 * exports them, which may have a storage of its own for its entries.
 */
export async function readContents (state: DatabaseState, origin: Origin): Promise<Contents> {
  try {
    return await readFromNode(state, origin)
  } catch (error) {
    if (error instanceof MissingBlockError) {
      return readFromState(state, origin)
    }
    throw error
  }
}

/** The hash of the block that an address names. */
function hashOf (address: string): string | undefined {
  const hash = address.slice(address.lastIndexOf('/') + 1)
  return isDagCborHash(hash) ? hash : undefined
}

const accessControllerOf = (manifest: Block): string => (decode(...manifest) as { accessController: string }).accessController

/** Finds out about the entries of a database as they are read. */
function createCollector ({ heads, index }: DatabaseState) {
  const writers = new Set<string>()
  /** Entries that no other names, as far as is known */
  const unnamed = new Set(index.keys())
  /** Entries of a log that was not closed well, which are not in its index */
  const found = new Set<string>()
  let isUnread = false
  let entryBytes = 0

  for (const { hash } of heads) {
    if (!index.has(hash)) {
      found.add(hash)
      unnamed.add(hash)
    }
  }

  return {
    found,
    writers,
    /** Adds an entry, which has no links when it can not be read. */
    add: (cid: CIDBytes, bytes: Uint8Array, links: EntryLinks & { refs?: string[] } | undefined): void => {
      entryBytes += bytes.length
      if (links == null) {
        isUnread = true
        return
      }
      if (!isDagCborHash(String(links.identity))) {
        throw invalidEntry(cid)
      }
      writers.add(links.identity)
      for (const hash of links.next) {
        unnamed.delete(hash)
        if (!index.has(hash)) found.add(hash)
      }
      for (const hash of links.refs ?? []) {
        if (!index.has(hash)) found.add(hash)
      }
    },
    finish: () => ({
      heads: isUnread ? heads.map(({ hash }) => hash) : [...unnamed],
      entryBytes,
      isUnread
    })
  }
}

async function readFromNode (state: DatabaseState, { db, blocks, signal, onRead }: Origin): Promise<Contents> {
  const getBlock = async (hash: string): Promise<Block> => {
    const [bytes] = await blocks.getMany([hash], { signal })
    if (bytes == null) {
      throw missingBlock(hash)
    }
    if (!await isDigestOf(toBytes(hash), bytes)) {
      throw invalidBlock(toBytes(hash))
    }
    return [hash, bytes]
  }
  const readEntries: ReadEntries = (packed, signal) => readInBatches(packed, cids => blocks.getMany(cids, { signal }), signal)

  const manifest = await getBlock(hashOf(state.address)!)
  let accessBlock: Block | undefined
  if (state.accessController == null) {
    const accessController = accessControllerOf(manifest)
    const hash = hashOf(accessController)
    if (hash != null && (accessController.startsWith('/ipfs/') || (await blocks.hasMany([hash], { signal }))[0])) {
      accessBlock = await getBlock(hash)
    }
  }

  const decrypt = db?.log.encryption?.replication?.decrypt
  const collector = createCollector(state)
  const read = async (packed: Uint8Array): Promise<void> => {
    for await (const batch of readEntries(packed, signal)) {
      let length = 0
      for (const [cid, bytes] of batch) {
        collector.add(cid, bytes, (decrypt == null ? scanLinks(bytes) : undefined) ?? await decodeLinks(bytes, decrypt))
        length += bytes.length
      }
      onRead(batch.length, length)
    }
  }
  const indexed = sortPacked(pack(state.index))
  await read(indexed)
  for (const hash of collector.found) {
    await read(pack([hash]))
  }

  const identities = new Map<string, Uint8Array>()
  for (const hash of collector.writers) {
    identities.set(hash, hash === db?.identity.hash ? db.identity.bytes : (await getBlock(hash))[1])
  }
  const entries = collector.found.size === 0 ? indexed : sortPacked(pack([...state.index.keys(), ...collector.found]))
  return { ...collector.finish(), entries, manifest, accessBlock, identities, readEntries }
}

async function readFromState (state: DatabaseState, { db, signal, onRead }: Origin): Promise<Contents> {
  const decrypt = db?.log.encryption?.replication?.decrypt
  const collector = createCollector(state)
  const others = new Map<string, Uint8Array>()
  /** The entries of a database that can not be asked for them again */
  const kept = new Map<string, Uint8Array>()
  for await (const [hash, bytes] of state.blocks) {
    signal?.throwIfAborted()
    if (!state.index.has(hash) && !collector.found.has(hash)) {
      others.set(hash, bytes)
      continue
    }
    if (db == null) {
      kept.set(hash, bytes)
    }
    collector.add(toBytes(hash), bytes, await decodeLinks(bytes, decrypt))
    onRead(1, bytes.length)
  }

  const take = (hash: string | undefined): Block | undefined => {
    const bytes = hash == null ? undefined : others.get(hash)
    others.delete(hash!)
    return bytes == null ? undefined : [hash!, bytes]
  }
  const manifest = take(hashOf(state.address))
  if (manifest == null) {
    throw missingBlock(hashOf(state.address)!)
  }
  const accessBlock = state.accessController == null ? take(hashOf(accessControllerOf(manifest))) : undefined
  const read = async (cid: CIDBytes): Promise<Uint8Array | undefined> => {
    return db == null ? kept.get(toHash(cid)) : db.log.storage.get(toHash(cid), signal, { offline: true })
  }
  const readEntries: ReadEntries = (packed, signal) => readInBatches(packed, cids => Promise.all(cids.map(read)), signal)
  const entries = sortPacked(pack([...state.index.keys(), ...collector.found]))
  return { ...collector.finish(), entries, manifest, accessBlock, identities: others, readEntries }
}

/** Reads the links of an entry: undefined when it is encrypted, and there is no key. */
async function decodeLinks (bytes: Uint8Array, decrypt?: CryptFunction): Promise<EntryLinks & { refs: string[] } | undefined> {
  if (decrypt != null) {
    return Entry.decode(bytes, Entry.isEncrypted(bytes) ? decrypt : undefined)
  }
  return Entry.isEncrypted(bytes) ? undefined : readEntry(bytes) ?? Entry.decode(bytes)
}

/** Reads entries, checked, in batches of about as many bytes as those of the last one suggest. */
async function * readInBatches (
  packed: Uint8Array,
  read: (cids: CIDBytes[]) => Promise<Array<Uint8Array | undefined>>,
  signal?: AbortSignal
): AsyncGenerator<StoredBlock[]> {
  const count = countOf(packed)
  let length = 100
  let at = 0
  const readNext = async (): Promise<StoredBlock[]> => {
    const cids = unpack(packed, at, at + length)
    at += cids.length
    const all = await read(cids)
    return cids.map((cid, i) => {
      const bytes = all[i]
      if (bytes == null) {
        throw missingBlock(cid)
      }
      return [cid, bytes]
    })
  }

  // The next batch is read while this one is worked on
  let next = count > 0 ? readNext() : undefined
  while (next != null) {
    const batch = await next
    signal?.throwIfAborted()
    for (const [cid, bytes] of batch) {
      const isIntact = isDigestOf(cid, bytes)
      if (!(isIntact instanceof Promise ? await isIntact : isIntact)) {
        throw invalidBlock(cid)
      }
    }
    const bytes = batch.reduce((bytes, block) => bytes + block[1].length, 1)
    length = Math.max(1, Math.min(maxBatchLength, Math.floor(maxBatchBytes * batch.length / bytes)))
    next = at < count ? readNext() : undefined
    next?.catch(() => {})
    yield batch
  }
}
