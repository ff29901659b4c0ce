import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CLIError } from './errors.ts'
import { namesIn } from './names.ts'
import { findFileBlocks, findFileData } from './stores/detect.ts'
import { blockOptionNames, dataOptionNames, parseStoreOptions } from './stores/forms.ts'
import { levelStateOf } from './stores/level.ts'
import type { Found } from './stores/detect.ts'
import type { BlockForm, StoreKind, StoreOptions } from './stores/forms.ts'

/** Where a node keeps what it has, as given on the command line. */
export interface LocationOptions {
  directory: string
  blockstore?: string
  datastore?: string
  orbitdb?: string
  blockstoreOptions?: string
  datastoreOptions?: string
}

/** One of the stores of a node. */
export interface StoreLocation {
  path: string
  /** What keeps it; undefined when there is nothing yet. */
  kind?: StoreKind
  /** Whether it has nothing yet, as it is just being made. */
  isUnmade?: boolean
  /** Whether the user says where it is. */
  isGiven: boolean
  /** What the user says of it. */
  options?: StoreOptions
  /** What is known of its blocks, where they are files. */
  found?: Found<BlockForm>
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

/** Names that folders of other things may have as well. */
const commonNames = ['ipfs', 'data']

/** What is known of a LevelDB in a folder: undefined when there is none. */
async function findLevel (path: string): Promise<Pick<StoreLocation, 'kind' | 'isUnmade'> | undefined> {
  const state = await levelStateOf(path)
  return state == null ? undefined : { kind: 'level', isUnmade: state === 'begun' }
}

async function findStore (store: keyof typeof usualNames, { directory, [store]: given }: LocationOptions, options: StoreOptions | undefined): Promise<StoreLocation> {
  if (given != null) {
    const kind = (await namesIn(given)).length > 0 ? 'fs' : options?.kind
    return { path: given, isGiven: true, options, kind, ...await findLevel(given) }
  }
  let unknown: StoreLocation | undefined
  for (const name of usualNames[store]) {
    const path = join(directory, name)
    const level = await findLevel(path)
    if (level != null) {
      return { path, isGiven: false, options, ...level }
    }
    const found = store === 'blockstore' ? await findFileBlocks(path) : await findFileData(path)
    // Another process may have begun one since
    const begun = found.isEmpty || found.forms.length > 0 ? undefined : await findLevel(path)
    if (begun != null) {
      return { path, isGiven: false, options, ...begun }
    }
    const location: StoreLocation = { path, isGiven: false, options, kind: 'fs', ...store === 'blockstore' && { found: found as Found<BlockForm> } }
    if (found.forms.length > 0) {
      return location
    }
    if (!found.isEmpty && !commonNames.includes(name)) {
      unknown ??= location
    }
  }
  // What can not be told is refused when it is opened
  return unknown ?? { path: join(directory, usualNames[store][0]), isGiven: false, options }
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
  const { blockstoreOptions: ofBlocks, datastoreOptions: ofData } = options
  return {
    blockstore: await findStore('blockstore', options, ofBlocks == null ? undefined : parseStoreOptions(ofBlocks, '--blockstore-options', blockOptionNames)),
    datastore: await findStore('datastore', options, ofData == null ? undefined : parseStoreOptions(ofData, '--datastore-options', dataOptionNames)),
    orbitdb: await findOrbitDB(options)
  }
}

/** Fails when there is no blockstore. */
export function assertHasBlocks ({ blockstore }: Layout, options: LocationOptions): void {
  if (blockstore.kind == null || blockstore.isUnmade === true) {
    throw new CLIError('notFound', options.blockstore == null
      ? `No blockstore is in "${options.directory}" (looked for ${usualNames.blockstore.join(', ')}): give the node's folder with --directory, or its parts with --blockstore and --orbitdb`
      : `No blockstore is at "${options.blockstore}"`)
  }
}
