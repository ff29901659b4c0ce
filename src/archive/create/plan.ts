import { ArchiveError, hashOfDigest } from '../errors.ts'
import { encodeRoot } from '../format/root.ts'
import { encodeSnapshot } from '../format/snapshot.ts'
import { assertWithin } from '../limits.ts'
import { createList } from '../lists/write.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { sortPacked } from '../../blocks/packed.ts'
import { sha256 } from '../../blocks/sha256.ts'
import type { Contents } from './contents.ts'
import type { Limits } from '../limits.ts'
import type { WritableList } from '../lists/write.ts'
import type { WrittenBlock } from '../sinks/car.ts'
import type { DigestTable } from '../../blocks/digests.ts'

/** All that is in an archive, in the order in which it is written. */
export interface Plan {
  root: Uint8Array
  /** The blocks of the archive itself. */
  nodes: () => Iterable<WrittenBlock>
  /** The blocks that databases share. */
  shared: WrittenBlock[]
  /** The entries of each database that it links to. */
  entries: Array<{ digests: Uint8Array, contents: Contents }>
}

/** Plans an archive of databases, those of access controllers apart. */
export async function createPlan (databases: Contents[], access: Contents[], limits: Limits): Promise<Plan> {
  const byAddress = (a: Contents, b: Contents): number => a.address < b.address ? -1 : 1
  const all = [...access.toSorted(byAddress), ...databases.toSorted(byAddress)]
  assertWithin(limits, 'databases', all.length, 'Could not create a backup: its databases')

  const setup = new Map(all.flatMap(({ setup }) => setup).map(block => [hashOfDigest(block.digest), block]))
  const doubled = findDoubled([...setup.values()], all)
  for (const { contents, digests } of doubled.found) {
    for await (const blocks of contents.readEntries(digests)) {
      for (const { digest, bytes } of blocks) setup.set(hashOfDigest(digest), { digest: digest.slice(), bytes })
    }
  }
  const shared = sortBlocks([...setup.values()])
  const sharedList = await createList('shared', undefined, { digests: concatDigests(shared) })
  assertWithin(limits, 'shared', shared.length, 'Could not create a backup: what its databases have besides entries')

  const lists: Array<WritableList | undefined> = [sharedList]
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
    const list = await createList('entries', address, { ...contents.entries, named })
    lists.push(heads, identities, list)
    const bytes = encodeSnapshot({ address, accessController, heads, identities, entries: list, isUnread })
    snapshots.push({ digest: await sha256(bytes), bytes })
    entries.push({ contents, digests: without(contents.entries.digests, named) })
  }

  const digests = snapshots.map(({ digest }) => digest)
  const bytes = encodeRoot({ access: digests.slice(0, access.length), databases: digests.slice(access.length), shared: sharedList })
  const root = await sha256(bytes)
  assertWithin(limits, 'formatBytes', bytes.length, 'Could not create a backup: its root')
  assertIsTree([root, ...digests, ...lists.flatMap(list => [...list?.nodeDigests() ?? []])], shared, entries)

  return {
    root,
    shared,
    entries,
    * nodes () {
      yield { digest: root, bytes }
      yield * snapshots
      for (const list of lists) {
        if (list != null) yield * list.nodes()
      }
    }
  }
}

/** Finds entries that would be linked in two places: they are in two logs, or something else besides. */
function findDoubled (setup: WrittenBlock[], all: Contents[]): { digests: DigestTable, found: Array<{ contents: Contents, digests: Uint8Array }> } {
  const known = createDigestTable()
  for (const { digest } of setup) known.add(digest)
  const digests = createDigestTable()
  const found = []
  for (const contents of all) {
    const { digests: packed } = contents.entries
    const places: number[] = []
    for (let at = 0; at < packed.length; at += digestLength) {
      // Nothing has to be remembered of one database alone
      const isKnown = all.length === 1 ? known.has(packed, at) : known.add(packed, at) < 0
      if (isKnown && digests.add(packed, at) >= 0) places.push(at / digestLength)
    }
    if (places.length > 0) {
      found.push({ contents, digests: concatDigests(places.map(place => ({ digest: packed.subarray(place * digestLength, (place + 1) * digestLength) }))) })
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

function without (packed: Uint8Array, places: Set<number> | undefined): Uint8Array {
  if (places == null || places.size === 0) {
    return packed
  }
  const rest = new Uint8Array(packed.length - places.size * digestLength)
  for (let i = 0, at = 0; i < packed.length / digestLength; i++) {
    if (!places.has(i)) {
      rest.set(packed.subarray(i * digestLength, (i + 1) * digestLength), at)
      at += digestLength
    }
  }
  return rest
}

const concatDigests = (blocks: Array<{ digest: Uint8Array }>): Uint8Array => {
  const packed = new Uint8Array(blocks.length * digestLength)
  for (const [i, { digest }] of blocks.entries()) packed.set(digest, i * digestLength)
  return packed
}

/** Sorts blocks in the order of the stores' keys. */
function sortBlocks (blocks: WrittenBlock[]): WrittenBlock[] {
  const byHash = new Map(blocks.map(block => [hashOfDigest(block.digest), block]))
  const sorted = sortPacked(concatDigests(blocks))
  return blocks.map((_, i) => byHash.get(hashOfDigest(sorted.subarray(i * digestLength, (i + 1) * digestLength)))!)
}

/**
 * Fails when a block of the archive itself is that of a database as well, which only who makes such an entry on purpose
 * can achieve: it would be linked in two places, and lost to everybody who pins both when one of the pins is removed.
 */
function assertIsTree (own: Uint8Array[], shared: WrittenBlock[], entries: Plan['entries']): void {
  const table = createDigestTable()
  for (const digest of own) {
    if (table.add(digest) < 0) throw notATree(digest)
  }
  const clash = shared.find(({ digest }) => table.has(digest))
  if (clash != null) {
    throw notATree(clash.digest)
  }
  for (const { digests, contents } of entries) {
    for (let at = 0; at < digests.length; at += digestLength) {
      if (table.has(digests, at)) throw notATree(digests.subarray(at, at + digestLength), contents.address)
    }
  }
}

const notATree = (digest: Uint8Array, address?: string): ArchiveError => {
  const hash = hashOfDigest(digest)
  const what = address == null ? '' : `: leave out ${address}, whose log has it as an entry`
  return new ArchiveError(`Could not create a backup: block "${hash}" would be linked in two places${what}`, { code: 'block-doubled', hash })
}
