import { assertAreSound, readRoot, readSnapshot } from './snapshots.ts'
import { DamagedArchiveError, hashOfDigest, rootToString } from '../errors.ts'
import { assertWithin } from '../limits.ts'
import { createListReader } from '../lists/read.ts'
import { createDigestTable, digestLength, keyOf, toDigest } from '../../blocks/digests.ts'
import type { List } from '../format/list.ts'
import type { ListName, Node } from '../format/node.ts'
import type { AccessControllerName } from '../format/snapshot.ts'
import type { Limits } from '../limits.ts'
import type { ListReader } from '../lists/read.ts'
import type { DigestTable } from '../../blocks/digests.ts'
import type { DatabaseAddress } from '../../core/index.ts'

/** A database in an archive, as far as its blocks have come. */
export interface DagDatabase {
  /** Digest of the snapshot. */
  readonly digest: Uint8Array
  readonly address: DatabaseAddress
  /** The digest of its manifest, which its address names. */
  readonly manifest: Uint8Array
  /** Whether it is the database of an access controller, which came along with others. */
  readonly isAccess: boolean
  readonly accessController?: AccessControllerName
  /** Whether some entries could not be read when it was archived. */
  readonly isUnread: boolean
  /** How many items its lists have, as the snapshot says. */
  readonly counts: { heads: number, identities: number, entries: number }
  /** The least and the greatest time of entries that could be read, as far as their list was read. */
  readonly clock?: { first: number, last: number }
  readonly lists: { heads?: List, identities?: List, entries?: List }
  /** Digests of the heads, and of the identities. */
  readonly heads: DigestTable
  readonly identities: DigestTable
  /** Digests of the entries that other logs have as well. */
  readonly named: DigestTable
  /** Whether its lists have been read. */
  readonly isListed: boolean
  /** Whether parts of its lists were left out. */
  readonly isPartial: boolean
  /** How many entries are known. */
  countEntries: () => number
  /** The digests of the entries that are known. Views, each valid until the next. */
  entryDigests: () => Iterable<Uint8Array>
}

/** What a block of a database is. */
export interface Place {
  /** The database whose entry it is; undefined for a block that databases share. */
  database?: DagDatabase
}

/** Reads what an archive is from its blocks, which may come in any order. */
export interface DagReader {
  /** CID of the root. */
  readonly root: string
  readonly digest: Uint8Array
  /** All databases, as far as their snapshots have come: those of access controllers first, each in the order of addresses. */
  databases: () => DagDatabase[]
  /** How many there are. */
  countDatabases: () => number
  /** Whether a block of the archive itself is wanted next. */
  wants: (digest: Uint8Array) => boolean
  /** The blocks of the archive itself that are wanted now, and the nodes that will be. */
  wanted: () => Iterable<Uint8Array>
  ahead: () => Iterable<Uint8Array>
  /** The keys of the blocks that came to be wanted since this was asked the last time. */
  takeFresh: () => string[]
  /**
   * Adds a block that is wanted.
   *
   * @throws ForeignArchiveError, UnsupportedVersionError, DamagedArchiveError or LimitExceededError
   */
  add: (digest: Uint8Array, bytes: Uint8Array) => void
  /** Leaves out what is wanted and not there, as in a thin archive: snapshots, and parts of lists. */
  skip: (isThere: (digest: Uint8Array) => boolean) => void
  /** Whether anything was left out. */
  isPartial: () => boolean
  /** What a block of a database is, and notes that it came; undefined when it is none that is known, or it came before. */
  place: (digest: Uint8Array) => Place | 'doubled' | undefined
  /** Leaves a database out: its entries are neither given nor missed. */
  ignore: (database: DagDatabase) => void
  /** Whether all snapshots have been read, or are left out. */
  areSnapshotsKnown: () => boolean
  /** Whether all snapshots and lists have been read. */
  isListed: () => boolean
  /** Whether all that is known has come. */
  isComplete: () => boolean
  /** The blocks of databases that did not come. */
  missing: () => Iterable<Uint8Array>
  countMissing: () => number
  /** The digests of all nodes, snapshots and the root, as far as they came. */
  readonly nodes: DigestTable
  /** The digests of all blocks of databases, as far as they are known. */
  readonly blocks: DigestTable
}

interface State extends DagDatabase {
  clock?: { first: number, last: number }
  isIgnored: boolean
  isListed: boolean
  isPartial: boolean
  unread: number
  /** Where its entries are among all blocks. */
  runs: Array<{ start: number, end: number }>
}

/**
 * Creates a reader of what a root links to.
 *
 * @param onEntries - called with each leaf of a list of entries
 */
export function createDagReader (digest: Uint8Array, limits: Limits, onEntries: (database: DagDatabase, leaf: Node) => void = () => {}): DagReader {
  const root = rootToString(digest)
  const readers = new Map<string, (digest: Uint8Array, bytes: Uint8Array) => void>()
  const listReaders = new Set<{ reader: ListReader, onSkip: () => void }>()
  const snapshots = new Set<string>()
  let fresh: string[] = []
  let isPartial = false
  const databases = new Map<string, State>()
  let all: Array<State | undefined> = []
  const nodes = createDigestTable()
  const blocks = createDigestTable()
  /** A bit for each block, in the order of these */
  let came = new Uint8Array(8)
  let missing = 0
  /** The owners of blocks, by where their runs start */
  const owners: Array<{ start: number, database?: State }> = []

  const damaged = (digest: Uint8Array, what: string): never => {
    const hash = hashOfDigest(digest)
    throw new DamagedArchiveError(`The archive is damaged: block "${hash}" ${what}`, { code: 'dag-invalid', hash })
  }

  const need = (digest: Uint8Array, read: (digest: Uint8Array, bytes: Uint8Array) => void): void => {
    const key = keyOf(digest)
    if (readers.has(key)) damaged(digest, 'is linked to twice')
    readers.set(key, read)
    fresh.push(key)
  }

  /** Adds blocks that a leaf links to. */
  const addBlocks = ({ digests, times, isNamed }: Node, leaf: Uint8Array, database?: State): void => {
    const start = blocks.size
    for (let i = 0; i < times.length; i++) {
      const at = i * digestLength
      if (isNamed?.(i) === true) {
        database?.named.add(digests, at)
      } else if (blocks.add(digests, at) < 0) {
        damaged(leaf, `links to "${hashOfDigest(digests.subarray(at, at + digestLength))}", which is linked already`)
      }
    }
    const end = blocks.size
    if (database?.isIgnored !== true) missing += end - start
    if (end > 8 * came.length) {
      const larger = new Uint8Array(Math.ceil(end / 4))
      larger.set(came)
      came = larger
    }
    if (owners.at(-1)?.database !== database || owners.length === 0) {
      owners.push({ start, database })
      database?.runs.push({ start, end })
    } else if (database != null) {
      database.runs.at(-1)!.end = end
    }
  }

  const hasCome = (place: number): boolean => (came[place >> 3] & 1 << (place & 7)) !== 0

  const ownerOf = (place: number): State | undefined => {
    let low = 0
    let high = owners.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (owners[middle].start <= place) low = middle
      else high = middle - 1
    }
    return owners[low]?.database
  }

  const needList = (name: ListName, list: List | undefined, database: State | undefined, onLeaf: (leaf: Node, digest: Uint8Array) => void, onEnd: () => void): void => {
    if (list == null) {
      return onEnd()
    }
    if (name === 'shared') assertWithin(limits, 'shared', list.count, `The list of what the databases of archive ${root} share`)
    const reader = createListReader(name, database?.address, list)
    const want = (): void => {
      const wanted = reader.wanted()
      if (wanted == null) {
        listReaders.delete(entry)
        return onEnd()
      }
      need(wanted.digest, (digest, bytes) => {
        let leaf
        try {
          leaf = reader.add(bytes)
        } catch (error) {
          return damaged(digest, `is not a valid part of the list of ${name}: ${(error as Error).message}`)
        }
        if (leaf != null) onLeaf(leaf, digest)
        want()
      })
    }
    const entry = {
      reader,
      onSkip: () => {
        const wanted = reader.wanted()!
        readers.delete(keyOf(wanted.digest))
        reader.skip()
        isPartial = true
        if (database != null) database.isPartial = true
        want()
      }
    }
    listReaders.add(entry)
    want()
  }

  const addSnapshot = (place: number, isAccess: boolean) => (digest: Uint8Array, bytes: Uint8Array): void => {
    const { address, manifest, accessController, isUnread, heads, identities, entries } = readSnapshot({ digest, bytes }, limits)
    if (databases.has(address)) {
      return damaged(digest, 'is not a snapshot of a database of its own')
    }
    const database: State = {
      digest: digest.slice(),
      address,
      manifest,
      isAccess,
      accessController,
      isUnread,
      counts: { heads: heads?.count ?? 0, identities: identities?.count ?? 0, entries: entries?.count ?? 0 },
      lists: { heads, identities, entries },
      heads: createDigestTable(),
      identities: createDigestTable(),
      named: createDigestTable(),
      isIgnored: false,
      isListed: false,
      isPartial: false,
      unread: 3,
      runs: [],
      countEntries: () => database.runs.reduce((count, { start, end }) => count + end - start, database.named.size),
      * entryDigests () {
        for (const { start, end } of database.runs) {
          for (let place = start; place < end; place++) yield blocks.at(place)
        }
        for (let place = 0; place < database.named.size; place++) yield database.named.at(place)
      }
    }
    databases.set(address, database)
    all[place] = database
    const onEnd = (): void => {
      database.isListed = --database.unread === 0
    }
    needList('heads', heads, database, ({ digests }) => database.heads.addAll(digests), onEnd)
    needList('identities', identities, database, ({ digests }) => database.identities.addAll(digests), onEnd)
    needList('entries', entries, database, (leaf, digest) => {
      addBlocks(leaf, digest, database)
      onEntries(database, leaf)
      const first = leaf.times.find(time => time > 0)
      if (first != null) database.clock = { first: database.clock?.first ?? first, last: leaf.times[leaf.times.length - 1] }
    }, onEnd)
  }

  need(digest, (_, bytes) => {
    const { access, databases, shared } = readRoot({ digest, bytes }, limits)
    all = new Array(access.length + databases.length)
    for (const [i, snapshot] of [...access, ...databases].entries()) {
      snapshots.add(keyOf(snapshot))
      need(snapshot, addSnapshot(i, i < access.length))
    }
    needList('shared', shared, undefined, (leaf, digest) => addBlocks(leaf, digest), () => {})
  })

  const finish = (): void => {
    if (readers.size === 0) {
      assertAreSound(all, limits)
      if (!isPartial) assertAreLinked(databases.values(), blocks)
    }
  }

  return {
    root,
    digest,
    nodes,
    blocks,
    databases: () => all.filter(database => database != null),
    countDatabases: () => databases.size,
    wants: digest => readers.size > 0 && readers.has(keyOf(digest)),
    * wanted () {
      for (const key of readers.keys()) yield toDigest(key)
    },
    takeFresh: () => {
      const keys = fresh
      fresh = []
      return keys
    },
    isPartial: () => isPartial,
    * ahead () {
      for (const { reader } of listReaders) yield * reader.ahead()
    },
    add: (digest, bytes) => {
      const key = keyOf(digest)
      const read = readers.get(key)!
      if (bytes.length > limits.formatBytes) {
        assertWithin(limits, 'formatBytes', bytes.length, `Block "${hashOfDigest(digest)}"`)
      }
      readers.delete(key)
      snapshots.delete(key)
      nodes.add(digest)
      read(digest, bytes)
      finish()
    },
    skip: isThere => {
      for (const key of snapshots) {
        if (!isThere(toDigest(key))) {
          readers.delete(key)
          snapshots.delete(key)
          isPartial = true
        }
      }
      for (const { reader, onSkip } of [...listReaders]) {
        for (let next = reader.wanted(); next != null && !isThere(next.digest); next = reader.wanted()) onSkip()
      }
      finish()
    },
    place: digest => {
      const place = blocks.find(digest)
      if (place === -1) {
        return nodes.has(digest) ? 'doubled' : undefined
      }
      if (hasCome(place)) {
        return 'doubled'
      }
      came[place >> 3] |= 1 << (place & 7)
      const database = ownerOf(place)
      if (database?.isIgnored === true) {
        return 'doubled'
      }
      missing--
      return { database }
    },
    ignore: database => {
      const state = databases.get(database.address)
      if (state !== database || state.isIgnored) {
        return
      }
      state.isIgnored = true
      for (const { start, end } of state.runs) {
        for (let place = start; place < end; place++) {
          if (!hasCome(place)) missing--
        }
      }
    },
    areSnapshotsKnown: () => nodes.size > 0 && snapshots.size === 0,
    isListed: () => readers.size === 0,
    isComplete: () => readers.size === 0 && missing === 0,
    * missing () {
      for (let place = 0; place < blocks.size; place++) {
        if (!hasCome(place) && ownerOf(place)?.isIgnored !== true) yield blocks.at(place).slice()
      }
    },
    countMissing: () => missing
  }
}

/** Checks that blocks which databases name are linked, and will be there. */
function assertAreLinked (databases: Iterable<DagDatabase>, blocks: DigestTable): void {
  for (const { address, accessController, manifest, identities, named } of databases) {
    const names = [manifest]
    if (accessController != null && 'block' in accessController) names.push(accessController.block)
    if (accessController != null && 'state' in accessController) names.push(accessController.state)
    for (const table of [identities, named]) {
      for (let place = 0; place < table.size; place++) names.push(table.at(place))
    }
    const absent = names.find(digest => !blocks.has(digest))
    if (absent != null) {
      throw new DamagedArchiveError(`The archive is damaged: block "${hashOfDigest(absent)}", which ${address} names, is linked nowhere`, { code: 'dag-invalid' })
    }
  }
}
