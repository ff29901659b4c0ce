import { eachLink, readLinks } from './links.ts'
import { createNotes } from './entries.ts'
import { concatItems, toListOrder } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidOf } from '../../blocks/cids.ts'
import { toBytes, toHash } from '../../blocks/hashes.ts'
import { pack, pick, sortPacked } from '../../blocks/packed.ts'
import type { BaseDatabase } from './base.ts'
import type { CreateProblem, Origin } from './contents.ts'
import type { LogSnapshot, ReadLog } from './entries.ts'
import type { EntryLinks } from './links.ts'
import type { Reader } from './reader.ts'
import type { SortedItems } from '../lists/tree.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { Database } from '../../core/index.ts'

/** How many bytes of entries are kept until all are found. */
const keptBytes = 2 ** 25

/**
 * Whether a log has all that a base has: its heads, and so all that they lead to. To be asked before the snapshot of the log
 * is taken, to which nothing of that can be new then.
 */
export async function hasHeads ({ log }: Database, { heads: { digests } }: BaseDatabase): Promise<boolean> {
  for (let at = 0; at < digests.length; at += digestLength) {
    if (!await log.has(toHash(cidOf(digests, at)))) {
      return false
    }
  }
  return true
}

/**
 * Reads the entries of a log that a base does not have: those that its heads lead to. Undefined when some can not be read,
 * or are no entries, or are more than the base has, and when with them the heads are not those of the log.
 */
export async function readAdded (heads: LogSnapshot['heads'], base: BaseDatabase, reader: Reader, origin: Origin & { db: Database }): Promise<ReadLog | undefined> {
  const { db: { address, log: { encryption } }, spool, onProblem } = origin
  const { entries } = base
  const sought = new Set<string>()
  const found: string[] = []
  const blocks = new Map<string, Uint8Array>()
  let bytes = 0

  let next: string[] = []
  const seek = (hash: string): void => {
    if (!sought.has(hash)) {
      sought.add(hash)
      next.push(hash)
    }
  }
  for (let place = 0; place < base.heads.times.length; place++) sought.add(toHash(cidOf(base.heads.digests, place * digestLength)))
  for (const { hash } of heads) seek(hash)
  while (next.length > 0) {
    const digests = sortPacked(pack(next))
    next = []
    const times = new Float64Array(digests.length / digestLength)
    const linksOf: Array<Set<string>> = []
    for await (const { start, blocks: some } of reader.readRuns(digests)) {
      for (const [i, block] of some.entries()) {
        const links = new Set<string>()
        const read: EntryLinks | undefined = await readLinks(block, { address, encryption, onLinks: eachLink(hash => links.add(hash)), onProblem: () => {} })
        if (read == null) {
          return
        }
        times[start + i] = read.time
        linksOf.push(links)
        bytes += block.length
        if (bytes <= keptBytes) blocks.set(toHash(cidOf(digests, (start + i) * digestLength)), block.slice())
      }
    }
    const sorted = toListOrder({ digests, times })
    const isThere = createDigestTable()
    for (const place of await entries.find(sorted)) isThere.add(sorted.digests, place * digestLength)
    for (const [i, links] of linksOf.entries()) {
      if (isThere.has(digests, i * digestLength)) continue
      found.push(toHash(cidOf(digests, i * digestLength)))
      links.forEach(seek)
    }
    if (found.length > entries.count) {
      return
    }
  }

  const digests = sortPacked(pack(found))
  const readRuns = async function * () {
    for (let start = 0; start < found.length; start++) {
      yield { start, blocks: [blocks.get(toHash(cidOf(digests, start * digestLength)))!] }
    }
  }
  const runs = bytes <= keptBytes ? readRuns() : reader.readRuns(digests)
  const problems: CreateProblem[] = []
  const notes = createNotes(address, { ...origin, onProblem: problem => problems.push(problem) })
  const followed = createDigestTable()
  const onNext = eachLink((hash, isNext) => { if (isNext) followed.add(toBytes(hash), 4) })
  const read = { digests, times: await notes.read(digests, spool?.keep(digests, runs) ?? runs, onNext) }
  // What is no entry could be anything, such as a block of an archive
  if (problems.some(({ code }) => code === 'entry-invalid')) {
    return
  }
  // A base is taken at its word for which entries it has, but not for which of them are heads
  const headItems = withoutFollowed([base.heads, read], followed)
  if (!isSame(headItems, heads) || (await entries.find(toListOrder(base.heads))).length < base.heads.times.length) {
    return
  }
  problems.forEach(onProblem)

  const identities = createDigestTable()
  identities.addAll(base.identities)
  for (const hash of notes.writers.keys()) identities.add(toBytes(hash), 4)
  return {
    base,
    entries: read,
    written: digests,
    writtenBytes: notes.bytesRead(),
    heads: headItems,
    isUnread: false,
    identities,
    writers: notes.writers
  }
}

/** Whether items are those of some hashes. */
function isSame ({ digests, times }: SortedItems, some: LogSnapshot['heads']): boolean {
  const hashes = new Set(some.map(({ hash }) => hash))
  return times.length === hashes.size && times.every((_, place) => hashes.has(toHash(cidOf(digests, place * digestLength))))
}

/** Some entries without those that others have in `next`. */
function withoutFollowed (parts: SortedItems[], followed: DigestTable): SortedItems {
  const { digests, times } = concatItems(parts)
  const places = Uint32Array.from(times.keys()).filter(place => !followed.has(digests, place * digestLength))
  return { digests: pick(digests, places), times: Float64Array.from(places, place => times[place]) }
}
