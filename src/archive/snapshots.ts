import { DamagedArchiveError } from './errors.ts'
import { decodeLeaf, decodeRoot, decodeSnapshot } from './format.ts'
import type { List, Snapshot } from './format.ts'

/** A database in an archive: its snapshot, and the lists that it names. */
export interface ArchivedDatabase extends Omit<Snapshot, 'heads' | 'identities' | 'entries'> {
  /** Hash of the snapshot. */
  hash: string
  heads: Set<string>
  identities: Set<string>
  entries: Set<string>
  /** Whether the lists have been read. */
  isListed: boolean
  /** The database of the access controller. */
  accessDatabase?: ArchivedDatabase
}

/** What reads the snapshots of an archive from its blocks, which may come in any order. */
export interface SnapshotReader {
  /** Whether a block is one to add. */
  needs: (hash: string) => boolean
  /** Hashes of the blocks to add, which may grow with each that is added. */
  pending: () => Iterable<string>
  /**
   * Reads a block that is needed.
   *
   * @throws ForeignArchiveError, UnsupportedVersionError or DamagedArchiveError.
   */
  add: (hash: string, bytes: Uint8Array) => void
  /** Whether all snapshots have been read. */
  isComplete: () => boolean
  /** Every database whose snapshot has been read; that of an access controller after its own. */
  databases: () => ArchivedDatabase[]
  /** Whether an address is that of the database of an access controller, as far as is known. */
  isOfAccess: (address: string) => boolean
  /** The databases that the root names. */
  roots: () => ArchivedDatabase[]
}

/**
 * @param root - hash of the root
 * @param onLinks - called with the hashes of blocks that are found to be of the databases
 */
export function createSnapshotReader (root: string, onLinks: (hashes: Iterable<string>) => void): SnapshotReader {
  /** What is done with each block when it comes */
  const readers = new Map<string, Array<(hash: string, bytes: Uint8Array) => void>>()
  const databases = new Map<string, ArchivedDatabase>()
  /** Leaves that have been read: lists may share them */
  const leaves = new Map<string, string[]>()
  const accessSnapshots = new Set<string>()
  let roots: string[] = []
  /** All databases, once they are known */
  let sorted: ArchivedDatabase[] | undefined

  const need = (hash: string, read: (hash: string, bytes: Uint8Array) => void): void => {
    readers.set(hash, [...readers.get(hash) ?? [], read])
  }

  const needList = (snapshot: string, hashes: Set<string>, { count, leaves: links }: List, onListed: () => void): void => {
    const parts: string[][] = []
    let missing = links.length
    const finish = (): void => {
      for (const hash of parts.flat()) hashes.add(hash)
      if (hashes.size !== count) {
        throw new DamagedArchiveError(`The archive is damaged: a list of snapshot "${snapshot}" does not have as many different blocks as it says`, { hash: snapshot })
      }
      onListed()
    }
    const addPart = (i: number, part: string[]): void => {
      parts[i] = part
      onLinks(part)
      if (--missing === 0) {
        finish()
      }
    }
    if (links.length === 0) {
      finish()
    }
    for (const [i, link] of links.entries()) {
      const leaf = leaves.get(link)
      if (leaf != null) {
        addPart(i, leaf)
      } else {
        need(link, (hash, bytes) => {
          const leaf = leaves.get(hash) ?? decodeLeaf(hash, bytes)
          leaves.set(hash, leaf)
          addPart(i, leaf)
        })
      }
    }
  }

  const needSnapshot = (hash: string): void => {
    if (!databases.has(hash)) {
      need(hash, readSnapshot)
    }
  }

  const readSnapshot = (hash: string, bytes: Uint8Array): void => {
    if (databases.has(hash)) {
      return
    }
    const snapshot = decodeSnapshot(hash, bytes)
    const lists = { heads: new Set<string>(), identities: new Set<string>(), entries: new Set<string>() }
    const database: ArchivedDatabase = { ...snapshot, ...lists, hash, isListed: false }
    databases.set(hash, database)
    let unread = 3
    for (const name of ['heads', 'identities', 'entries'] as const) {
      needList(hash, lists[name], snapshot[name], () => {
        database.isListed = --unread === 0
      })
    }
    onLinks(setupOf(snapshot))
    if (snapshot.accessController != null && 'database' in snapshot.accessController) {
      accessSnapshots.add(snapshot.accessController.database)
      needSnapshot(snapshot.accessController.database)
    }
  }

  const getDatabases = (): ArchivedDatabase[] => {
    const all = new Set<ArchivedDatabase>()
    const add = (hash: string): ArchivedDatabase | undefined => {
      const database = databases.get(hash)
      if (database != null && !all.has(database)) {
        all.add(database)
        if (database.accessController != null && 'database' in database.accessController) {
          database.accessDatabase = add(database.accessController.database)
        }
      }
      return database
    }
    roots.forEach(add)
    return [...all]
  }

  need(root, (hash, bytes) => {
    roots = decodeRoot(hash, bytes)
    roots.forEach(needSnapshot)
  })

  return {
    needs: hash => readers.has(hash),
    pending: () => readers.keys(),
    add: (hash, bytes) => {
      const all = readers.get(hash) ?? []
      readers.delete(hash)
      for (const read of all) read(hash, bytes)
      if (readers.size === 0) {
        leaves.clear()
      }
    },
    isComplete: () => readers.size === 0,
    databases: () => {
      if (readers.size > 0) {
        return getDatabases()
      }
      sorted ??= getDatabases()
      return sorted
    },
    isOfAccess: address => [...accessSnapshots].some(hash => databases.get(hash)?.address === address),
    roots: () => roots.flatMap(hash => databases.get(hash) ?? [])
  }
}

/** The hashes of the blocks that a database is opened with: its manifest and its access controller. */
export function setupOf ({ manifest, accessController }: Pick<Snapshot, 'manifest' | 'accessController'>): string[] {
  const hashes = [manifest]
  if (accessController != null) {
    if ('block' in accessController) hashes.push(accessController.block)
    if ('state' in accessController) hashes.push(accessController.state)
  }
  return hashes
}
