import { hashAt, linkLength, readLinks } from './links.ts'
import { concatItems } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidOf } from '../../blocks/cids.ts'
import { createFingerprints, maxFound, textLength } from '../../blocks/fingerprints.ts'
import { toBytes, toHash } from '../../blocks/hashes.ts'
import { arrange, createPacked, orderOf, pack, pick, sortPacked } from '../../blocks/packed.ts'
import { equals } from 'uint8arrays/equals'
import type { Contents, Origin } from './contents.ts'
import type { EntryLinks, EntryProblem, ReadLinksOptions } from './links.ts'
import type { Reader } from './reader.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { Fingerprints } from '../../blocks/fingerprints.ts'
import type { DatabaseAddress } from '../../core/index.ts'

/** The heads of a log, and the hashes of its entries, some at a time. */
export interface LogSnapshot {
  heads: Array<{ hash: string }>
  hashes: AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>
}

/** What is found out about the entries of a log. */
export interface ReadLog extends Pick<Contents, 'base' | 'entries' | 'written' | 'heads' | 'writtenBytes' | 'isUnread'> {
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

/** Reads the entries of a log. */
export async function readLog (address: DatabaseAddress, { heads: logHeads, hashes }: LogSnapshot, reader: Reader, origin: Origin): Promise<ReadLog> {
  const encode = createTextEncoder()
  const { known, digests: indexed, order } = await readIndex(hashes, encode, origin.signal)

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
  let entries: EntryColumns = { digests: indexed, times: await notes.read(indexed, origin.spool?.keep(indexed, runs) ?? runs, onLinks) }
  while (found.length > 0) {
    const digests = sortPacked(pack(found))
    found = []
    entries = mergeSorted(entries, { digests, times: await notes.read(digests, reader.readRuns(digests), onLinks) })
  }
  const isUnread = notes.isUnread()

  const heads = createDigestTable()
  if (isUnread) {
    for (const { hash } of logHeads) heads.add(toBytes(hash), 4)
  } else {
    for (let i = 0; i < order.length; i++) {
      if (!known.isMarked(order[i])) heads.add(indexed, i * digestLength)
    }
    for (const { hash, number } of unindexed) {
      if (!known.isMarked(number)) heads.add(toBytes(hash), 4)
    }
  }
  const identities = createDigestTable()
  for (const hash of notes.writers.keys()) identities.add(toBytes(hash), 4)
  return {
    entries,
    written: entries.digests,
    writtenBytes: notes.bytesRead(),
    heads: { digests: heads.packed(), times: timesOf(heads, entries) },
    isUnread,
    identities,
    writers: notes.writers
  }
}

/** Reads the hashes of all entries, of which those will be marked that others have in `next`, by their numbers: their digests are sorted, and the numbers with them. */
async function readIndex (hashes: LogSnapshot['hashes'], encode: (hash: string) => Uint8Array, signal?: AbortSignal): Promise<{ known: Fingerprints, digests: Uint8Array, order: Uint32Array }> {
  const known = createFingerprints()
  const { add, packed } = createPacked()
  for await (const some of hashes) {
    signal?.throwIfAborted()
    for (const hash of some) {
      const { size } = known
      known.add(encode(hash))
      if (known.size > size) add(hash)
    }
  }
  const digests = packed()
  const order = orderOf(digests)
  arrange(digests, order)
  return { known, digests, order }
}

/** Notes what entries are as they are read. */
export function createNotes (address: DatabaseAddress, { db, onRead, onProblem }: Origin) {
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
