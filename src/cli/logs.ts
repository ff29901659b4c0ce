import { join } from 'node:path'
import { createHashSet } from '../blocks/hash-set.ts'
import { readEach } from './node.ts'
import { assertNotDamaged, levelStateOf, openLevel } from './stores/level.ts'
import type { OfflineNode, ReadBlocks } from './node.ts'
import type { HashSet } from '../blocks/hash-set.ts'
import type { Head } from '../index.ts'

/** The log of a database, as OrbitDB keeps it beside the blocks. */
export interface StoredLog {
  heads: Head[]
  /** Hashes of the entries. */
  index: HashSet
  /** Bytes of heads that OrbitDB 2 kept with them. The node has no such block where the process ended before it was written. */
  headBlocks: Map<string, Uint8Array>
  /** Whether there is nothing in it but that a restore was begun and not finished, or that it was being made. */
  isUnfinished: boolean
}

/** Where OrbitDB keeps the parts of a database. */
export function pathsOf (orbitdb: string, hash: string): { database: string, log: string, indexedLog: string } {
  const database = join(orbitdb, 'orbitdb', hash)
  return { database, log: join(database, 'log'), indexedLog: join(database, '_index', 'orbitdb', hash, 'log') }
}

/** Whether there is a LevelDB, be it damaged, that may have something. */
const hasLevel = async (path: string): Promise<boolean> => ['made', 'damaged'].includes(await levelStateOf(path) ?? '')

export const hasLog = (path: string): Promise<boolean> => hasLevel(join(path, '_heads'))

/** How many keys are read at once. */
const keysAtOnce = 1000

/** The records of a LevelDB, in the order of their keys: none when it is not there. */
async function * readRecords (path: string): AsyncGenerator<[key: string, value: Uint8Array]> {
  if (!await hasLevel(path)) {
    return
  }
  const { db, close } = await openLevel(path, { write: false })
  try {
    yield * db.iterator()
  } finally {
    await close()
  }
}

/** The keys of the records of a LevelDB, many at a time: none when it is not there. */
async function * readKeys (path: string): AsyncGenerator<string[]> {
  if (!await hasLevel(path)) {
    return
  }
  const { db, close } = await openLevel(path, { write: false })
  const keys = db.keys({ highWaterMarkBytes: 2 ** 16 } as object)
  try {
    for (let some = await keys.nextv(keysAtOnce); some.length > 0; some = await keys.nextv(keysAtOnce)) yield some
  } finally {
    await keys.close()
    await close()
  }
}

const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** What is beside the heads of a log, but for the note of an import. */
async function readHeadRecords (path: string, onNoted?: (hash: string) => void): Promise<Map<string, Uint8Array>> {
  const records = new Map<string, Uint8Array>()
  for await (const [key, bytes] of readRecords(join(path, '_heads'))) {
    if (!key.startsWith('import/')) {
      records.set(key, bytes)
    } else if (onNoted != null && records.has('import')) {
      // It counts where it says how many lists it has, which comes before these
      toText(bytes).split('\n').forEach(onNoted)
    }
  }
  return records
}

/** The heads as OrbitDB 3 and newer have them: in one record. */
const newHeads = (bytes: Uint8Array | undefined): Head[] => bytes == null ? [] : JSON.parse(toText(bytes))

const isHash = (key: string): boolean => /^zdpu[1-9A-HJ-NP-Za-km-z]{45}$/.test(key)

/** The heads as OrbitDB 2 and older have them: a record each, which is the entry itself. */
const oldHeads = (records: Map<string, Uint8Array>): Map<string, Uint8Array> => new Map([...records].filter(([key]) => isHash(key)))

async function readHeads (blocks: Map<string, Uint8Array>): Promise<Head[]> {
  if (blocks.size === 0) {
    return []
  }
  const { decode } = await import('@ipld/dag-cbor')
  return [...blocks].map(([hash, bytes]) => ({ hash, next: decode<{ next: string[] }>(bytes).next ?? [] }))
}

/**
 * Whether OrbitDB 2 or older wrote a log.
 *
 * @throws CLIError when a part of it is damaged, in place of which OrbitDB would make an empty one.
 */
export async function isOldLog (path: string): Promise<boolean> {
  await assertNotDamaged(join(path, '_index'))
  const records = await readHeadRecords(path)
  return !records.has('heads') && oldHeads(records).size > 0
}

const byHash = (heads: Head[]): Head[] => [...new Map(heads.map(head => [head.hash, head])).values()]

/**
 * Reads the log of a database as OrbitDB would have it when it opens it, and changes nothing: an import that
 * was interrupted is complete then, and a head that was written just before the process ended is indexed.
 */
export async function readLog (path: string): Promise<StoredLog> {
  const isThere = await hasLog(path)
  const index = createHashSet()
  const records = await readHeadRecords(path, index.add)
  for await (const hashes of readKeys(join(path, '_index'))) hashes.forEach(index.add)

  const current = newHeads(records.get('heads'))
  const headBlocks = oldHeads(records)
  const old = await readHeads(headBlocks)
  const named = new Set(current.flatMap(({ next }) => next ?? []))
  const heads = byHash([...current, ...old.filter(({ hash }) => !named.has(hash))])

  for (const { hash } of heads) index.add(hash)
  const isEmpty = index.size === 0
  return {
    heads,
    index,
    headBlocks,
    isUnfinished: isThere && isEmpty && (records.has('restore') || !await hasLevel(join(path, '_index')))
  }
}

/**
 * Reads all of the log of a database. It is in two parts when the database was opened as
 * `KeyValueIndexed` and without it: then it is the union of both. What is empty and not pinned was being restored:
 * a database is pinned before it is made, and one that is restored when all of it is there.
 */
export async function readWholeLog (orbitdb: string, hash: string, isPinned: OfflineNode['isPinned']): Promise<StoredLog> {
  const { log, indexedLog } = pathsOf(orbitdb, hash)
  const parts = [await readLog(log), await readLog(indexedLog)]
  const [one, other] = parts
  const isHeadOf = ({ heads }: StoredLog, hash: string): boolean => heads.some(head => head.hash === hash)
  // A head stays one unless the other part has it, and something that follows it
  const headsOf = (part: StoredLog, other: StoredLog): Head[] => part.heads.filter(({ hash }) => !other.index.has(hash) || isHeadOf(other, hash))
  const heads = byHash([...headsOf(one, other), ...headsOf(other, one)])
  const { index } = one
  for (const hash of other.index) index.add(hash)
  return {
    heads,
    index,
    headBlocks: new Map([...one.headBlocks, ...other.headBlocks]),
    isUnfinished: index.size === 0 && (parts.some(({ isUnfinished }) => isUnfinished) || await isPinned(hash) === false)
  }
}

/**
 * Whether a database was opened with `KeyValueIndexed`. Where it was opened without that as well, the
 * part of its log that has more entries decides. Undefined when it is not there.
 */
export async function wasIndexed (orbitdb: string, hash: string): Promise<boolean | undefined> {
  const { log, indexedLog } = pathsOf(orbitdb, hash)
  const [isPlain, isIndexed] = [await hasLog(log), await hasLog(indexedLog)]
  if (isPlain && isIndexed) {
    return (await readLog(log)).index.size <= (await readLog(indexedLog)).index.size
  }
  return isPlain || isIndexed ? isIndexed : undefined
}

/** Reads blocks from a node, and from a log what only that has. */
export const withHeadBlocks = ({ headBlocks }: StoredLog, readBlocks: ReadBlocks): ReadBlocks => async (hashes, signal) => {
  return (await readBlocks(hashes, signal)).map((bytes, i) => bytes ?? headBlocks.get(hashes[i]))
}

/**
 * Finds the heads of a log that has lost them, as OrbitDB 2 could when its process ended: the entries that no
 * other one follows. Those that can not be read are left out.
 */
export async function findHeads (index: HashSet, readBlocks: ReadBlocks, signal?: AbortSignal): Promise<Head[]> {
  const { decode } = await import('@ipld/dag-cbor')
  const readHeads = async function * (hashes: Iterable<string>): AsyncGenerator<Head> {
    for await (const [hash, bytes] of readEach(hashes, readBlocks, signal)) {
      const { next } = bytes == null ? {} : decode<{ next?: string[] }>(bytes)
      if (Array.isArray(next)) yield { hash, next }
    }
  }
  const named = createHashSet()
  for await (const { next } of readHeads(index)) next.forEach(named.add)
  const unnamed = (function * () {
    for (const hash of index) if (!named.has(hash)) yield hash
  })()
  const heads: Head[] = []
  for await (const head of readHeads(unnamed)) heads.push(head)
  return heads
}
