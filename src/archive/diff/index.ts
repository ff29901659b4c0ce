import { diffLists } from './lists.ts'
import { openSide } from './side.ts'
import { accessOf, assertAreSound, readRoot, readSnapshot } from '../dag/snapshots.ts'
import { ArchiveError, rootToString } from '../errors.ts'
import { toLimits } from '../limits.ts'
import { readManifest } from '../pick.ts'
import { createProgress } from '../progress.ts'
import { keyOf } from '../../blocks/digests.ts'
import type { ListDifference } from './lists.ts'
import type { Comparable, Side } from './side.ts'
import type { ReadSnapshot } from '../dag/snapshots.ts'
import type { Root } from '../format/root.ts'
import type { Limits } from '../limits.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from '../progress.ts'
import type { RootLike } from '../roots.ts'
import type { DatabaseAddress, Encryption, HeliaNode } from '../../core/index.ts'

export type { Comparable } from './side.ts'
export type { ListDifference } from './lists.ts'

/** Tells how many blocks of archives were read. */
export type DiffProgressEvent = ArchiveProgressEvent<'orbitdb-backup:diff:read'>

/** Options of {@link diffBackups}. */
export interface DiffOptions extends ArchiveOptions<DiffProgressEvent> {
  /** Whether to tell the hashes of what is new or gone, and not only how much it is; defaults to false. */
  hashes?: boolean
  /** The roots to compare, where a source has several. */
  roots?: { a?: RootLike, b?: RootLike }
  /** Whether what is compared has blocks of databases, but no lists: as of `restoreBackup`. `roots` are then those of manifests. */
  salvage?: boolean
  /** The keys of entries that are encrypted, to salvage them. */
  encryption?: Encryption
  /** The node whose blocks and peers a CID is looked up with. */
  ipfs?: HeliaNode
  limits?: Partial<Limits>
  /** How long peers and gateways may give no block before it is given up, in ms; 60 s by default. */
  timeout?: number
  /** The most bytes to get from peers and gateways. */
  maxBytes?: number
}

/** How a database differs between two backups. */
export interface DatabaseDifference {
  address: DatabaseAddress
  /** Name and type, as its manifest has them, where that is there. */
  name?: string
  type?: string
  /** Whether it is the database of an access controller, which came along. */
  isAccess: boolean
  /** Where it is: in both, the same or not, only in the second one or only in the first one. */
  state: 'same' | 'changed' | 'new' | 'gone'
  entries: ListDifference
  heads: ListDifference
  /** The identities that wrote entries. */
  writers: ListDifference
}

/** How two backups differ. */
export interface BackupDifference {
  isSame: boolean
  /** CIDs of the roots. */
  a: string[]
  b: string[]
  databases: DatabaseDifference[]
}

/**
 * Compares two backups, or a backup with databases as they are now: what is new in the second one, and what is gone,
 * which is nothing as long as only entries were added. Of two backups it reads only those parts of the lists that are
 * not the same. What they claim is compared, and not verified. A stream is read into memory.
 *
 * @param a - a source, or open databases
 * @param b - what to compare with it: a source, or open databases
 * @throws ArchiveError of some class: IncompleteArchiveError where a part is needed that is in the base of an archive.
 *
 * @example
 * ```ts
 * import { createBackup, diffBackups } from 'orbitdb-backup'
 *
 * const file = await new Response(createBackup(db).stream()).blob()
 * await db.put({ _id: 'mood', text: 'better' })
 *
 * // Is the backup current?
 * const { isSame, databases } = await diffBackups(file, db)
 * console.log(isSame, databases[0].entries)    // false { new: 1, gone: 0, same: ... }
 * ```
 */
export async function diffBackups (a: Comparable, b: Comparable, { hashes = false, roots = {}, salvage = false, limits: someLimits, onProgress, ...options }: DiffOptions = {}): Promise<BackupDifference> {
  const limits = toLimits(someLimits)
  const onRead = createProgress('orbitdb-backup:diff:read', onProgress)
  const sides: Side[] = []
  try {
    for (const [i, side] of [a, b].entries()) {
      sides.push(await openSide(side, { ...options, salvage, limits, onRead, root: i === 0 ? roots.a : roots.b }))
    }
    const databases = await diffSides(sides as [Side, Side], limits, hashes)
    const [namesA, namesB] = sides.map(({ roots }) => roots.map(rootToString))
    return { isSame: databases.every(({ state }) => state === 'same'), a: namesA, b: namesB, databases }
  } finally {
    for (const side of sides) await side.close()
  }
}

/** A snapshot of a side, and the key of its digest. */
interface Found {
  snapshot: ReadSnapshot
  key: string
}

/** The digests of the snapshots that a root links to. */
type Linked = Pick<Root, 'access' | 'databases'>

async function readRoots ({ roots, read, missing }: Side, limits: Limits): Promise<Linked[]> {
  const blocks = await read(roots)
  return roots.map(root => {
    const bytes = blocks.get(keyOf(root))
    if (bytes == null) {
      throw missing(root)
    }
    return readRoot({ digest: root, bytes }, limits)
  })
}

async function diffSides (sides: [Side, Side], limits: Limits, hashes: boolean): Promise<DatabaseDifference[]> {
  const roots = [await readRoots(sides[0], limits), await readRoots(sides[1], limits)]
  const digests = roots.map(some => some.flatMap(({ access, databases }) => [...access, ...databases]))
  const keys = digests.map(some => new Set(some.map(digest => keyOf(digest))))
  const shared = digests[0].filter(digest => keys[1].has(keyOf(digest)))
  // A thin archive does not have what its base has
  const both = await readSnapshots(sides, shared, limits)
  const found: Array<Map<string, Found>> = []
  for (const [i, side] of sides.entries()) {
    const own = await readSnapshots([side], digests[i].filter(digest => !keys[1 - i].has(keyOf(digest))), limits)
    found.push(toDatabases(roots[i], new Map([...both, ...own]), limits))
  }

  const [before, after] = found
  const controllers = new Set(found.flatMap(map => [...map.values()].map(({ snapshot }) => accessOf(snapshot))))
  const differences: DatabaseDifference[] = []
  for (const address of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [one, other] = [before.get(address), after.get(address)]
    const state = one == null ? 'new' : other == null ? 'gone' : one.key === other.key ? 'same' : 'changed'
    const diff = async (name: 'entries' | 'heads' | 'identities'): Promise<ListDifference> => {
      const [list, otherList] = [one?.snapshot[name], other?.snapshot[name]]
      return state === 'same' || (list != null && otherList != null && keyOf(list.root) === keyOf(otherList.root))
        ? { new: 0, gone: 0, same: list?.count ?? 0, ...(hashes && { hashes: { new: [], gone: [] } }) }
        : diffLists({ side: sides[0], list }, { side: sides[1], list: otherList }, { name, address, hashes })
    }
    differences.push({
      address: address as DatabaseAddress,
      ...await readNames((one ?? other)!.snapshot.manifest, sides, limits),
      isAccess: controllers.has(address),
      state,
      entries: await diff('entries'),
      heads: await diff('heads'),
      writers: await diff('identities')
    })
  }
  return differences
}

/** The databases of a side, by their addresses. */
function toDatabases (roots: Linked[], snapshots: ReadonlyMap<string, ReadSnapshot>, limits: Limits): Map<string, Found> {
  const found = new Map<string, Found>()
  for (const { access, databases } of roots) {
    const all = [...access, ...databases].map((digest, i) => ({ key: keyOf(digest), snapshot: snapshots.get(keyOf(digest))!, isAccess: i < access.length }))
    assertAreSound(all.map(({ snapshot, isAccess }) => ({ ...snapshot, isAccess })), limits)
    for (const { snapshot, key } of all) {
      if (found.has(snapshot.address)) {
        throw new ArchiveError(`Several backups have ${snapshot.address}: say which one is meant by the option roots`, { code: 'root-required' })
      }
      found.set(snapshot.address, { snapshot, key })
    }
  }
  return found
}

/** Reads snapshots, by the keys of their digests. */
async function readSnapshots (sides: Side[], digests: Uint8Array[], limits: Limits): Promise<Map<string, ReadSnapshot>> {
  let blocks = new Map<string, Uint8Array>()
  for (const { read } of sides) {
    const rest = digests.filter(digest => !blocks.has(keyOf(digest)))
    if (rest.length > 0) blocks = new Map([...blocks, ...await read(rest)])
  }
  return new Map(digests.map(digest => {
    const bytes = blocks.get(keyOf(digest))
    if (bytes == null) {
      throw sides[0].missing(digest)
    }
    return [keyOf(digest), readSnapshot({ digest, bytes }, limits)]
  }))
}

/** Name and type of a database, where one of the sides has its manifest. */
async function readNames (digest: Uint8Array, sides: Side[], limits: Limits): Promise<{ name?: string, type?: string }> {
  for (const { read } of sides) {
    const bytes = (await read([digest])).get(keyOf(digest))
    if (bytes != null) {
      const { name, type } = readManifest({ digest, bytes }, limits)
      return { name, type }
    }
  }
  return {}
}
