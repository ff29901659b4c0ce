import { assertAreShallow } from '../dag/snapshots.ts'
import { ArchiveError, hashOfDigest } from '../errors.ts'
import { encodeRoot } from '../format/root.ts'
import { encodeSnapshot } from '../format/snapshot.ts'
import { assertWithin } from '../limits.ts'
import { addToList } from '../lists/add.ts'
import { createList, toListOrder } from '../lists/write.ts'
import { toBlocks } from '../sinks/car.ts'
import { createDigestTable, digestLength, without } from '../../blocks/digests.ts'
import { sortPacked } from '../../blocks/packed.ts'
import { sha256 } from '../../blocks/sha256.ts'
import type { Contents } from './contents.ts'
import type { Limits } from '../limits.ts'
import type { WritableList } from '../lists/write.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { DigestTable } from '../../blocks/digests.ts'

/** The digests of the snapshot of a database, and of the nodes of its list of heads. */
export interface Outline {
  snapshot: Uint8Array
  heads: Uint8Array[]
  /** That of its access controller, where this is a database. */
  access?: Outline
}

/** All that is in an archive, in the order in which it is written. */
export interface Plan {
  root: Uint8Array
  /** The blocks of the archive itself, or those of some digests. */
  nodes: (isWanted?: (digest: Uint8Array) => boolean) => Iterable<WrittenBlock>
  /** The digests of these, and how many bytes each has. */
  sizes: () => Iterable<[digest: Uint8Array, bytes: number]>
  /** The digests of blocks of the archive itself that are not among these, as a base has them. */
  reused: () => AsyncIterable<Uint8Array>
  /** What says that there are databases, and up to which heads. */
  outline: Outline[]
  /** The blocks that databases share. Without bytes where the base has them. */
  shared: Contents['setup']
  /** The entries of each database that may have to be written, as the archive links to them. */
  entries: Array<{ digests: Uint8Array, contents: Contents }>
  /** How many entries would be linked in two places if they were not shared, of those that were read. */
  doubled: number
}

/** Plans an archive of databases, those of access controllers apart. */
export async function createPlan (databases: Contents[], access: Contents[], limits: Limits): Promise<Plan> {
  const byAddress = (a: Contents, b: Contents): number => a.address < b.address ? -1 : 1
  const all = [...access.toSorted(byAddress), ...databases.toSorted(byAddress)]
  assertWithin(limits, 'databases', all.length, 'Could not create a backup: its databases')
  assertAreShallow(all, limits)

  const setup = new Map<string, Contents['setup'][number]>()
  for (const block of all.flatMap(({ setup }) => setup)) {
    const hash = hashOfDigest(block.digest)
    if (setup.get(hash)?.bytes == null) setup.set(hash, block)
  }
  const doubled = findDoubled([...setup.values()], all)
  for (const { contents, digests } of doubled.found) {
    for await (const run of contents.readEntries(digests)) {
      for (const block of toBlocks(run)) setup.set(hashOfDigest(block.digest), block)
    }
  }
  const shared = sortBlocks([...setup.values()])
  const sharedList = await createList('shared', undefined, { digests: concatDigests(shared) })
  assertWithin(limits, 'shared', shared.length, 'Could not create a backup: what its databases have besides entries')

  const lists: Array<WritableList | undefined> = [sharedList]
  const outline = new Map<string, Outline>()
  const snapshots: WrittenBlock[] = []
  const entries: Plan['entries'] = []
  for (const contents of all) {
    const { address, accessController, isUnread } = contents
    const named = placesOf(contents.entries.digests, doubled.digests)
    for (const limit of ['heads', 'identities'] as const) {
      const { length } = limit === 'heads' ? contents.heads.digests : contents.identities
      assertWithin(limits, limit, length / digestLength, `Could not create a backup: the ${limit} of ${address}`)
    }
    const heads = await createList('heads', address, contents.heads)
    const identities = await createList('identities', address, { digests: contents.identities })
    const list = contents.base == null
      ? await createList('entries', address, { ...contents.entries, named })
      : await addToList(contents.base.entries, toListOrder(contents.entries))
    lists.push(heads, identities, list)
    const bytes = encodeSnapshot({ address, accessController, heads, identities, entries: list, isUnread })
    const digest = await sha256(bytes)
    snapshots.push({ digest, bytes })
    outline.set(address, { snapshot: digest, heads: Array.from(heads?.sizes() ?? [], ([digest]) => digest) })
    entries.push({ contents, digests: without(contents.written, doubled.digests) })
  }

  for (const { address, accessController } of all) {
    if (accessController != null && 'database' in accessController) outline.get(address)!.access = outline.get(accessController.database)
  }

  const digests = snapshots.map(({ digest }) => digest)
  const bytes = encodeRoot({ access: digests.slice(0, access.length), databases: digests.slice(access.length), shared: sharedList })
  const root = await sha256(bytes)
  assertWithin(limits, 'formatBytes', bytes.length, 'Could not create a backup: its root')
  const own: Array<[Uint8Array, number]> = [
    [root, bytes.length],
    ...snapshots.map(({ digest, bytes }): [Uint8Array, number] => [digest, bytes.length]),
    ...lists.flatMap(list => [...list?.sizes() ?? []])
  ]
  assertIsTree(own.map(([digest]) => digest), shared, all)

  return {
    root,
    shared,
    entries,
    doubled: doubled.digests.size,
    sizes: () => own,
    outline: [...outline.values()],
    async * reused () {
      for (const list of lists) yield * list?.reused?.() ?? []
    },
    * nodes (isWanted = () => true) {
      for (const block of [{ digest: root, bytes }, ...snapshots]) {
        if (isWanted(block.digest)) yield block
      }
      for (const list of lists) {
        if (list != null) yield * list.nodes(isWanted)
      }
    }
  }
}

/** Finds entries that would be linked in two places: they are in two logs, or something else besides. */
function findDoubled (setup: Contents['setup'], all: Contents[]): { digests: DigestTable, found: Array<{ contents: Contents, digests: Uint8Array }> } {
  const known = createDigestTable()
  for (const { digest } of setup) known.add(digest)
  const setupTable = createDigestTable()
  for (const { digest } of setup) setupTable.add(digest)
  const digests = createDigestTable()
  const found = []
  for (const contents of all) {
    const { digests: packed } = contents.entries
    const places: number[] = []
    for (let at = 0; at < packed.length; at += digestLength) {
      // Nothing has to be remembered of one database alone
      const isKnown = all.length === 1 ? known.has(packed, at) : known.add(packed, at) < 0
      if (isKnown && digests.add(packed, at) >= 0 && setupTable.find(packed, at) === -1) places.push(at / digestLength)
    }
    if (places.length > 0) {
      const doubled = places.map(place => ({ digest: packed.subarray(place * digestLength, (place + 1) * digestLength) }))
      found.push({ contents, digests: sortPacked(concatDigests(doubled)) })
    }
  }
  return { digests, found }
}

/** The places of those digests that are in a table. */
function placesOf (packed: Uint8Array, table: DigestTable): Set<number> | undefined {
  if (table.size === 0) {
    return undefined
  }
  const places = new Set<number>()
  for (let at = 0; at < packed.length; at += digestLength) {
    if (table.has(packed, at)) places.add(at / digestLength)
  }
  return places
}

const concatDigests = (blocks: Array<{ digest: Uint8Array }>): Uint8Array => {
  const packed = new Uint8Array(blocks.length * digestLength)
  for (const [i, { digest }] of blocks.entries()) packed.set(digest, i * digestLength)
  return packed
}

/** Sorts blocks in the order of the stores' keys. */
function sortBlocks (blocks: Contents['setup']): Contents['setup'] {
  const byHash = new Map(blocks.map(block => [hashOfDigest(block.digest), block]))
  const sorted = sortPacked(concatDigests(blocks))
  return blocks.map((_, i) => byHash.get(hashOfDigest(sorted.subarray(i * digestLength, (i + 1) * digestLength)))!)
}

/**
 * Fails when a block of the archive itself is that of a database as well, which only who makes such an entry on purpose
 * can achieve: it would be linked in two places, and lost to everybody who pins both when one of the pins is removed.
 */
function assertIsTree (own: Uint8Array[], shared: Contents['setup'], all: Contents[]): void {
  const table = createDigestTable()
  for (const digest of own) {
    if (table.add(digest) < 0) throw notATree(digest)
  }
  const clash = shared.find(({ digest }) => table.has(digest))
  if (clash != null) {
    throw notATree(clash.digest)
  }
  for (const { address, entries: { digests } } of all) {
    for (let at = 0; at < digests.length; at += digestLength) {
      if (table.has(digests, at)) throw notATree(digests.subarray(at, at + digestLength), address)
    }
  }
}

const notATree = (digest: Uint8Array, address?: string): ArchiveError => {
  const hash = hashOfDigest(digest)
  const what = address == null ? '' : `: leave out ${address}, whose log has it as an entry`
  return new ArchiveError(`Could not create a backup: block "${hash}" would be linked in two places${what}`, { code: 'block-doubled', hash })
}
