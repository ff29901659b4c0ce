import { createBlockReader } from '../block-reader.ts'
import { readRoot, readSnapshot } from '../dag/snapshots.ts'
import { assertWithin } from '../limits.ts'
import { openTree } from '../lists/tree.ts'
import { concatItems, toListOrder } from '../lists/write.ts'
import { pickAllRoots } from '../roots.ts'
import { readAhead } from '../sources/ahead.ts'
import { openSource } from '../sources/index.ts'
import { openRandomAccess } from '../sources/random.ts'
import { createDigestTable, digestLength, keyOf, without } from '../../blocks/digests.ts'
import type { ReadSnapshot } from '../dag/snapshots.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { ListTree, SortedItems } from '../lists/tree.ts'
import type { BackupSource, SourceOptions } from '../sources/index.ts'

/** A database as it is in a base, which has entries of it. */
export interface BaseDatabase {
  /** The archive that it is in, where there are several. */
  archive: object
  heads: SortedItems
  /** Digests of the identities of the writers. */
  identities: Uint8Array
  entries: ListTree
}

/** What an archive is based on: whose blocks it can leave out. It is read only as far as it is needed. */
export interface Base {
  /** The digests of the roots, and then of those that they are based on. */
  roots: Uint8Array[]
  /** Whether a block is there, if it is one that databases share, or of an archive itself and was read or noted. */
  has: (digest: Uint8Array) => boolean
  /**
   * A database, by its address, to which entries can be added: one with most entries, where these could all be read, and none
   * of them is also something else in that archive.
   */
  getDatabase: (address: string) => Promise<BaseDatabase | undefined>
  /** Some entries of a database without those that are there. Notes the nodes of their lists. */
  without: (address: string, entries: SortedItems) => Promise<Uint8Array>
  /** Reads a block of an archive itself. */
  read: (digest: Uint8Array) => Promise<Uint8Array>
  close: () => Promise<void>
}

/** An archive of a base. */
interface Part {
  snapshots: Map<string, ReadSnapshot>
  /** The digests of the blocks that its databases share. */
  shared: Uint8Array
  /** Whether these are nothing but manifests, access controllers and identities; once it was asked for. */
  isPlain?: Promise<boolean>
}

/**
 * Opens what archives have.
 *
 * @throws ArchiveError of some class
 */
export async function openBase (source: BackupSource, options: SourceOptions): Promise<Base> {
  const { limits, signal } = options
  const sourceOptions = { ...options, offline: true }
  const opened = readAhead(await openSource(source, sourceOptions), { limits, openRandomAccess: () => openRandomAccess(source, sourceOptions) })
  try {
    const { roots, bases } = pickAllRoots(opened)
    const reader = createBlockReader(opened, { bases, limits, signal })
    const known = createDigestTable()
    const read: Base['read'] = async digest => {
      const bytes = await reader.needPart(digest)
      known.add(digest)
      return bytes
    }
    const readList = async (name: 'shared' | 'heads' | 'identities', { address, ...lists }: Partial<Snapshot> & { shared?: Snapshot['heads'] }): Promise<SortedItems> => {
      const list = lists[name]
      if (name === 'shared') assertWithin(limits, name, list?.count ?? 0, 'The blocks that databases of the base share')
      const leaves: SortedItems[] = []
      if (list != null) {
        for await (const leaf of openTree(name, address, list, read).leaves()) leaves.push(leaf)
      }
      return concatItems(leaves)
    }
    const entriesOf = ({ address, entries }: Snapshot): ListTree | undefined => entries == null ? undefined : openTree('entries', address, entries, read)

    const readPart = async (digest: Uint8Array): Promise<Part> => {
      const { access, databases, shared: sharedList } = readRoot({ digest, bytes: await read(digest) }, limits)
      const snapshots = new Map<string, ReadSnapshot>()
      for (const digest of [...access, ...databases]) {
        const snapshot = readSnapshot({ digest, bytes: await read(digest) }, limits)
        snapshots.set(snapshot.address, snapshot)
      }
      const { digests: shared } = await readList('shared', { shared: sharedList })
      known.addAll(shared)
      return { snapshots, shared }
    }
    const parts: Part[] = []
    for (const root of roots) parts.push(await readPart(root))

    /** Whether the only blocks that databases share are those that each of them has besides entries. */
    const isPlain = async ({ snapshots, shared }: Part): Promise<boolean> => {
      const names = createDigestTable()
      for (const snapshot of snapshots.values()) {
        const { manifest, accessController = {} } = snapshot
        for (const name of [manifest, ...Object.values(accessController)]) {
          if (name instanceof Uint8Array) names.add(name)
        }
        names.addAll((await readList('identities', snapshot)).digests)
      }
      return names.size === shared.length / digestLength
    }

    return {
      roots: [...new Map([...roots, ...opened.headers.flat()].map(root => [keyOf(root), root])).values()],
      has: known.has,
      getDatabase: async address => {
        const countOf = ({ snapshots }: Part): number => snapshots.get(address)?.entries?.count ?? 0
        for (const part of parts.toSorted((a, b) => countOf(b) - countOf(a))) {
          const snapshot = part.snapshots.get(address)
          const entries = snapshot == null ? undefined : entriesOf(snapshot)
          if (snapshot != null && entries != null && !snapshot.isUnread && await (part.isPlain ??= isPlain(part))) {
            return { archive: part, entries, heads: await readList('heads', snapshot), identities: (await readList('identities', snapshot)).digests }
          }
        }
      },
      without: async (address, entries) => {
        const found = createDigestTable()
        const sorted = toListOrder(entries)
        for (const { snapshots } of parts) {
          const snapshot = snapshots.get(address)
          const tree = snapshot == null ? undefined : entriesOf(snapshot)
          if (tree == null) continue
          for (const place of await tree.find(sorted)) found.add(sorted.digests, place * digestLength)
          for await (const digest of tree.nodes()) known.add(digest)
          for (const list of ['heads', 'identities'] as const) await readList(list, snapshot!)
        }
        return without(entries.digests, found)
      },
      read,
      close: opened.close
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}
