import { hashAt, readLinks } from './links.ts'
import { dagCbor, decodeBlock } from '../decode.ts'
import { assertWithin } from '../limits.ts'
import { mergeItems, sortItems } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidOf, digestOf } from '../../blocks/cids.ts'
import { createFingerprints, textLength } from '../../blocks/fingerprints.ts'
import { isDagCborHash, toBytes, toHash } from '../../blocks/hashes.ts'
import { invalidBlock, missingBlock } from '../../blocks/errors.ts'
import { pack, sortPacked } from '../../blocks/packed.ts'
import { sha256 } from '../../blocks/sha256.ts'
import { readAccessList, readIdentity, readManifest } from '../../core/blocks.ts'
import { equals } from 'uint8arrays/equals'
import type { Base, BaseDatabase } from './base.ts'
import type { EntryLinks, EntryProblem, ReadLinksOptions } from './links.ts'
import type { AccessControllerName } from '../format/snapshot.ts'
import type { Limits } from '../limits.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { Blocks } from '../../blocks/index.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { Database, DatabaseAddress, DatabaseState } from '../../core/index.ts'

/** What is read of a database before its snapshot can be made. */
export interface Contents {
  address: DatabaseAddress
  accessController?: AccessControllerName
  /** What it has besides its entries: manifest, access controller, identities. Without bytes where the base has it. */
  setup: Array<Pick<WrittenBlock, 'digest'> & Partial<WrittenBlock>>
  /** Digests of the identities of the writers, and of the heads with their times. */
  identities: Uint8Array
  heads: { digests: Uint8Array, times: Float64Array }
  /** Digests of the entries, their times, and their order in the list, where it is known. */
  entries: { digests: Uint8Array, times: Float64Array, order?: Uint32Array }
  /** Digests of those entries that may have to be written, in the order of the stores' keys. */
  written: Uint8Array
  /** How many bytes these have, where that is known. */
  writtenBytes?: number
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
  limits: Limits
  signal?: AbortSignal
  /** Called with the number of entries and of bytes that have been read. */
  onRead: (entries: number, bytes: number) => void
  onProblem: (problem: CreateProblem) => void
}

/** Reads the contents of a database, and of that of its access controller where that is one, which comes after it. */
export async function readDatabase (db: Database, origin: Omit<Origin, 'db'>): Promise<Contents[]> {
  const { signal, base } = origin
  const { address } = db
  const known = base?.getDatabase(address)
  if (known != null) {
    const reader = createReader(undefined, { ...origin, db })
    const accessController = await db.access.export?.({ verify: false, signal })
    const read = await readNew(db, known, reader, { ...origin, db })
    if (read != null) {
      return finish(address, accessController, reader, read, { ...origin, db })
    }
  }
  return readState(await db.export({ verify: false, signal }), { ...origin, db })
}

async function readState (state: DatabaseState, origin: Origin): Promise<Contents[]> {
  const reader = createReader(state, origin)
  return finish(state.address, state.accessController, reader, await readAll(state, reader, origin), origin)
}

/** Reads what a database has besides its entries. */
async function finish (address: DatabaseAddress, accessState: unknown, reader: Reader, { entries, writers }: { entries: AllEntries, writers: Writers }, origin: Origin): Promise<Contents[]> {
  const { db, base, limits, signal, onProblem } = origin
  const setup: Contents['setup'] = []
  const report = (digest: Uint8Array, check: () => void): void => {
    try {
      check()
    } catch (error) {
      const { code, message } = error as Error & { code: string }
      onProblem({ code, hash: toHash(cidOf(digest)), address, message })
    }
  }

  const manifest = await reader.getBlock(digestOfAddress(address)!)
  setup.push(manifest)
  report(manifest.digest, () => readManifest(manifest.bytes, toHash(cidOf(manifest.digest))))
  assertWithin(limits, 'nameBytes', db?.name.length ?? 0, 'Could not create a backup: the name of a database')
  let accessController: AccessControllerName | undefined
  const others: Contents[] = []
  if (isDatabaseState(accessState)) {
    others.push(...await readState(accessState, { ...origin, db: undefined }))
    accessController = { database: others[0].address }
  } else if (accessState != null) {
    const bytes = dagCbor.encode(accessState)
    const block = { digest: await sha256(bytes), bytes }
    setup.push(block)
    accessController = { state: block.digest }
  } else {
    const access = (decodeBlock(manifest) as { accessController?: unknown } | null)?.accessController
    const digest = typeof access === 'string' ? digestOfAddress(access) : undefined
    const isList = String(access).startsWith('/ipfs/')
    if (digest != null && (isList || await reader.has(digest))) {
      const block = await reader.getBlock(digest)
      if (isList) report(digest, () => readAccessList(block.bytes, toHash(cidOf(digest))))
      setup.push(block)
      accessController = { block: digest }
    }
  }

  const { identities } = entries
  for (let place = 0; place < identities.size; place++) {
    signal?.throwIfAborted()
    const digest = identities.at(place).slice()
    const hash = toHash(cidOf(digest))
    const signed = writers.get(hash)
    if (signed == null && base?.has(digest) === true) {
      setup.push({ digest })
      continue
    }
    const bytes = hash === db?.identity.hash ? db.identity.bytes : (await reader.getBlock(digest)).bytes
    setup.push({ digest, bytes })
    report(digest, () => {
      const { publicKey } = readIdentity(bytes, hash)
      const wrong = signed?.find(({ key }) => publicKey !== new TextDecoder().decode(key))
      if (wrong != null) {
        onProblem({ code: 'key-wrong', hash: wrong.hash, address, message: `Entry "${wrong.hash}" is not signed with the key of the identity that it names, "${hash}"` })
      }
    })
  }
  return [{ address, accessController, setup, ...entries, identities: identities.packed().slice(), readEntries: reader.readEntries }, ...others]
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

function createReader (state: DatabaseState | undefined, { db, blocks, limits, signal }: Origin): Reader {
  /** The blocks of a database that can not be asked for them one by one, where the node does not have them */
  let kept: Map<string, Uint8Array> | undefined
  const getElsewhere = async (hash: string): Promise<Uint8Array | undefined> => {
    if (db != null) {
      return db.log.storage.get(hash, signal, { offline: true })
    }
    if (kept == null) {
      kept = new Map()
      for await (const [hash, bytes] of state?.blocks ?? []) {
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
        if (found[i]!.length > limits.blockBytes) {
          assertWithin(limits, 'blockBytes', found[i]!.length, `Could not create a backup: the bytes of entry "${toHash(cidOf(digests, at))}"`)
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
type AllEntries = Pick<Contents, 'entries' | 'written' | 'heads' | 'writtenBytes' | 'isUnread'> & {
  /** Digests of the identities of the writers. */
  identities: DigestTable
}

/** Notes what entries are as they are read. */
function createNotes (address: DatabaseAddress, { db, onRead, onProblem }: Origin) {
  const encryption = db?.log.encryption
  /** The identities of the writers, and an entry of each key that they signed with */
  const writers = new Map<string, Array<{ key: Uint8Array, hash: string }>>()
  let isUnread = false
  let bytesRead = 0

  const noteWriter = ({ identity, key }: EntryLinks, digests: Uint8Array, at: number): void => {
    if (identity == null) {
      return
    }
    const known = writers.get(identity)
    if (known?.some(other => equals(other.key, key)) !== true) {
      const signed = { key: key.slice(), hash: toHash(cidOf(digests, at)) }
      known == null ? writers.set(identity, [signed]) : known.push(signed)
    }
  }

  return {
    writers,
    isUnread: () => isUnread,
    bytesRead: () => bytesRead,
    /** Reads the links of entries, which come in runs, and gives the times of all. */
    read: async (digests: Uint8Array, runs: AsyncIterable<{ start: number, blocks: Uint8Array[] }>, onLink: ReadLinksOptions['onLink']): Promise<Float64Array> => {
      const times = new Float64Array(digests.length / digestLength)
      let at = 0
      const options = {
        address,
        encryption,
        onLink,
        onProblem: ({ code, message }: EntryProblem) => {
          const hash = toHash(cidOf(digests, at))
          onProblem({ code, hash, address, message: `Entry "${hash}" ${message}` })
        }
      }
      for await (const { start, blocks } of runs) {
        let length = 0
        for (let i = 0; i < blocks.length; i++) {
          at = (start + i) * digestLength
          length += blocks[i].length
          const reading = readLinks(blocks[i], options)
          const links = reading instanceof Promise ? await reading : reading
          if (links == null) {
            isUnread = true
          } else {
            times[start + i] = links.time
            noteWriter(links, digests, at)
          }
        }
        bytesRead += length
        onRead(blocks.length, length)
      }
      return times
    }
  }
}

/** Reads all entries of a database. */
async function readAll ({ address, heads: stateHeads, index }: DatabaseState, reader: Reader, origin: Origin): Promise<{ entries: AllEntries, writers: Writers }> {
  const notes = createNotes(address, origin)
  /** All entries, of which those are marked that others have in `next` */
  const known = createFingerprints()
  const encode = createTextEncoder()
  for (const hash of index.keys()) known.add(encode(hash))
  /** Entries of a log that was not closed well, which are not in its index: all, and those that were not read yet */
  const unindexed: string[] = []
  let found: string[] = []
  const find = (text: Uint8Array, at: number): number => {
    const number = known.find(text, at)
    if (number !== -1) {
      return number
    }
    const hash = hashAt(text, at)
    unindexed.push(hash)
    found.push(hash)
    return known.add(text, at)
  }
  for (const { hash } of stateHeads) find(encode(hash), 0)
  const onLink: ReadLinksOptions['onLink'] = (text, at, isNext) => {
    const number = find(text, at)
    if (isNext) known.mark(number)
  }

  let digests = sortPacked(pack(index.keys(), index.size))
  let times = await notes.read(digests, reader.readRuns(digests), onLink)
  while (found.length > 0) {
    const more = sortPacked(pack(found, found.length))
    found = []
    ;({ digests, times } = merge({ digests, times }, { digests: more, times: await notes.read(more, reader.readRuns(more), onLink) }))
  }

  const isUnread = notes.isUnread()
  const heads = isUnread ? stateHeads.map(({ hash }) => hash) : []
  if (!isUnread) {
    let number = 0
    for (const hashes of [index.keys(), unindexed]) {
      for (const hash of hashes) {
        if (!known.isMarked(number++)) heads.push(hash)
      }
    }
  }
  const headDigests = pack(heads, heads.length)
  return {
    writers: notes.writers,
    entries: {
      entries: { digests, times },
      written: digests,
      writtenBytes: notes.bytesRead(),
      heads: { digests: headDigests, times: timesOf(headDigests, { digests, times }) },
      isUnread,
      identities: toTable(notes.writers.keys())
    }
  }
}

/** The identities of writers, and an entry of each key that they signed with. */
type Writers = Map<string, Array<{ key: Uint8Array, hash: string }>>

/** Converts hashes to bytes, in the same place each. */
function createTextEncoder (): (hash: string) => Uint8Array {
  const bytes = new Uint8Array(textLength)
  return hash => {
    for (let i = 0; i < textLength; i++) bytes[i] = hash.charCodeAt(i)
    return bytes
  }
}

const toTable = (hashes: Iterable<string>, table = createDigestTable()): DigestTable => {
  for (const hash of hashes) table.add(toBytes(hash), 4)
  return table
}

/** How many entries are followed at once. */
const maxFollowed = 1000

/**
 * Reads only those entries of a database that a base does not have, by following them from the heads: undefined when
 * the log has not all that the base has, or some entries can not be read.
 */
async function readNew (db: Database, base: BaseDatabase, reader: Reader, origin: Origin): Promise<{ entries: AllEntries, writers: Writers } | undefined> {
  if (base.isUnread || base.isPartial) {
    return
  }
  const baseHeads = Array.from({ length: base.heads.size }, (_, place) => toHash(cidOf(base.heads.at(place))))
  for (const hash of baseHeads) {
    if (!await db.log.has(hash)) {
      return
    }
  }
  const known = createDigestTable()
  for (let at = 0; at < base.columns.digests.length; at += digestLength) known.add(base.columns.digests, at)
  const isKnown = (hash: string): boolean => known.has(toBytes(hash), 4)

  const notes = createNotes(db.address, origin)
  const heads = (await db.log.heads()).map(({ hash }) => hash)
  const seen = new Set<string>()
  const named = new Set<string>()
  const wave = new Set(heads.filter(hash => !isKnown(hash)))
  const onLink: ReadLinksOptions['onLink'] = (text, at, isNext) => {
    const hash = hashAt(text, at)
    if (isNext) named.add(hash)
    if (!seen.has(hash) && !isKnown(hash)) wave.add(hash)
  }
  const parts: EntryColumns[] = []
  while (wave.size > 0) {
    const hashes: string[] = []
    for (const hash of wave) {
      hashes.push(hash)
      wave.delete(hash)
      seen.add(hash)
      if (hashes.length === maxFollowed) break
    }
    const digests = sortPacked(pack(hashes, hashes.length))
    parts.push({ digests, times: await notes.read(digests, reader.readRuns(digests), onLink) })
    if (notes.isUnread()) {
      return
    }
  }
  const read = toListOrder(parts)

  const newHeads = [...seen, ...baseHeads].filter(hash => !named.has(hash))
  const headDigests = pack(newHeads, newHeads.length)
  const merged = mergeItems(base.columns, read)
  return {
    writers: notes.writers,
    entries: {
      entries: merged,
      written: sortPacked(read.digests),
      writtenBytes: notes.bytesRead(),
      heads: { digests: headDigests, times: timesOf(headDigests, merged) },
      isUnread: false,
      identities: toTable(notes.writers.keys(), toTable(Array.from({ length: base.identities.size }, (_, place) => toHash(cidOf(base.identities.at(place))))))
    }
  }
}

/** Columns of entries. */
type EntryColumns = Pick<Contents['entries'], 'digests' | 'times'>

/** Puts columns together, in the order of lists. */
function toListOrder (parts: EntryColumns[]): EntryColumns {
  const all = concatColumns(parts)
  const order = sortItems(all)
  const digests = new Uint8Array(all.digests.length)
  for (const [to, from] of order.entries()) digests.set(all.digests.subarray(from * digestLength, (from + 1) * digestLength), to * digestLength)
  return { digests, times: Float64Array.from(order, place => all.times[place]) }
}

function concatColumns (parts: EntryColumns[]): EntryColumns {
  const count = parts.reduce((count, { times }) => count + times.length, 0)
  const digests = new Uint8Array(count * digestLength)
  const times = new Float64Array(count)
  let at = 0
  for (const part of parts) {
    digests.set(part.digests, at * digestLength)
    times.set(part.times, at)
    at += part.times.length
  }
  return { digests, times }
}

/** Merges columns in the order of the stores' keys. */
function merge (a: EntryColumns, b: EntryColumns): EntryColumns {
  const all = concatColumns([a, b])
  const places = createDigestTable()
  for (let at = 0; at < all.digests.length; at += digestLength) places.add(all.digests, at)
  const digests = sortPacked(all.digests)
  return { digests, times: Float64Array.from({ length: all.times.length }, (_, i) => all.times[places.find(digests, i * digestLength)]) }
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
