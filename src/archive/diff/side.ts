import { planBackup, toDatabases } from '../create/index.ts'
import { DamagedArchiveError, ForeignArchiveError, hashOfDigest, IncompleteArchiveError, rootToString, TruncatedArchiveError, UnsupportedVersionError } from '../errors.ts'
import { decodeRoot, version, versionOf } from '../format/root.ts'
import { assertWithin } from '../limits.ts'
import { pickRoots } from '../roots.ts'
import { openSalvaged } from '../salvage/index.ts'
import { openRandomAccess } from '../sources/random.ts'
import { keyOf } from '../../blocks/digests.ts'
import type { Limits } from '../limits.ts'
import type { RootLike } from '../roots.ts'
import type { BackupSource, SourceOptions } from '../sources/index.ts'
import type { Database, Encryption } from '../../core/index.ts'

/** One of two things that are compared: blocks of backups, and where these begin. */
export interface Side {
  /** Digests of the roots. */
  roots: Uint8Array[]
  /** Reads blocks, by the keys of their digests, without those that are not there. */
  read: (digests: Uint8Array[]) => Promise<Map<string, Uint8Array>>
  /** The error about a block that is not there. */
  missing: (digest: Uint8Array) => Error
  close: () => Promise<void>
}

/** What can be compared with an archive. */
export type Comparable = BackupSource | Database<any> | ReadonlyArray<Database<any>>

export interface SideOptions extends SourceOptions {
  root?: RootLike
  salvage: boolean
  encryption?: Encryption
  onRead: (blocks: number, bytes: number) => void
}

const isDatabase = (value: any): value is Database => typeof value?.address === 'string' && typeof value.log === 'object'
const areDatabases = (value: Comparable): value is Database | Database[] => isDatabase(value) || (Array.isArray(value) && value.length > 0 && value.every(isDatabase))

export const openSide = async (side: Comparable, options: SideOptions): Promise<Side> => {
  return areDatabases(side) ? openDatabases(side, options) : openArchive(side as BackupSource, options)
}

/** The backup that databases would have now. Of this, the blocks of lists and what databases share are there. */
async function openDatabases (databases: Database | Database[], { limits, signal }: SideOptions): Promise<Side> {
  const { plan } = await planBackup(toDatabases(databases), { limits, signal })
  const blocks = new Map<string, Uint8Array>()
  for (const { digest, bytes } of plan.nodes()) blocks.set(keyOf(digest), bytes)
  for (const { digest, bytes } of plan.shared) {
    if (bytes != null) blocks.set(keyOf(digest), bytes)
  }
  return {
    roots: [plan.root],
    read: async digests => {
      return new Map(digests.flatMap(digest => {
        const bytes = blocks.get(keyOf(digest))
        return bytes == null ? [] : [[keyOf(digest), bytes]]
      }))
    },
    missing: digest => new TruncatedArchiveError(`Block "${hashOfDigest(digest)}" is missing`, { hash: hashOfDigest(digest) }),
    close: async () => {}
  }
}

async function openArchive (archive: BackupSource, { root, salvage, encryption, onRead, ...options }: SideOptions): Promise<Side> {
  const source = salvage ? await openSalvaged(archive, { root, encryption, ...options }) : await openRandomAccess(archive, options)
  try {
    const { roots, bases } = pickRoots(source, salvage ? undefined : root)
    const names = bases.map(rootToString)
    return {
      roots,
      read: async digests => {
        const found = new Map<string, Uint8Array>()
        const wanted = new Set(digests.map(digest => keyOf(digest)))
        for await (const blocks of source.getMany!(digests, { signal: options.signal })) {
          for (const { digest, bytes, isIntact, length } of blocks) {
            if (digest == null || !isIntact || !wanted.has(keyOf(digest))) continue
            assertWithin(options.limits, 'formatBytes', bytes.length, `Block "${hashOfDigest(digest)}"`)
            if (!found.has(keyOf(digest))) onRead(1, length)
            found.set(keyOf(digest), bytes)
          }
        }
        return found
      },
      missing: digest => {
        const hash = hashOfDigest(digest)
        return bases.length > 0
          ? new IncompleteArchiveError(`The archive has only what is new since ${names.join(', ')}, which is needed with it`, { bases: names, hash })
          : new TruncatedArchiveError(`The archive is truncated or damaged: block "${hash}" is missing`, { hash, missing: 1 })
      },
      close: () => source.close()
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** The digests of the snapshots that the roots of a side link to. */
export async function readSnapshotDigests ({ roots, read, missing }: Side, limits: Limits): Promise<Uint8Array[]> {
  const blocks = await read(roots)
  return roots.flatMap(root => {
    const bytes = blocks.get(keyOf(root))
    if (bytes == null) {
      throw missing(root)
    }
    const decoded = decodeRoot(bytes)
    if (decoded == null) {
      const other = versionOf(bytes)
      throw other === undefined
        ? new ForeignArchiveError()
        : other === version
          ? new DamagedArchiveError(`The archive is damaged: block "${hashOfDigest(root)}" is not a valid root`, { code: 'dag-invalid', hash: hashOfDigest(root) })
          : new UnsupportedVersionError(`The archive is of version ${String(other)} of the format, and only version ${version} can be read: a newer version of orbitdb-backup may do`, { version: other })
    }
    assertWithin(limits, 'databases', decoded.databases.length + decoded.access.length, `The databases of archive ${rootToString(root)}`)
    return [...decoded.databases, ...decoded.access]
  })
}
