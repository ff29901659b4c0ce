import { join } from 'node:path'
import { CLIError } from './errors.ts'
import { isDatabaseName } from './layout.ts'
import { wasIndexed } from './logs.ts'
import { namesIn } from './names.ts'
import { formatSome } from './output.ts'
import { shown } from './text.ts'
import type { ReadBlocks } from './node.ts'
import type { DatabaseAddress } from '../index.ts'

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

/** The hash in an address, which may end in a slash. */
export const hashOf = (address: string): string => address.replace(/\/+$/, '').split('/').pop()!

/** The names of the folders of databases. */
export async function databaseNamesIn (orbitdb: string): Promise<string[]> {
  return (await namesIn(join(orbitdb, 'orbitdb'))).filter(isDatabaseName).sort()
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

/** Finds the databases that a node has, sorted by name. */
export async function findDatabases (orbitdb: string, readBlocks: ReadBlocks): Promise<StoredDatabase[]> {
  const databases: StoredDatabase[] = []
  for (const hash of await databaseNamesIn(orbitdb)) {
    const isIndexed = await wasIndexed(orbitdb, hash)
    if (isIndexed != null) {
      const address: DatabaseAddress = `/orbitdb/${hash}`
      databases.push({ address, manifest: await readManifest(readBlocks, address), isIndexed, controls: [] })
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
export const titleOf = ({ manifest, address }: { manifest?: Manifest, address: string }, length?: number): string => manifest == null ? shown(address) : `"${shown(manifest.name, length)}" ${shown(address)}`

/** How many other databases are those of their access controllers. */
export function countAccess (databases: Array<{ address: string, access?: { address: string } }>): number {
  const access = new Set(databases.flatMap(({ access }) => access?.address.startsWith('/orbitdb/') === true ? access.address : []))
  return [...access].filter(address => !databases.some(database => database.address === address)).length
}

/** The names of databases that are given: undefined where all are meant. */
export function namesGiven (names: string[], all = false): string[] | undefined {
  if (all === (names.length > 0)) {
    throw new CLIError('usage', all ? 'Either give databases, or --all' : 'No database is given: give names or addresses, or --all')
  }
  return all ? undefined : names
}

/** Picks the databases that are meant by addresses and names, or all but those of access controllers. */
export function pickDatabases (databases: StoredDatabase[], wanted: string[] | undefined, orbitdb: string): StoredDatabase[] {
  if (databases.length === 0) {
    throw new CLIError('notFound', `No database is in "${orbitdb}": give OrbitDB's directory with --orbitdb`)
  }
  const own = databases.filter(({ controls }) => controls.length === 0)
  const picked = wanted?.map(name => {
    const all = databases.filter(({ address, manifest }) => manifest?.name === name || hashOf(address) === (name.startsWith('/orbitdb/') ? hashOf(name) : name))
    // OrbitDB gives the database of an access controller the name of the one that it is for
    const others = all.filter(({ controls }) => controls.length === 0)
    const found = others.length > 0 ? others : all
    if (found.length === 0) {
      const similar = databases.find(({ manifest }) => manifest?.name.normalize() === name.normalize())
      if (similar != null) {
        throw new CLIError('notFound', `No database "${shown(name)}" is there, but one whose name looks the same and has other characters: give its address, ${similar.address}`)
      }
      throw new CLIError('notFound', `No database "${shown(name)}" is there: there ${own.length === 1 ? 'is' : 'are'} ${formatSome(own.map(database => titleOf(database, 40)))}`)
    }
    if (found.length > 1) {
      throw new CLIError('usage', `There are ${found.length} databases "${shown(name)}", give the address of one: ${found.map(({ address }) => address).join(', ')}`)
    }
    return found[0]
  })
  return [...new Set(picked ?? own)]
}
