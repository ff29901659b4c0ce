// What opens a store is loaded when there is one of its kind
import type { FsBlockstore } from 'blockstore-fs'
import type { LevelBlockstore } from 'blockstore-level'
import type { FsDatastore } from 'datastore-fs'
import type { LevelDatastore } from 'datastore-level'
import type { Level } from 'level'
import type { StoreLocation } from './layout.ts'

interface OpenOptions {
  /** Whether to make what is not there. */
  create: boolean
}

/** Opens a LevelDB, as the stores of nodes do. */
export async function openLevel (path: string, { create }: OpenOptions): Promise<Level<string, Uint8Array>> {
  const { Level } = await import('level')
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open({ createIfMissing: create, compression: false })
  return db
}

/** Opens the store of blocks of a node. */
export async function openBlockstore ({ path, kind }: StoreLocation, options: OpenOptions): Promise<LevelBlockstore | FsBlockstore> {
  if (kind === 'fs') {
    const { FsBlockstore } = await import('blockstore-fs')
    return new FsBlockstore(path)
  }
  const { LevelBlockstore } = await import('blockstore-level')
  return new LevelBlockstore(await openLevel(path, options))
}

/** Opens the store of data of a node, where the pins are. */
export async function openDatastore ({ path, kind }: StoreLocation, options: OpenOptions): Promise<LevelDatastore | FsDatastore> {
  if (kind === 'fs') {
    const { FsDatastore } = await import('datastore-fs')
    return new FsDatastore(path)
  }
  const { LevelDatastore } = await import('datastore-level')
  return new LevelDatastore(await openLevel(path, options))
}
