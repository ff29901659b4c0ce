import { join } from 'node:path'
import { CLIError } from './errors.ts'
import { isDatabaseName, namesIn } from './layout.ts'
import { shown } from './text.ts'
import { openLevel } from './stores/level.ts'
import type { ReadBlocks } from './node.ts'
import type { OpenedLevel } from './stores/level.ts'
import type { DatabaseAddress, Head } from '../index.ts'

/** The log of a database, as OrbitDB keeps it beside the blocks. */
export interface StoredLog {
  heads: Head[]
  /** Hashes of the entries. */
  index: Set<string>
}

/** The block that an address names. */
export interface Manifest {
  name: string
  type: string
  accessController: string
}

/** A database that a node has. */
export interface StoredDatabase {
  address: DatabaseAddress
  /** Undefined when the node does not have its block. */
  manifest?: Manifest
  /** Whether it was opened with `KeyValueIndexed`. */
  isIndexed: boolean
  /** The databases whose access controller it is. */
  controls: StoredDatabase[]
}

/** Where OrbitDB keeps the parts of a database. */
export function pathsOf (orbitdb: string, hash: string): { database: string, log: string, indexedLog: string } {
  const database = join(orbitdb, 'orbitdb', hash)
  return { database, log: join(database, 'log'), indexedLog: join(database, '_index', 'orbitdb', hash, 'log') }
}

export const hashOf = (address: string): string => address.split('/').pop()!

/** The names of the folders of databases. */
export async function databaseNamesIn (orbitdb: string): Promise<string[]> {
  return (await namesIn(join(orbitdb, 'orbitdb'))).filter(isDatabaseName).sort()
}

const hasLevel = async (path: string): Promise<boolean> => (await namesIn(path)).includes('CURRENT')

export const hasLog = (path: string): Promise<boolean> => hasLevel(join(path, '_heads'))

async function withLevel<Result> (path: string, fn: (db: OpenedLevel['db']) => Promise<Result>, missing: Result): Promise<Result> {
  if (!await hasLevel(path)) {
    return missing
  }
  const { db, close } = await openLevel(path, { write: false })
  try {
    return await fn(db)
  } finally {
    await close()
  }
}

/**
 * Reads the log of a database as OrbitDB would have it when it opens it: an import that was
 * interrupted is complete then, but here nothing is written.
 */
export async function readLog (path: string): Promise<StoredLog> {
  const index = new Set<string>()
  const heads = await withLevel(join(path, '_heads'), async db => {
    const [heads, pending] = (await db.getMany(['heads', 'import'])).map(bytes => bytes == null ? undefined : JSON.parse(new TextDecoder().decode(bytes)))
    for (const hash of pending?.hashes ?? []) index.add(hash)
    const all: Head[] = [...(heads ?? []).filter(({ hash }: Head) => pending?.connected.includes(hash) !== true), ...pending?.heads ?? []]
    return [...new Map(all.map(head => [head.hash, head])).values()]
  }, [])
  await withLevel(join(path, '_index'), async db => {
    for await (const hash of db.keys()) index.add(hash)
  }, undefined)
  return { heads, index }
}

/**
 * Reads all of the log of a database. It is in two parts when the database was opened as
 * `KeyValueIndexed` and without it: then it is the union of both.
 */
export async function readWholeLog (orbitdb: string, hash: string): Promise<StoredLog> {
  const { log, indexedLog } = pathsOf(orbitdb, hash)
  const [one, other] = [await readLog(log), await readLog(indexedLog)]
  const isHeadOf = ({ heads }: StoredLog, hash: string): boolean => heads.some(head => head.hash === hash)
  // A head stays one unless the other part has it, and something that follows it
  const headsOf = (part: StoredLog, other: StoredLog): Head[] => part.heads.filter(({ hash }) => !other.index.has(hash) || isHeadOf(other, hash))
  const heads = [...headsOf(one, other), ...headsOf(other, one)]
  return {
    heads: [...new Map(heads.map(head => [head.hash, head])).values()],
    index: new Set([...one.index, ...other.index])
  }
}

/** Reads the manifest of a database: undefined when the node does not have it, or has something else there. */
export async function readManifest (readBlocks: ReadBlocks, address: string): Promise<Manifest | undefined> {
  const [bytes] = await readBlocks([hashOf(address)])
  const { decode } = await import('@ipld/dag-cbor')
  if (bytes == null) {
    return
  }
  const { name, type, accessController } = decode<Record<keyof Manifest, unknown>>(bytes) ?? {}
  return typeof name === 'string' && typeof type === 'string' && typeof accessController === 'string' ? { name, type, accessController } : undefined
}

/**
 * Whether a database was opened with `KeyValueIndexed`. Where it was opened without that as well, the
 * part of its log that has more entries decides.
 */
export async function wasIndexed (orbitdb: string, hash: string): Promise<boolean> {
  const { log, indexedLog } = pathsOf(orbitdb, hash)
  return await hasLog(indexedLog) && !(await hasLog(log) && (await readLog(log)).index.size > (await readLog(indexedLog)).index.size)
}

/** Finds the databases that a node has, sorted by name. */
export async function findDatabases (orbitdb: string, readBlocks: ReadBlocks): Promise<StoredDatabase[]> {
  const databases: StoredDatabase[] = []
  for (const hash of await databaseNamesIn(orbitdb)) {
    const { log, indexedLog } = pathsOf(orbitdb, hash)
    if (await hasLog(log) || await hasLog(indexedLog)) {
      const address: DatabaseAddress = `/orbitdb/${hash}`
      databases.push({ address, manifest: await readManifest(readBlocks, address), isIndexed: await wasIndexed(orbitdb, hash), controls: [] })
    }
  }
  for (const database of databases) {
    databases.find(({ address }) => address === database.manifest?.accessController)?.controls.push(database)
  }
  return databases.sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1)
}

/** The name of a database, or its address. */
export const nameOf = ({ manifest, address }: Pick<StoredDatabase, 'manifest' | 'address'>): string => manifest?.name ?? address

/** What to call a database where it is shown. */
export const titleOf = (database: Pick<StoredDatabase, 'manifest' | 'address'>): string => shown(nameOf(database))

/** How many databases are named where one is not found. */
const maxNames = 5

/** Picks the databases that are meant by addresses and names. */
export function pickDatabases (databases: StoredDatabase[], wanted: string[]): StoredDatabase[] {
  const picked = wanted.map(name => {
    const all = databases.filter(({ address, manifest }) => address === name || hashOf(address) === name || manifest?.name === name)
    // OrbitDB gives the database of an access controller the name of the one that it is for
    const others = all.filter(({ controls }) => controls.length === 0)
    const found = others.length > 0 ? others : all
    if (found.length === 0) {
      const names = databases.slice(0, maxNames).map(({ address, manifest }) => manifest == null ? address : `"${shown(manifest.name, 40)}" ${address}`)
      const more = databases.length > maxNames ? `, and ${databases.length - maxNames} more` : ''
      throw new CLIError('notFound', `No database "${shown(name)}" is there: ${names.length === 0 ? 'there is none at all' : `there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}${more}`}`)
    }
    if (found.length > 1) {
      throw new CLIError('usage', `There are ${found.length} databases "${shown(name)}", give the address of one: ${found.map(({ address }) => address).join(', ')}`)
    }
    return found[0]
  })
  return [...new Set(picked)]
}
