import { openDag } from '../dag/index.ts'
import { accessOf } from '../dag/snapshots.ts'
import { keyOf, toDigest } from '../../blocks/digests.ts'
import { decodeBlock } from '../decode.ts'
import { damagedBlock, DamagedArchiveError, hashOfDigest, LimitExceededError, TruncatedArchiveError } from '../errors.ts'
import { toLimits } from '../limits.ts'
import { readManifest } from '../pick.ts'
import { createProgress } from '../progress.ts'
import { openOrSalvage } from '../salvage/open.ts'
import { openSource } from '../sources/index.ts'
import { cidOf, digestOf } from '../../blocks/cids.ts'
import { toBytes, toHashText } from '../../blocks/hashes.ts'
import { Intake } from '../../core/intake.ts'
import { Verifier } from '../../core/verifier.ts'
import { verifySignatures } from '../../signatures/index.ts'
import type { Findings, ProblemCode, VerifiedDatabase, VerifyReport } from './report.ts'
import type { Dag, DagDatabase, RootLike } from '../dag/index.ts'
import type { Limits } from '../limits.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { Salvaged } from '../salvage/index.ts'
import type { BackupSource } from '../sources/index.ts'
import type { Encryption, OrbitDB, RestoreState } from '../../core/index.ts'
import type { StateProblem } from '../../core/verifier.ts'

export type { Finding, ProblemCode, UncheckedCode, VerifiedDatabase, VerifyReport } from './report.ts'

/** Tells how far a verification has come. */
export type VerifyProgressEvent = ArchiveProgressEvent<'orbitdb-backup:verify:read'>

/** Options of {@link verifyBackup}. */
export interface VerifyOptions extends ArchiveOptions<VerifyProgressEvent> {
  /** The CID of the root that the archive must have. */
  root?: RootLike
  limits?: Partial<Limits>
  /** Whether the source has blocks of databases, but no lists: as of `restoreBackup`. That nobody knows whether anything newer is missing is `unchecked` then. */
  salvage?: boolean
  /** The keys of entries that are encrypted, to salvage them. */
  encryption?: Encryption
  /** An instance whose node looks a CID up, where the source is one. */
  orbitdb?: OrbitDB<any>
}

/**
 * Verifies an archive without a node, by the rules that a restore has: that its blocks match their hashes, and
 * that each snapshot has exactly the entries that its heads lead to, validly signed by valid identities that may
 * write. The report lists all that is wrong. Access controllers and identity providers of an app are asked where
 * an instance is given; what they would decide is `unchecked` otherwise. Nothing of the archive is opened in that
 * instance.
 *
 * @throws ArchiveError of some class when there is nothing to report about.
 *
 * @example
 * ```ts
 * import { createBackup, verifyBackup } from 'orbitdb-backup'
 *
 * const file = await new Response(createBackup(db).stream()).blob()
 * const { ok, problems, unchecked } = await verifyBackup(file)
 * console.log(ok, problems, unchecked)    // true [] []
 * ```
 */
export async function verifyBackup (source: BackupSource, { root: someRoot, limits: someLimits, salvage, encryption, orbitdb, signal, onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
  const limits = toLimits(someLimits)
  const findings: Findings = { problems: [], unchecked: [] }
  const { problems, unchecked } = findings
  const onSalvage = ({ message }: Salvaged): void => { unchecked.push({ code: 'newer-entries', message }) }
  const { opened, root } = await openOrSalvage(source, openSource, { salvage, onSalvage, root: someRoot, encryption, ipfs: orbitdb?.ipfs, limits, signal })
  try {
    const onRead = createProgress('orbitdb-backup:verify:read', onProgress, { bytes: opened.size })
    const dag = openDag(opened, { root, limits, signal, onRead })
    const contents = await createContents(dag, { findings, limits, isCustom: orbitdb != null, signal })
    await readAll(dag, contents, findings)
    if (!dag.parts.some(({ nodes }) => nodes.size > 0) && problems.length === 0 && dag.bases.length === 0) dag.assertIsComplete()

    const isThin = dag.bases.length > 0 && !dag.isComplete()
    const missing = new Set(Array.from(dag.missing(), digest => keyOf(digest)))
    for (const [key, offset] of dag.damaged) {
      const hash = hashOfDigest(toDigest(key))
      if (missing.has(key)) problems.push({ code: 'block-damaged', message: damagedBlock(hash, offset).message, hash })
    }
    const isBroken = problems.some(({ code }) => code === 'dag-invalid')
    for (const part of isThin || isBroken ? [] : dag.parts) {
      for (const digest of part.wanted()) {
        const hash = hashOfDigest(digest)
        if (!dag.damaged.has(keyOf(digest))) problems.push({ code: 'block-missing', message: `Block "${hash}", which is part of the archive itself, is missing`, hash })
      }
    }
    for (const database of isThin || isBroken ? [] : dag.databases().filter(({ isListed }) => isListed)) {
      await contents.verify(database)
    }
    if (!isThin && !isBroken) {
      // What no database asks for must be there as well, or a restore refuses the archive
      const reported = new Set(problems.map(({ hash }) => hash))
      for (const digest of dag.missing()) {
        const hash = hashOfDigest(digest)
        if (!reported.has(hash) && !dag.damaged.has(keyOf(digest))) {
          problems.push({ code: 'block-missing', message: `Block "${hash}", which the archive lists, is missing`, hash })
        }
      }
    }
    return {
      root: dag.roots[0],
      roots: dag.roots,
      ok: problems.length === 0 && !isThin,
      needs: isThin ? dag.bases : [],
      databases: dag.databases().map(({ address, manifest, isAccess, counts: { entries, heads } }): VerifiedDatabase => ({ address, ...describe(contents.shared.get(hashOfDigest(manifest)), manifest, limits), entries, heads, isAccess })),
      extra: dag.countForeign(),
      problems,
      unchecked
    }
  } finally {
    await opened.close()
  }
}

interface ContentsOptions {
  findings: Findings
  limits: Limits
  /** Whether access controllers and identity providers of an app are asked. */
  isCustom: boolean
  signal?: AbortSignal
}

/** What is known of the contents of an archive: little of the entries, as there can be many. */
async function createContents (dag: Dag, { findings, limits, isCustom, signal }: ContentsOptions) {
  const { problems, unchecked } = findings
  const verifier = await Verifier({ isCustom, verifySignatures })
  const shared = new Map<string, Uint8Array>()
  const intakes = new Map<DagDatabase, { intake: Intake, encrypted: () => number }>()

  const isDamaged = (hash: string): boolean => dag.damaged.has(keyOf(digestOf(toBytes(hash))!))

  const report = ({ address }: DagDatabase, { code, message, hash }: StateProblem): void => {
    const isReported = hash != null && ['block-missing', 'identity-missing'].includes(code) && isDamaged(hash)
    if (!isReported) problems.push({ code: code as ProblemCode, message, hash, address })
  }

  const intakeOf = (database: DagDatabase) => {
    let found = intakes.get(database)
    if (found == null) {
      let encrypted = 0
      const intake = Intake({
        id: database.address,
        identities: verifier.identities,
        onProblem: problem => {
          if (problem.code === 'entry-encrypted') encrypted++
          else report(database, problem)
        }
      })
      found = { intake, encrypted: () => encrypted }
      intakes.set(database, found)
    }
    return found
  }

  /** The databases by their addresses, and the addresses of those that decide about others: as far as they are known. */
  const listDatabases = () => {
    const databases = new Map(dag.databases().map(database => [database.address as string, database]))
    const deciding = new Set([...databases.values()].map(accessOf))
    return { databases, deciding }
  }
  let listed: ReturnType<typeof listDatabases> | undefined
  const getDatabases = () => {
    if (!dag.isListed()) return listDatabases()
    listed ??= listDatabases()
    return listed
  }

  /** Whether entries are asked for again: by other databases, or by an access controller of an app. */
  const areKept = ({ address, manifest }: DagDatabase): boolean => {
    const { name, type, accessController } = describe(shared.get(hashOfDigest(manifest)), manifest, limits)
    const isAsked = isCustom && !(name != null && type != null && /^\/(ipfs|orbitdb)\//.test(accessController ?? ''))
    return isAsked || getDatabases().deciding.has(address)
  }
  const kept = new Map<DagDatabase, boolean>()

  const add = async ({ digest, bytes, database }: { digest: Uint8Array, bytes: Uint8Array, database?: DagDatabase }): Promise<void> => {
    if (database == null) {
      const hash = hashOfDigest(digest)
      const block = bytes.slice()
      shared.set(hash, block)
      await verifier.put(hash, block)
      return
    }
    const { intake } = intakeOf(database)
    const taken = intake.takeText(toHashText(cidOf(digest)), bytes)
    if (taken instanceof Promise) await taken
    if (!kept.has(database)) kept.set(database, areKept(database))
    if (kept.get(database) === true) await verifier.put(hashOfDigest(digest), bytes.slice())
  }

  const toState = (database: DagDatabase): RestoreState | {} | undefined => {
    const { accessController } = database
    if (accessController != null && 'state' in accessController) {
      const digest = accessController.state
      const hash = hashOfDigest(digest)
      const bytes = shared.get(hash)
      try {
        return bytes == null ? undefined : decodeBlock({ digest, bytes }) as {}
      } catch (error) {
        if (!problems.some(problem => problem.code === 'block-invalid' && problem.hash === hash)) report(database, error as DamagedArchiveError)
        return undefined
      }
    }
    const name = accessOf(database)
    const other = name == null ? undefined : getDatabases().databases.get(name)
    return other == null ? undefined : { address: other.address, heads: headsOf(other), index: hashesOf(other), accessController: toState(other) }
  }

  const verify = async (database: DagDatabase): Promise<void> => {
    const { address } = database
    const { intake, encrypted } = intakeOf(database)
    for (const digest of database.entryDigests()) intake.expectText(toHashText(cidOf(digest)))
    await verifier.verify({ address, heads: headsOf(database), intake, accessController: toState(database) }, {
      onProblem: problem => report(database, problem),
      onUnchecked: (code, message, hash) => unchecked.push({ code, message, hash, address }),
      signal
    })
    if (encrypted() > 0) {
      unchecked.push({ code: 'entries-encrypted', message: `${encrypted()} of ${database.counts.entries} entries are encrypted`, address })
    }
  }

  return { add, verify, shared }
}

type Contents = Awaited<ReturnType<typeof createContents>>

const headsOf = ({ heads }: DagDatabase): string[] => Array.from({ length: heads.size }, (_, place) => hashOfDigest(heads.at(place)))

function * hashesOf ({ entryDigests }: DagDatabase): Generator<string> {
  for (const digest of entryDigests()) yield hashOfDigest(digest)
}

function describe (bytes: Uint8Array | undefined, digest: Uint8Array, limits: Limits): { name?: string, type?: string, accessController?: string } {
  try {
    return bytes == null ? {} : readManifest({ digest, bytes }, limits)
  } catch (error) {
    if (error instanceof LimitExceededError) throw error
    return {}
  }
}

/** Reads all blocks as far as there are any, and reports why there are no more. */
async function readAll (dag: Dag, contents: Contents, { problems }: Findings): Promise<void> {
  try {
    for await (const batch of dag.blocks()) {
      for (const block of batch) await contents.add(block)
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
