import { encodeBlocks, encodeHeader } from './car.ts'
import { encodeRoot } from './format.ts'
import { createProgress } from './progress.ts'
import { takeSnapshot } from './snapshot.ts'
import { toBytes, toHash } from '../blocks/hashes.ts'
import { countOf, pack, unpack } from '../blocks/packed.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { DatabaseSnapshot } from './snapshot.ts'
import type { Database } from '../core/index.ts'

/**
 * Tells how far a backup has come: first the entries are read to find out who wrote them, then all
 * blocks are written.
 */
export type CreateProgressEvent = ArchiveProgressEvent<'orbitdb-backup:create:read' | 'orbitdb-backup:create:write'>

/** Options of {@link createBackup}. */
export interface CreateOptions extends ArchiveOptions<CreateProgressEvent> {}

/**
 * Creates an archive of databases, which may be written to meanwhile: each is archived as it is at
 * one instant, when the first bytes are asked for. Entries that are encrypted and can not be read
 * are archived as they are, without the identities of their writers.
 *
 * @returns The bytes of a CAR file.
 * @throws TypeError when there is no database, or the same address twice.
 * @throws MissingBlockError when the node does not have a block.
 */
export async function * createBackup (databases: Database<any> | ReadonlyArray<Database<any>>, { signal, onProgress }: CreateOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const all = [...new Set(Array.isArray(databases) ? databases as Database[] : [databases as Database])]
    .sort((a, b) => a.address < b.address ? -1 : 1)
  if (all.length === 0) {
    throw new TypeError('Could not create a backup: there is no database')
  }
  if (new Set(all.map(({ address }) => address)).size < all.length) {
    throw new TypeError('Could not create a backup: two databases have the same address')
  }

  const onRead = createProgress('orbitdb-backup:create:read', onProgress)
  const snapshots: DatabaseSnapshot[] = []
  for (const db of all) {
    signal?.throwIfAborted()
    snapshots.push(await takeSnapshot(db, { signal, onRead }))
  }
  const root = await encodeRoot(snapshots.map(({ hash }) => hash))
  const withAccess = [...new Map(snapshots.flatMap(listDatabases).map(database => [database.hash, database])).values()]
  const entries = withAccess.map(({ address, entries }, i) => {
    // Databases may share an access controller, and have it as it was at different instants
    const earlier = withAccess.slice(0, i).filter(other => other.address === address)
    return earlier.length === 0 ? entries : withoutEntries(entries, earlier.map(({ entries }) => entries))
  })
  const areDistinct = entries.every((packed, i) => packed.length === withAccess[i].entries.length)

  /** The blocks that come before the entries, each once */
  const blocks = [...new Map<string, Uint8Array>([
    root,
    ...withAccess.map(({ blocks }) => blocks[0]),
    ...withAccess.flatMap(({ blocks }) => blocks.slice(1)),
    ...withAccess.flatMap(({ setup }) => setup),
    ...withAccess.flatMap(({ identities }) => identities)
  ])]
  const onWrite = createProgress('orbitdb-backup:create:write', onProgress, {
    blocks: blocks.length + sum(entries, countOf),
    bytes: areDistinct ? sizeOf(blocks) + sum(withAccess, ({ entryBytes }) => entryBytes) : undefined
  })

  yield encodeHeader(toBytes(root[0]))
  for (const [hash, bytes] of blocks) {
    yield encodeBlocks([[toBytes(hash), bytes]])
    onWrite(1, bytes.length)
  }
  for (const [i, { readEntries }] of withAccess.entries()) {
    for await (const batch of readEntries(entries[i], signal)) {
      yield encodeBlocks(batch)
      onWrite(batch.length, sizeOf(batch))
    }
  }
}

const sum = <Item> (items: Item[], count: (item: Item) => number): number => items.reduce((sum, item) => sum + count(item), 0)

const sizeOf = (blocks: Array<[unknown, Uint8Array]>): number => sum(blocks, ([, bytes]) => bytes.length)

/** Removes packed CIDs that others have. */
const withoutEntries = (packed: Uint8Array, others: Uint8Array[]): Uint8Array => {
  const known = new Set(others.flatMap(other => unpack(other)).map(toHash))
  return pack(unpack(packed).map(toHash).filter(hash => !known.has(hash)))
}

/** A database, and after it that of its access controller. */
const listDatabases = (database: DatabaseSnapshot): DatabaseSnapshot[] => {
  return [database, ...database.accessDatabase == null ? [] : listDatabases(database.accessDatabase)]
}
