import { keyOf } from '../dag/reader.ts'
import { hashOfDigest } from '../errors.ts'
import type { DagDatabase } from '../dag/index.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { DatabaseAddress } from '../../core/index.ts'

/** A database in an archive: what its lists have, as hashes. */
export interface ArchivedDatabase {
  address: DatabaseAddress
  /** Hash of the manifest. */
  manifest: string
  /** Hash of the block or the state of the access controller. */
  access?: string
  heads: Set<string>
  identities: Set<string>
  entries: Set<string>
  isUnread: boolean
  /** Whether the lists have been read. */
  isListed: boolean
  /** The database of the access controller. */
  accessDatabase?: ArchivedDatabase
}

const toHashes = (table: DigestTable): Set<string> => new Set(Array.from({ length: table.size }, (_, place) => hashOfDigest(table.at(place))))

/** The databases of an archive, each with that of its access controller. */
export function toArchived (databases: DagDatabase[]): ArchivedDatabase[] {
  const archived = new Map<string, ArchivedDatabase>()
  const keyOfDatabase = ({ address, digest }: DagDatabase): string => address + keyOf(digest)
  for (const database of databases) {
    const { address, manifest, accessController, heads, identities, entryDigests, isUnread, isListed } = database
    const access = accessController == null || 'database' in accessController ? undefined : hashOfDigest(Object.values(accessController)[0] as Uint8Array)
    archived.set(keyOfDatabase(database), {
      address,
      manifest: hashOfDigest(manifest),
      access,
      heads: toHashes(heads),
      identities: toHashes(identities),
      entries: new Set(Array.from(entryDigests(), digest => hashOfDigest(digest))),
      isUnread,
      isListed
    })
  }
  for (const database of databases) {
    const { accessController } = database
    if (accessController != null && 'database' in accessController) {
      const other = databases.find(({ address }) => address === accessController.database)
      if (other != null) archived.get(keyOfDatabase(database))!.accessDatabase = archived.get(keyOfDatabase(other))
    }
  }
  return [...archived.values()]
}
