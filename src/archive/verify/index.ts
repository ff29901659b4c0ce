import { toArchived } from './archived.ts'
import { checkDatabase } from './database.ts'
import { addFacts, createFacts } from './facts.ts'
import { openDag } from '../dag/index.ts'
import { keyOf, toDigest } from '../dag/reader.ts'
import { damagedBlock, DamagedArchiveError, hashOfDigest, LimitExceededError, TruncatedArchiveError } from '../errors.ts'
import { toLimits } from '../limits.ts'
import { readManifest } from '../pick.ts'
import { createProgress } from '../progress.ts'
import { openSource } from '../sources/index.ts'
import { toBytes } from '../../blocks/hashes.ts'
import type { Facts } from './facts.ts'
import type { Findings, VerifiedDatabase, VerifyReport } from './report.ts'
import type { Dag, RootLike } from '../dag/index.ts'
import type { Limits } from '../limits.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { BackupSource } from '../sources/index.ts'
import type { OrbitDB } from '../../core/index.ts'

export type { Finding, ProblemCode, UncheckedCode, VerifiedDatabase, VerifyReport } from './report.ts'

/** Tells how far a verification has come. */
export type VerifyProgressEvent = ArchiveProgressEvent<'orbitdb-backup:verify:read'>

/** Options of {@link verifyBackup}. */
export interface VerifyOptions extends ArchiveOptions<VerifyProgressEvent> {
  /** The CID of the root that the archive must have. */
  root?: RootLike
  limits?: Partial<Limits>
  /** An instance whose node looks a CID up, where the source is one. */
  orbitdb?: OrbitDB<any>
}

/**
 * Verifies an archive without a node: that its blocks match their hashes, and that each snapshot has
 * exactly the entries that its heads lead to, validly signed by valid identities that may write. The
 * report lists all that is wrong. Identities of other types than OrbitDB's own can not be checked
 * here, nor who may write by other types of access controllers: a restore does that.
 *
 * @throws ArchiveError of some class when there is nothing to report about.
 */
export async function verifyBackup (source: BackupSource, { root, limits: someLimits, orbitdb, signal, onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
  const limits = toLimits(someLimits)
  const opened = await openSource(source, { ipfs: orbitdb?.ipfs, limits, signal })
  const findings: Findings = { problems: [], unchecked: [] }
  const { problems, unchecked } = findings
  const facts = createFacts()
  try {
    const onRead = createProgress('orbitdb-backup:verify:read', onProgress, { bytes: opened.size })
    const dag = openDag(opened, { root, limits, signal, onRead })
    await readAll(dag, facts, findings)
    if (!dag.parts.some(({ nodes }) => nodes.size > 0) && problems.length === 0 && dag.bases.length === 0) dag.assertIsComplete()

    const missing = new Set(Array.from(dag.missing(), digest => keyOf(digest)))
    for (const [key, offset] of dag.damaged) {
      const hash = hashOfDigest(toDigest(key))
      if (missing.has(key)) problems.push({ code: 'block-damaged', message: damagedBlock(hash, offset).message, hash })
    }
    const isThin = dag.bases.length > 0 && !dag.isComplete()
    const isBroken = problems.some(({ code }) => code === 'dag-invalid')
    for (const part of isThin || isBroken ? [] : dag.parts) {
      for (const digest of part.wanted()) {
        const hash = hashOfDigest(digest)
        if (!dag.damaged.has(keyOf(digest))) problems.push({ code: 'block-missing', message: `Block "${hash}", which is part of the archive itself, is missing`, hash })
      }
    }
    const databases = toArchived(dag.databases())
    const isDamaged = (hash: string): boolean => dag.damaged.has(keyOf(cidOfHash(hash)))
    if (!isThin && !isBroken) {
      for (const database of databases.filter(({ isListed }) => isListed)) {
        await checkDatabase(database, { facts, has: hash => facts.seen.has(hash), isDamaged, findings })
      }
    }
    return {
      root: dag.roots[0],
      roots: dag.roots,
      ok: problems.length === 0 && !isThin,
      needs: isThin ? dag.bases : [],
      databases: dag.databases().map(({ address, manifest, counts: { entries, heads } }): VerifiedDatabase => ({ address, ...describe(facts.blocks.get(hashOfDigest(manifest)), manifest, limits), entries, heads })),
      extra: dag.countForeign(),
      problems,
      unchecked
    }
  } finally {
    await opened.close()
  }
}

const cidOfHash = (hash: string): Uint8Array => toBytes(hash).subarray(4)

function describe (bytes: Uint8Array | undefined, digest: Uint8Array, limits: Limits): { name?: string, type?: string } {
  try {
    const { name, type } = bytes == null ? {} : readManifest({ digest, bytes }, limits)
    return { name, type }
  } catch (error) {
    if (error instanceof LimitExceededError) throw error
    return {}
  }
}

/** Reads all blocks as far as there are any, and reports why there are no more. */
async function readAll (dag: Dag, facts: Facts, { problems }: Findings): Promise<void> {
  const isOfAccess = (address: string): boolean => {
    return dag.databases().some(({ accessController }) => accessController != null && 'database' in accessController && accessController.database === address)
  }
  try {
    for await (const batch of dag.blocks()) {
      await Promise.all(batch.map(block => addFacts(facts, block, isOfAccess)))
    }
  } catch (error) {
    if (error instanceof TruncatedArchiveError) {
      problems.push({ code: 'archive-truncated', message: error.message })
    } else if (error instanceof DamagedArchiveError) {
      problems.push({ code: error.code === 'dag-invalid' ? 'dag-invalid' : 'archive-damaged', message: error.message, hash: error.hash })
    } else {
      throw error
    }
  }
}
