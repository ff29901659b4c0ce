import { openDag } from './dag/index.ts'
import { keyOf } from '../blocks/digests.ts'
import { hashOfDigest } from './errors.ts'
import { version } from './format/root.ts'
import { toLimits } from './limits.ts'
import { readManifestIf } from './pick.ts'
import { createProgress } from './progress.ts'
import { openOrSalvage } from './salvage/open.ts'
import { openSource } from './sources/index.ts'
import { readIdentity } from '../core/blocks.ts'
import type { Dag, DagDatabase, RootLike } from './dag/index.ts'
import type { Limits } from './limits.ts'
import type { ManifestFacts } from './pick.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { Salvaged } from './salvage/index.ts'
import type { BackupSource } from './sources/index.ts'
import type { DatabaseAddress, Encryption, HeliaNode } from '../core/index.ts'

/** Tells how far an inspection has come. */
export type InspectProgressEvent = ArchiveProgressEvent<'orbitdb-backup:inspect:read'>

/** Options of {@link inspectBackup}. */
export interface InspectOptions extends ArchiveOptions<InspectProgressEvent> {
  /** The CID of the root that the archive must have. */
  root?: RootLike
  limits?: Partial<Limits>
  /** Whether the source has blocks of databases, but no lists: as of `restoreBackup`. All of it is read then. */
  salvage?: boolean
  /** Called with what was found by `salvage`. */
  onSalvage?: (salvaged: Salvaged) => void
  /** The keys of entries that are encrypted, to salvage them. */
  encryption?: Encryption
  /** The node that looks a CID up, where the source is one. */
  ipfs?: HeliaNode
}

/** What an archive claims to hold of a database. */
export interface DatabaseSummary {
  address: DatabaseAddress
  /** Name and type, as its manifest has them; undefined where a base has the manifest. */
  name?: string
  type?: string
  /** The number of entries. */
  entries: number
  /** The number of heads. */
  heads: number
  /** Ids of the identities of the writers, sorted; the hash of an identity that can not be read. */
  writers: string[]
  /** Whether some entries could not be read when they were archived, so that writers may be missing. */
  isUnread: boolean
  /** The least and the greatest time of the clocks of the entries that can be read. */
  clock?: { first: number, last: number }
  /** The database of its access controller, where that is one. */
  accessController?: DatabaseSummary
}

/** What an archive claims to hold: only `verifyBackup` tells whether it does. */
export interface ArchiveSummary {
  /** Always true: nothing but the head of the archive was read. */
  isClaimed: true
  /** CID of the root; of several archives, those of all. */
  root: string
  roots: string[]
  /** CIDs of the archives that it is based on, without which it is not complete. */
  bases: string[]
  /** Version of the format. */
  version: number
  databases: DatabaseSummary[]
}

/**
 * Tells what an archive claims to hold. Of one that `createBackup` wrote it reads the head only; of one whose blocks are
 * in another order, as much as it has to. What it reads matches its hashes.
 *
 * @throws ArchiveError of some class.
 *
 * @example
 * ```ts
 * import { createBackup, inspectBackup } from 'orbitdb-backup'
 *
 * const file = await new Response(createBackup(db).stream()).blob()
 * const { root, databases } = await inspectBackup(file)
 * console.log(root, databases[0].name, databases[0].entries)    // zdpu... posts 2
 * ```
 */
export async function inspectBackup (source: BackupSource, { root: someRoot, limits: someLimits, salvage, onSalvage, encryption, ipfs, signal, onProgress }: InspectOptions = {}): Promise<ArchiveSummary> {
  const limits = toLimits(someLimits)
  const { opened, root } = await openOrSalvage(source, openSource, { salvage, onSalvage, root: someRoot, encryption, ipfs, limits, signal })
  try {
    const onRead = createProgress('orbitdb-backup:inspect:read', onProgress, { bytes: opened.size })
    const dag = openDag(opened, { root, limits, signal, onRead })
    const manifests = new Map<string, ManifestFacts>()
    const ids = new Map<string, string | undefined>()
    let wanted: Set<string> | undefined

    const isWanted = (): boolean => {
      if (wanted == null && dag.isListed()) {
        wanted = namesOf(dag)
      }
      for (const key of wanted ?? []) {
        if (ids.has(key)) wanted!.delete(key)
      }
      return wanted == null || wanted.size > 0
    }
    for await (const batch of dag.blocks()) {
      for (const block of batch) {
        // The rest of what databases share is small as well, and before it is all known it is not known what it is
        if (block.database == null) {
          ids.set(keyOf(block.digest), readIdIf(block.bytes))
          manifests.set(keyOf(block.digest), readManifestIf(block, limits) ?? {})
        }
      }
      if (!isWanted()) break
    }
    if (isWanted() && (dag.bases.length === 0 || !dag.isListed())) dag.assertIsComplete()

    const databases = dag.databases()
    const summarise = (database: DagDatabase): DatabaseSummary => {
      const { address, manifest, isUnread, counts, identities, accessController, clock } = database
      const { name, type } = manifests.get(keyOf(manifest)) ?? {}
      const access = accessController != null && 'database' in accessController ? databases.find(({ address }) => address === accessController.database) : undefined
      const writers = Array.from({ length: identities.size }, (_, place) => {
        const digest = identities.at(place)
        return ids.get(keyOf(digest)) ?? hashOfDigest(digest)
      })
      return {
        address,
        name,
        type,
        entries: counts.entries,
        heads: counts.heads,
        writers: [...new Set(writers)].sort(),
        isUnread,
        ...(clock != null && { clock }),
        ...(access != null && { accessController: summarise(access) })
      }
    }
    return {
      isClaimed: true,
      root: dag.roots[0],
      roots: dag.roots,
      bases: dag.bases,
      version,
      databases: databases.filter(({ isAccess }) => !isAccess).map(summarise)
    }
  } finally {
    await opened.close()
  }
}

function readIdIf (bytes: Uint8Array): string | undefined {
  try {
    return readIdentity(bytes).id
  } catch {
    // Not an identity, or none of OrbitDB's own
  }
}

/** The keys of the blocks that tell names, types and writers. */
function namesOf (dag: Dag): Set<string> {
  const keys = new Set<string>()
  for (const { manifest, identities } of dag.databases()) {
    keys.add(keyOf(manifest))
    for (let place = 0; place < identities.size; place++) keys.add(keyOf(identities.at(place)))
  }
  return keys
}
