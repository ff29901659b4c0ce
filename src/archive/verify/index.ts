import { checkDatabase } from './database.ts'
import { addFacts, createFacts, followRest } from './facts.ts'
import { openArchive } from '../car.ts'
import { damagedBlock, DamagedArchiveError, TruncatedArchiveError } from '../errors.ts'
import { toCIDString } from '../inspect.ts'
import { createProgress } from '../progress.ts'
import { scanArchive } from '../scan.ts'
import { toChunks } from '../source.ts'
import type { Findings, VerifyReport } from './report.ts'
import type { ArchivedBlock, ArchiveReader } from '../car.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { ArchiveSource } from '../source.ts'

export type { Finding, ProblemCode, UncheckedCode, VerifiedDatabase, VerifyReport } from './report.ts'

/** Tells how far a verification has come. */
export type VerifyProgressEvent = ArchiveProgressEvent<'orbitdb-backup:verify:read'>

/** Options of {@link verifyBackup}. */
export interface VerifyOptions extends ArchiveOptions<VerifyProgressEvent> {}

/**
 * Verifies an archive without a node: that its blocks match their hashes, and that each snapshot has
 * exactly the entries that its heads lead to, validly signed by valid identities that may write. The
 * report lists all that is wrong. Identities of other types than OrbitDB's own can not be checked
 * here, nor who may write by other types of access controllers: a restore does that.
 *
 * Of an archive in the order of `createBackup` it keeps hashes in memory. Blocks that come before
 * those that link to them are kept until then.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError, UnsupportedVersionError or
 * TruncatedArchiveError when there is nothing to report about.
 */
export async function verifyBackup (source: ArchiveSource, { signal, onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
  const chunks = toChunks(source)
  const archive = await openArchive(chunks)
  const findings: Findings = { problems: [], unchecked: [] }
  const { problems, unchecked } = findings
  const facts = createFacts()

  const { snapshots, early, seen, extra, damaged } = await scanArchive(untilUnreadable(archive, findings), {
    signal,
    onRead: createProgress('orbitdb-backup:verify:read', onProgress, { bytes: chunks.size }),
    onInvalid: ({ message, hash }) => problems.push({ code: 'snapshot-invalid', message, hash }),
    visit: async (blocks, snapshots) => {
      await Promise.all(blocks.map(block => addFacts(facts, block, snapshots)))
    }
  })

  for (const [hash, offset] of damaged) {
    problems.push({ code: 'block-damaged', message: damagedBlock({ hash, offset }).message, hash })
  }
  for (const hash of snapshots.pending()) {
    if (!damaged.has(hash)) {
      problems.push({ code: 'block-missing', message: `Block "${hash}", which is part of a snapshot, is missing`, hash })
    }
  }
  for (const [hash, bytes] of early) {
    facts.blocks.set(hash, bytes)
  }
  const databases = snapshots.databases()
  followRest(facts, databases)
  for (const database of databases.filter(({ isListed }) => isListed)) {
    await checkDatabase(database, { facts, has: hash => seen.has(hash), isDamaged: hash => damaged.has(hash), findings })
  }
  if (snapshots.isComplete()) {
    for (const hash of extra) {
      problems.push({ code: 'block-extra', message: `Block "${hash}" is no part of a database`, hash })
    }
  }

  return {
    root: toCIDString(archive.root),
    ok: problems.length === 0,
    databases: databases.map(({ address, name, type, entries, heads }) => ({ address, name, type, entries: entries.size, heads: heads.size })),
    problems,
    unchecked
  }
}

/** Reads the blocks of an archive as far as there are any, and reports why there are no more. */
function untilUnreadable ({ root, blocks }: ArchiveReader, { problems }: Findings): ArchiveReader {
  const read = async function * (): AsyncGenerator<ArchivedBlock[]> {
    try {
      yield * blocks
    } catch (error) {
      if (error instanceof TruncatedArchiveError) {
        problems.push({ code: 'archive-truncated', message: error.message })
      } else if (error instanceof DamagedArchiveError) {
        problems.push({ code: 'archive-damaged', message: error.message })
      } else {
        throw error
      }
    }
  }
  return { root, blocks: { [Symbol.asyncIterator]: read } }
}
