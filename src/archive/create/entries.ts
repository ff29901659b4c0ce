import { hashAt, linkLength, readLinks } from './links.ts'
import { concatItems, mergeItems, sortItems } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidOf } from '../../blocks/cids.ts'
import { createFingerprints, maxFound, textLength } from '../../blocks/fingerprints.ts'
import { toBytes, toHash } from '../../blocks/hashes.ts'
import { createPacked, orderOf, pack, pick, sortPacked } from '../../blocks/packed.ts'
import { equals } from 'uint8arrays/equals'
import type { BaseDatabase } from './base.ts'
import type { Contents, Origin } from './contents.ts'
import type { EntryLinks, EntryProblem, ReadLinksOptions } from './links.ts'
import type { Reader } from './reader.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { Fingerprints } from '../../blocks/fingerprints.ts'
import type { DatabaseAddress } from '../../core/index.ts'

/** The heads of a log, and the hashes of its entries, some at a time. */
interface LogSnapshot {
  heads: Array<{ hash: string }>
  hashes: AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>
}

/** What is found out about the entries of a log. */
export interface ReadLog extends Pick<Contents, 'entries' | 'written' | 'heads' | 'writtenBytes' | 'isUnread'> {
  /** Digests of the identities of the writers. */
  identities: DigestTable
  /** The writers that were read, with an entry of each key that they signed with. */
  writers: Map<string, Signed[]>
}

/** A key as text, and an entry that was signed with it. */
interface Signed {
  key: Uint8Array
  hash: string
}

/** The columns of a list of entries. */
type EntryColumns = Pick<Contents['entries'], 'digests' | 'times'>

/**
 * Reads the entries of a log: all, or those that a base does not have. Then it is undefined when the log has not all that
 * the base has, or some can not be read.
 */
export async function readLog (address: DatabaseAddress, { heads: logHeads, hashes }: LogSnapshot, base: BaseDatabase | undefined, reader: Reader, origin: Origin): Promise<ReadLog | undefined> {
  if (base != null && (base.isUnread || base.isPartial)) {
    return
  }
  const inBase = createDigestTable(base?.columns.times.length)
  if (base != null) {
    const { digests } = base.columns
    for (let at = 0; at < digests.length; at += digestLength) inBase.add(digests, at)
  }

  const encode = createTextEncoder()
  const { known, digests: indexed, numbers } = await readIndex(hashes, inBase, encode, origin.signal)
  if (known.size - numbers.length < inBase.size) {
    return
  }

  /** Entries of a log that was not closed well, which are not in its index: all, and those that were not read yet */
  const unindexed: Array<{ hash: string, number: number }> = []
  let found: string[] = []
  const add = (text: Uint8Array, at: number): number => {
    const { size } = known
    const number = known.add(text, at)
    if (known.size > size) {
      const hash = hashAt(text, at)
      found.push(hash)
      unindexed.push({ hash, number })
    }
    return number
  }
  for (const { hash } of logHeads) add(encode(hash), 0)
  const onLinks: ReadLinksOptions['onLinks'] = (text, at, count, isNext) => {
    for (let done = 0; done < count; done += maxFound) {
      const start = at + done * linkLength
      const length = Math.min(count - done, maxFound)
      const numbers = known.findMany(text, start, linkLength, length)
      for (let i = 0; i < length; i++) {
        const number = numbers[i] === -1 ? add(text, start + i * linkLength) : numbers[i]
        if (isNext) known.mark(number)
      }
    }
  }

  const notes = createNotes(address, origin)
  const runs = reader.readRuns(indexed)
  let read: EntryColumns = { digests: indexed, times: await notes.read(indexed, origin.spool?.keep(indexed, runs) ?? runs, onLinks) }
  while (found.length > 0) {
    const digests = sortPacked(pack(found))
    found = []
    read = mergeSorted(read, { digests, times: await notes.read(digests, reader.readRuns(digests), onLinks) })
  }
  const isUnread = notes.isUnread()
  if (isUnread && base != null) {
    return
  }

  const heads = createDigestTable()
  if (isUnread) {
    for (const { hash } of logHeads) heads.add(toBytes(hash), 4)
  } else {
    for (let i = 0; i < numbers.length; i++) {
      if (!known.isMarked(numbers[i])) heads.add(indexed, i * digestLength)
    }
    for (const { hash, number } of unindexed) {
      if (!known.isMarked(number)) heads.add(toBytes(hash), 4)
    }
    for (let place = 0; place < (base?.heads.size ?? 0); place++) {
      const digest = base!.heads.at(place)
      if (!known.isMarked(known.find(encode(toHash(cidOf(digest)))))) heads.add(digest)
    }
  }
  const entries = base == null ? read : mergeItems(base.columns, toListOrder(read))
  const identities = createDigestTable()
  for (let place = 0; place < (base?.identities.size ?? 0); place++) identities.add(base!.identities.at(place))
  for (const hash of notes.writers.keys()) identities.add(toBytes(hash), 4)
  return {
    entries,
    written: read.digests,
    writtenBytes: notes.bytesRead(),
    heads: { digests: heads.packed().slice(), times: timesOf(heads, entries) },
    isUnread,
    identities,
    writers: notes.writers
  }
}

/** Reads the hashes of all entries, of which those will be marked that others have in `next`: of those that are not in a base also the digests, sorted, and their numbers among all. */
async function readIndex (hashes: LogSnapshot['hashes'], inBase: DigestTable, encode: (hash: string) => Uint8Array, signal?: AbortSignal): Promise<{ known: Fingerprints, digests: Uint8Array, numbers: Uint32Array }> {
  const known = createFingerprints()
  const unread = createPacked()
  const places: number[] = []
  const isInBase = inBase.size === 0 ? undefined : (digests: Uint8Array, at: number): boolean => inBase.has(digests, at)
  for await (const some of hashes) {
    signal?.throwIfAborted()
    for (const hash of some) {
      const number = known.size
      known.add(encode(hash))
      if (known.size > number && unread.add(hash, isInBase) && isInBase != null) places.push(number)
    }
  }
  const order = orderOf(unread.packed())
  return { known, digests: pick(unread.packed(), order), numbers: isInBase == null ? order : order.map(i => places[i]) }
}

/** Notes what entries are as they are read. */
function createNotes (address: DatabaseAddress, { db, onRead, onProblem }: Origin) {
  const encryption = db?.log.encryption
  const writers: ReadLog['writers'] = new Map()
  // Most entries have the writer of the one before
  let last = { identity: new Uint8Array(), key: new Uint8Array() }
  let isUnread = false
  let bytesRead = 0

  const noteWriter = (links: EntryLinks, digests: Uint8Array, at: number): void => {
    const { bytes, identity, key, keyEnd } = links
    if (identity === -1 || (startsAt(bytes, identity, last.identity) && keyEnd - key === last.key.length && startsAt(bytes, key, last.key))) {
      return
    }
    last = { identity: bytes.slice(identity, identity + textLength), key: bytes.slice(key, keyEnd) }
    const hash = hashAt(bytes, identity)
    const known = writers.get(hash)
    if (known?.some(({ key }) => equals(key, last.key)) !== true) {
      const signed = { key: last.key, hash: toHash(cidOf(digests, at)) }
      known == null ? writers.set(hash, [signed]) : known.push(signed)
    }
  }

  return {
    writers,
    isUnread: () => isUnread,
    bytesRead: () => bytesRead,
    /** Reads the links of entries, which come in runs, and gives the times of all. */
    read: async (digests: Uint8Array, runs: AsyncIterable<{ start: number, blocks: Uint8Array[] }>, onLinks: ReadLinksOptions['onLinks']): Promise<Float64Array> => {
      const times = new Float64Array(digests.length / digestLength)
      let at = 0
      const options = {
        address,
        encryption,
        onLinks,
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

/** Whether some bytes, of which there are any, stand at a position of others. */
function startsAt (bytes: Uint8Array, at: number, some: Uint8Array): boolean {
  let i = 0
  while (i < some.length && bytes[at + i] === some[i]) i++
  return i === some.length && i > 0
}

/** Converts hashes to bytes, in the same place each. */
function createTextEncoder (): (hash: string) => Uint8Array {
  const bytes = new Uint8Array(textLength)
  return hash => {
    for (let i = 0; i < textLength; i++) bytes[i] = hash.charCodeAt(i)
    return bytes
  }
}

/** Puts columns in the order of lists. */
function toListOrder (columns: EntryColumns): EntryColumns {
  const order = sortItems(columns)
  return { digests: pick(columns.digests, order), times: Float64Array.from(order, place => columns.times[place]) }
}

/** Merges columns in the order of the stores' keys. */
function mergeSorted (a: EntryColumns, b: EntryColumns): EntryColumns {
  const { digests, times } = concatItems([a, b])
  const order = orderOf(digests)
  return { digests: pick(digests, order), times: Float64Array.from(order, place => times[place]) }
}

/** The times of some entries. */
function timesOf (some: DigestTable, { digests, times }: EntryColumns): Float64Array {
  const found = new Float64Array(some.size)
  for (let i = 0; i < times.length; i++) {
    const place = some.find(digests, i * digestLength)
    if (place !== -1) found[place] = times[i]
  }
  return found
}
