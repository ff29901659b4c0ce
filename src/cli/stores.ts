import { FsBlockstore } from 'blockstore-fs'
import { LevelBlockstore } from 'blockstore-level'
import { FsDatastore } from 'datastore-fs'
import { LevelDatastore } from 'datastore-level'
import { Level } from 'level'
import type { StoreLocation } from './layout.ts'

interface OpenOptions {
  /** Whether to make what is not there. */
  create: boolean
}

/** Opens a LevelDB, as the stores of nodes do. */
export async function openLevel (path: string, { create }: OpenOptions): Promise<Level<string, Uint8Array>> {
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open({ createIfMissing: create, compression: false })
  return db
}

/** Opens the store of blocks of a node. */
export async function openBlockstore ({ path, kind }: StoreLocation, options: OpenOptions): Promise<LevelBlockstore | FsBlockstore> {
  return kind === 'fs' ? new FsBlockstore(path) : new LevelBlockstore(await openLevel(path, options))
}

/** Opens the store of data of a node, where the pins are. */
export async function openDatastore ({ path, kind }: StoreLocation, options: OpenOptions): Promise<LevelDatastore | FsDatastore> {
  return kind === 'fs' ? new FsDatastore(path) : new LevelDatastore(await openLevel(path, options))
}
