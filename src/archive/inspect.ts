import { CID } from 'multiformats/cid'
import { openArchive } from './car.ts'
import { readEntry, readIdentity } from './entries.ts'
import { assertHasAll } from './errors.ts'
import { version } from './format.ts'
import { createProgress } from './progress.ts'
import { scanArchive } from './scan.ts'
import { setupOf } from './snapshots.ts'
import { toChunks } from './source.ts'
import { toBytes } from '../blocks/hashes.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { ArchivedDatabase } from './snapshots.ts'
import type { ArchiveSource } from './source.ts'
import type { DatabaseAddress } from '../core/index.ts'

/** Tells how far an inspection has come. */
export type InspectProgressEvent = ArchiveProgressEvent<'orbitdb-backup:inspect:read'>

/** Options of {@link inspectBackup}. */
export interface InspectOptions extends ArchiveOptions<InspectProgressEvent> {}

/** What an archive holds of a database. */
export interface DatabaseSummary {
  address: DatabaseAddress
  name: string
  type: string
  /** The number of entries. */
  entries: number
  /** The number of heads. */
  heads: number
  /** Ids of the identities of the writers, sorted. */
  writers: string[]
  /** Whether some entries could not be read when they were archived, so that writers may be missing. */
  isUnread: boolean
  /** The least and the greatest time of the clocks of the entries that can be read. */
  clock?: { first: number, last: number }
  /** The bytes of all of its blocks. */
  bytes: number
  /** The database of its access controller, where that is one. */
  accessController?: DatabaseSummary
}

/** What an archive holds. */
export interface ArchiveSummary {
  /** CID of the root. */
  root: string
  /** Version of the format. */
  version: number
  databases: DatabaseSummary[]
}

/** The CID of a root, as IPFS tools write it. */
export const toCIDString = (hash: string): string => CID.decode(toBytes(hash)).toString()

/**
 * Tells what an archive holds. It reads all of it, and checks that it is complete and that every
 * block matches its hash, but neither signatures nor access.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError, UnsupportedVersionError,
 * DamagedArchiveError or TruncatedArchiveError
 */
export async function inspectBackup (source: ArchiveSource, { signal, onProgress }: InspectOptions = {}): Promise<ArchiveSummary> {
  const chunks = toChunks(source)
  const archive = await openArchive(chunks)
  const sizes = new Map<string, number>()
  const times = new Map<string, number>()
  const ids = new Map<string, string>()

  const { snapshots, links, seen, damaged } = await scanArchive(archive, {
    signal,
    onRead: createProgress('orbitdb-backup:inspect:read', onProgress, { bytes: chunks.size }),
    visit: blocks => {
      for (const { hash, bytes } of blocks) {
        sizes.set(hash, bytes.length)
        const entry = readEntry(bytes)
        if (entry != null) {
          times.set(hash, entry.clock.time)
        } else {
          const id = readIdentity(bytes)?.id
          if (id != null) ids.set(hash, id)
        }
      }
    }
  })
  assertHasAll(archive.root, [...snapshots.pending(), ...[...links].filter(hash => !seen.has(hash))], damaged)

  const summarise = (database: ArchivedDatabase): DatabaseSummary => {
    const { address, name, type, isUnread, heads, identities, entries, accessDatabase } = database
    const clock = { first: Infinity, last: -Infinity }
    let bytes = 0
    for (const hash of [...setupOf(database), ...identities, ...entries]) {
      bytes += sizes.get(hash)!
    }
    for (const hash of entries) {
      const time = times.get(hash)
      if (time != null) {
        clock.first = Math.min(clock.first, time)
        clock.last = Math.max(clock.last, time)
      }
    }
    return {
      address,
      name,
      type,
      entries: entries.size,
      heads: heads.size,
      writers: [...new Set([...identities].map(hash => ids.get(hash) ?? hash))].sort(),
      isUnread,
      ...(clock.first <= clock.last && { clock }),
      bytes,
      ...(accessDatabase != null && { accessController: summarise(accessDatabase) })
    }
  }
  snapshots.databases()
  return { root: toCIDString(archive.root), version, databases: snapshots.roots().map(summarise) }
}
