import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CLIError } from './errors.ts'

/** Where a node keeps what it has, as given on the command line. */
export interface LocationOptions {
  directory: string
  blockstore?: string
  datastore?: string
  orbitdb?: string
}

/** One of the stores of a node. */
export interface StoreLocation {
  path: string
  /** What keeps it; undefined when there is nothing yet. */
  kind?: 'level' | 'fs'
}

/** Where a node keeps what it has. */
export interface Layout {
  blockstore: StoreLocation
  datastore: StoreLocation
  /** The directory that OrbitDB was given. */
  orbitdb: string
}

/** What the stores are called, in the order in which they are looked for: the first is what a new one is called. */
export const usualNames = {
  blockstore: ['ipfs/blocks', 'blocks', 'ipfs/blockstore', 'blockstore', 'ipfs'],
  datastore: ['ipfs/data', 'data', 'ipfs/datastore', 'datastore']
}

/** The names in a directory; none when there is no such directory. */
export async function namesIn (path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return []
    }
    throw error
  }
}

const isLevel = (names: string[]): boolean => names.includes('CURRENT')

/** Whether a directory looks like what keeps a store in files: blocks by the ends of their names, or Helia's data. */
const isFs = {
  blockstore: (names: string[]) => names.some(name => /^[A-Z2-7]{2}$/.test(name)),
  datastore: (names: string[]) => names.includes('version.data') || names.includes('pinned-block')
}

async function findStore (store: 'blockstore' | 'datastore', { directory, [store]: given }: LocationOptions): Promise<StoreLocation> {
  if (given != null) {
    const names = await namesIn(given)
    return { path: given, kind: isLevel(names) ? 'level' : names.length > 0 ? 'fs' : undefined }
  }
  for (const name of usualNames[store]) {
    const path = join(directory, name)
    const names = await namesIn(path)
    if (isLevel(names)) {
      return { path, kind: 'level' }
    }
    if (isFs[store](names)) {
      return { path, kind: 'fs' }
    }
  }
  return { path: join(directory, usualNames[store][0]) }
}

/** The name of a directory that OrbitDB makes for a database. */
export const isDatabaseName = (name: string): boolean => /^zdpu[1-9A-HJ-NP-Za-km-z]{45}$/.test(name)

/** OrbitDB keeps databases in a folder `orbitdb` of its directory, which often is called `orbitdb` itself. */
async function findOrbitDB ({ directory, orbitdb }: LocationOptions): Promise<string> {
  const path = join(directory, 'orbitdb')
  const isItself = orbitdb == null && (await namesIn(path)).some(isDatabaseName)
  return orbitdb ?? (isItself ? directory : path)
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true

/** Finds out where a node keeps what it has. */
export async function findLayout (options: LocationOptions): Promise<Layout> {
  for (const path of [options.directory, options.blockstore, options.datastore, options.orbitdb]) {
    if (path != null && await isFile(path)) {
      throw new CLIError('usage', `"${path}" is a file, not a directory`)
    }
  }
  return {
    blockstore: await findStore('blockstore', options),
    datastore: await findStore('datastore', options),
    orbitdb: await findOrbitDB(options)
  }
}

/** Fails when there is no blockstore. */
export function assertHasBlocks ({ blockstore }: Layout, options: LocationOptions): void {
  if (blockstore.kind == null) {
    throw new CLIError('notFound', options.blockstore == null
      ? `No blockstore is in "${options.directory}" (looked for ${usualNames.blockstore.join(', ')}): give the node's folder with --directory, or its parts with --blockstore and --orbitdb`
      : `No blockstore is at "${options.blockstore}"`)
  }
}
