import { planBackup, toDatabases } from '../create/index.ts'
import { createBlockReader } from '../block-reader.ts'
import { hashOfDigest, TruncatedArchiveError } from '../errors.ts'
import { assertWithin } from '../limits.ts'
import { pickRoots } from '../roots.ts'
import { openOrSalvage } from '../salvage/open.ts'
import { openRandomAccess } from '../sources/random.ts'
import { keyOf, toDigest } from '../../blocks/digests.ts'
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

async function openArchive (archive: BackupSource, { onRead, ...options }: SideOptions): Promise<Side> {
  const { limits, signal } = options
  const { opened: source, root } = await openOrSalvage(archive, openRandomAccess, options)
  try {
    const { roots, bases } = pickRoots(source, root)
    const { getMany, missing } = createBlockReader(source, { bases, limits, signal, onRead })
    return {
      roots,
      read: async digests => {
        const found = await getMany(digests)
        for (const [key, { length }] of found) assertWithin(limits, 'formatBytes', length, `Block "${hashOfDigest(toDigest(key))}"`)
        return found
      },
      missing,
      close: () => source.close()
    }
  } catch (error) {
    await source.close()
    throw error
  }
}
