import { join } from 'node:path'
import { namesIn } from './layout.ts'
import { openLevel } from './stores/level.ts'
import type { OfflineNode, ReadBlocks } from './node.ts'
import type { Head } from '../index.ts'

/** The log of a database, as OrbitDB keeps it beside the blocks. */
export interface StoredLog {
  heads: Head[]
  /** Hashes of the entries. */
  index: Set<string>
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

const hasLevel = async (path: string): Promise<boolean> => (await namesIn(path)).includes('CURRENT')

export const hasLog = (path: string): Promise<boolean> => hasLevel(join(path, '_heads'))

/** The records of a LevelDB that has few of them. */
async function readRecords (path: string): Promise<Map<string, Uint8Array>> {
  const { db, close } = await openLevel(path, { write: false })
  try {
    return new Map(await db.iterator().all())
  } finally {
    await close()
  }
}

/** The keys of a LevelDB: none when it is not there. */
async function readKeys (path: string): Promise<string[]> {
  if (!await hasLevel(path)) {
    return []
  }
  const { db, close } = await openLevel(path, { write: false })
  try {
    return await db.keys().all()
  } finally {
    await close()
  }
}

const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

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

/** Whether OrbitDB 2 or older wrote a log. */
export async function isOldLog (path: string): Promise<boolean> {
  const records = await hasLog(path) ? await readRecords(join(path, '_heads')) : new Map<string, Uint8Array>()
  return !records.has('heads') && oldHeads(records).size > 0
}

const byHash = (heads: Head[]): Head[] => [...new Map(heads.map(head => [head.hash, head])).values()]

/**
 * Reads the log of a database as OrbitDB would have it when it opens it, and changes nothing: an import that
 * was interrupted is complete then, and a head that was written just before the process ended is indexed.
 */
export async function readLog (path: string): Promise<StoredLog> {
  const isThere = await hasLog(path)
  const records = isThere ? await readRecords(join(path, '_heads')) : new Map<string, Uint8Array>()
  const indexed = await readKeys(join(path, '_index'))

  const current = newHeads(records.get('heads'))
  const headBlocks = oldHeads(records)
  const old = await readHeads(headBlocks)
  const named = new Set(current.flatMap(({ next }) => next ?? []))
  const heads = byHash([...current, ...old.filter(({ hash }) => !named.has(hash))])

  // The note of an import counts from when it says how many lists it has
  const lists = records.has('import') ? [...records].filter(([key]) => key.startsWith('import/')) : []
  const noted = lists.flatMap(([, bytes]) => toText(bytes).split('\n'))

  const index = new Set([...heads.map(({ hash }) => hash), ...noted, ...indexed])
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
  const index = new Set([...one.index, ...other.index])
  return {
    heads: byHash([...headsOf(one, other), ...headsOf(other, one)]),
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

const batchLength = 1000

/**
 * Finds the heads of a log that has lost them, as OrbitDB 2 could when its process ended: the entries that no
 * other one follows. Those that can not be read are left out.
 */
export async function findHeads (index: Set<string>, readBlocks: ReadBlocks, signal?: AbortSignal): Promise<Head[]> {
  const { decode } = await import('@ipld/dag-cbor')
  const heads = new Map<string, Head>()
  const named = new Set<string>()
  const hashes = [...index]
  for (let i = 0; i < hashes.length; i += batchLength) {
    const batch = hashes.slice(i, i + batchLength)
    for (const [j, bytes] of (await readBlocks(batch, signal)).entries()) {
      const { next } = bytes == null ? {} : decode<{ next?: string[] }>(bytes)
      if (Array.isArray(next)) {
        heads.set(batch[j], { hash: batch[j], next })
        for (const hash of next) named.add(hash)
      }
    }
  }
  return [...heads.values()].filter(({ hash }) => !named.has(hash))
}
