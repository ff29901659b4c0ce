import { readEntry, scanLinks, timeOf } from './entries.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidOf, digestOf } from '../../blocks/cids.ts'
import { isDagCborHash, toBytes, toHash } from '../../blocks/hashes.ts'
import { invalidBlock, invalidEntry, missingBlock } from '../../blocks/errors.ts'
import { pack, sortPacked } from '../../blocks/packed.ts'
import { sha256 } from '../../blocks/sha256.ts'
import { decodeBlock } from '../decode.ts'
import { Entry } from '../../core/index.ts'
import { equals } from 'uint8arrays/equals'
import type { EntryLinks } from './entries.ts'
import type { Base } from './base.ts'
import type { AccessControllerName } from '../format/snapshot.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { Blocks } from '../../blocks/index.ts'
import type { CryptFunction, Database, DatabaseAddress, DatabaseState } from '../../core/index.ts'

/** What is read of a database before its snapshot can be made. */
export interface Contents {
  address: DatabaseAddress
  accessController?: AccessControllerName
  /** What it has besides its entries: manifest, access controller, identities. */
  setup: WrittenBlock[]
  /** Digests of the identities of the writers, and of the heads with their times. */
  identities: Uint8Array
  heads: { digests: Uint8Array, times: Float64Array }
  /** Digests of the entries, in the order of the stores' keys, and their times. */
  entries: { digests: Uint8Array, times: Float64Array }
  /** How many bytes the entries have. */
  entryBytes: number
  /** Whether some entries could not be read. */
  isUnread: boolean
  /** Reads some entries, given in the order of the stores' keys, checked. */
  readEntries: (digests: Uint8Array) => AsyncIterable<WrittenBlock[]>
}

/** Something in a log that a restore would refuse. */
export interface CreateProblem {
  code: string
  hash: string
  address: DatabaseAddress
  message: string
}

/** Where the contents of a database come from. */
export interface Origin {
  /** The database itself; unknown of that of an access controller. */
  db?: Database
  /** The blocks of its node. */
  blocks: Blocks
  base?: Base
  signal?: AbortSignal
  /** Called with the number of entries and of bytes that have been read. */
  onRead: (entries: number, bytes: number) => void
  onProblem: (problem: CreateProblem) => void
}

/** Reads the contents of a database, and of that of its access controller where that is one, which comes after it. */
export async function readContents (state: DatabaseState, origin: Origin): Promise<Contents[]> {
  const { address } = state
  const { signal } = origin
  const reader = createReader(state, origin)
  const manifest = await reader.getBlock(digestOfAddress(address)!)
  const setup = [manifest]

  let accessController: AccessControllerName | undefined
  const others: Contents[] = []
  if (isDatabaseState(state.accessController)) {
    others.push(...await readContents(state.accessController, { ...origin, db: undefined }))
    accessController = { database: others[0].address }
  } else if (state.accessController != null) {
    const { dagCbor } = await import('../decode.ts')
    const bytes = dagCbor.encode(state.accessController)
    const block = { digest: await sha256(bytes), bytes }
    setup.push(block)
    accessController = { state: block.digest }
  } else {
    const address = (decodeBlock(manifest) as { accessController?: unknown }).accessController
    const digest = typeof address === 'string' ? digestOfAddress(address) : undefined
    if (digest != null && (String(address).startsWith('/ipfs/') || await reader.has(digest))) {
      setup.push(await reader.getBlock(digest))
      accessController = { block: digest }
    }
  }

  const entries = await readAll(state, reader, origin)
  for (const hash of entries.writers) {
    signal?.throwIfAborted()
    const identity = hash === origin.db?.identity.hash ? origin.db.identity.bytes : undefined
    const digest = digestOf(toBytes(hash))!
    setup.push(identity == null ? await reader.getBlock(digest) : { digest, bytes: identity })
  }
  const { writers, ...rest } = entries
  return [{ address, accessController, setup, identities: pack(writers, writers.size), ...rest, readEntries: reader.readEntries }, ...others]
}

/** The digest of the block that an address names. */
export function digestOfAddress (address: string): Uint8Array | undefined {
  const hash = address.slice(address.lastIndexOf('/') + 1)
  return isDagCborHash(hash) ? digestOf(toBytes(hash)) : undefined
}

const isDatabaseState = (state: unknown): state is DatabaseState => {
  const { address, heads, index, blocks } = (state ?? {}) as Partial<DatabaseState>
  return address != null && Array.isArray(heads) && index instanceof Map && blocks != null
}

/** Reads the blocks of a database: from the node, or else from where the database keeps its entries. */
interface Reader {
  has: (digest: Uint8Array) => Promise<boolean>
  getBlock: (digest: Uint8Array) => Promise<WrittenBlock>
  /** Reads entries that are given in the order of the stores' keys. */
  readRuns: (digests: Uint8Array) => AsyncGenerator<{ start: number, blocks: Uint8Array[] }>
  readEntries: (digests: Uint8Array) => AsyncGenerator<WrittenBlock[]>
}

function createReader (state: DatabaseState, { db, blocks, signal }: Origin): Reader {
  /** The blocks of a database that can not be asked for them one by one, where the node does not have them */
  let kept: Map<string, Uint8Array> | undefined
  const getElsewhere = async (hash: string): Promise<Uint8Array | undefined> => {
    if (db != null) {
      return db.log.storage.get(hash, signal, { offline: true })
    }
    if (kept == null) {
      kept = new Map()
      for await (const [hash, bytes] of state.blocks) {
        signal?.throwIfAborted()
        kept.set(hash, bytes)
      }
    }
    return kept.get(hash)
  }

  const check = (bytes: Uint8Array, digests: Uint8Array, at: number): Promise<void> | undefined => {
    const expected = digests.subarray(at, at + digestLength)
    const assert = (digest: Uint8Array): void => {
      if (!equals(digest, expected)) throw invalidBlock(cidOf(expected))
    }
    const digest = sha256(bytes)
    return digest instanceof Uint8Array ? assert(digest) as undefined : digest.then(assert)
  }

  const readRuns: Reader['readRuns'] = async function * (digests) {
    for await (const { start, blocks: found } of blocks.readInOrder(digests, { signal })) {
      signal?.throwIfAborted()
      for (const [i, bytes] of found.entries()) {
        const at = (start + i) * digestLength
        if (bytes == null) {
          const hash = toHash(cidOf(digests, at))
          found[i] = await getElsewhere(hash)
          if (found[i] == null) throw missingBlock(hash)
        }
        const checking = check(found[i]!, digests, at)
        if (checking != null) await checking
      }
      yield { start, blocks: found as Uint8Array[] }
    }
  }

  return {
    has: async digest => (await blocks.hasMany([cidOf(digest)], { signal }))[0],
    getBlock: async digest => {
      const [found] = await blocks.getMany([cidOf(digest)], { signal })
      const bytes = found ?? (db == null ? await getElsewhere(toHash(cidOf(digest))) : undefined)
      if (bytes == null) {
        throw missingBlock(cidOf(digest))
      }
      await check(bytes, digest, 0)
      return { digest, bytes }
    },
    readRuns,
    readEntries: async function * (digests) {
      for await (const { start, blocks } of readRuns(digests)) {
        yield blocks.map((bytes, i) => ({ digest: digests.subarray((start + i) * digestLength, (start + i + 1) * digestLength), bytes }))
      }
    }
  }
}

/** What is found out about all entries of a database. */
interface AllEntries extends Pick<Contents, 'entries' | 'heads' | 'entryBytes' | 'isUnread'> {
  writers: Set<string>
}

/** Reads all entries of a database. */
async function readAll ({ heads: stateHeads, index }: DatabaseState, reader: Reader, { db, onRead }: Origin): Promise<AllEntries> {
  const decrypt = db?.log.encryption?.replication?.decrypt
  const writers = new Set<string>()
  /** Whether an entry is named by none, as far as is known */
  const isUnnamed = new Map<string, boolean>()
  for (const hash of index.keys()) isUnnamed.set(hash, true)
  /** Entries of a log that was not closed well, which are not in its index */
  let found = new Set<string>()
  for (const { hash } of stateHeads) {
    if (!isUnnamed.has(hash)) {
      found.add(hash)
      isUnnamed.set(hash, true)
    }
  }
  let isUnread = false
  let entryBytes = 0

  const note = (links: EntryLinks & { refs?: string[] }, digests: Uint8Array, place: number): number => {
    if (!isDagCborHash(String(links.identity))) {
      throw invalidEntry(cidOf(digests, place * digestLength))
    }
    writers.add(links.identity)
    for (const hash of links.next) {
      if (!isUnnamed.has(hash)) found.add(hash)
      isUnnamed.set(hash, false)
    }
    for (const hash of links.refs ?? []) {
      if (!isUnnamed.has(hash)) {
        found.add(hash)
        isUnnamed.set(hash, true)
      }
    }
    return links.time
  }

  const read = async (digests: Uint8Array): Promise<Float64Array> => {
    const times = new Float64Array(digests.length / digestLength)
    for await (const { start, blocks } of reader.readRuns(digests)) {
      let length = 0
      for (const [i, bytes] of blocks.entries()) {
        length += bytes.length
        const links = (decrypt == null ? scanLinks(bytes) : undefined) ?? await decodeLinks(bytes, decrypt)
        if (links == null) {
          isUnread = true
        } else {
          times[start + i] = note(links, digests, start + i)
        }
      }
      entryBytes += length
      onRead(blocks.length, length)
    }
    return times
  }

  let digests = sortPacked(pack(index.keys(), index.size))
  let times = await read(digests)
  while (found.size > 0) {
    const more = sortPacked(pack(found, found.size))
    found = new Set()
    ;({ digests, times } = merge({ digests, times }, { digests: more, times: await read(more) }))
  }

  const heads = isUnread ? stateHeads.map(({ hash }) => hash) : [...isUnnamed].filter(([, isUnnamed]) => isUnnamed).map(([hash]) => hash)
  const headDigests = pack(heads, heads.length)
  return { entries: { digests, times }, heads: { digests: headDigests, times: timesOf(headDigests, { digests, times }) }, entryBytes, isUnread, writers }
}

/** Columns of entries, in the order of the stores' keys. */
type EntryColumns = Contents['entries']

function merge (a: EntryColumns, b: EntryColumns): EntryColumns {
  const digests = new Uint8Array(a.digests.length + b.digests.length)
  digests.set(a.digests)
  digests.set(b.digests, a.digests.length)
  const places = createDigestTable()
  for (let at = 0; at < digests.length; at += digestLength) places.add(digests, at)
  const sorted = sortPacked(digests)
  const times = new Float64Array(sorted.length / digestLength)
  for (let i = 0; i < times.length; i++) {
    const place = places.find(sorted, i * digestLength)
    times[i] = place < a.times.length ? a.times[place] : b.times[place - a.times.length]
  }
  return { digests: sorted, times }
}

/** The times of some entries. */
function timesOf (some: Uint8Array, { digests, times }: EntryColumns): Float64Array {
  const places = createDigestTable()
  for (let at = 0; at < some.length; at += digestLength) places.add(some, at)
  const found = new Float64Array(some.length / digestLength)
  for (let i = 0; i < times.length; i++) {
    const place = places.find(digests, i * digestLength)
    if (place !== -1) found[place] = times[i]
  }
  return found
}

/** Reads the links of an entry: undefined when it is encrypted, and there is no key. */
async function decodeLinks (bytes: Uint8Array, decrypt?: CryptFunction): Promise<EntryLinks & { refs: string[] } | undefined> {
  const isEncrypted = Entry.isEncrypted(bytes)
  if (isEncrypted && decrypt == null) {
    return undefined
  }
  const entry = isEncrypted ? await Entry.decode(bytes, decrypt) : readEntry(bytes) ?? await Entry.decode(bytes)
  // With the key or without, the list of entries is the same
  return { next: entry.next, refs: entry.refs, identity: entry.identity, time: isEncrypted ? 0 : timeOf(entry) }
}
