import type { HeliaNode } from './helia.ts'
import { core } from './runtime.ts'

/** Options of a storage operation. A storage ignores those it has no use for. */
export interface StorageOptions {
  /** Do not ask the network; defaults to false. */
  offline?: boolean
  /** Keep what is put from being collected as garbage at once; defaults to true. */
  persist?: boolean
  /** Return when what is put is on disk; defaults to false. */
  sync?: boolean
  /** For many to persist: the hash of a block, which nothing pins. As long as it is there, so are these. */
  witness?: string
}

/** Options of a storage's iterator. A storage may ignore them. */
export interface StorageIteratorOptions {
  /** How many records to yield; all by default. */
  amount?: number
  /** Yield the records in reverse order. */
  reverse?: boolean
}

/**
 * Stores values by key. Keys of entries and other blocks are their hashes
 * (base58btc CIDs); values are bytes unless a storage says otherwise.
 *
 * Functions for many values are optional: where a storage has none, OrbitDB
 * calls those for one.
 */
export interface Storage<Value = Uint8Array> {
  /** Stores a value. */
  put (hash: string, value: Value, signal?: AbortSignal, options?: StorageOptions): Promise<void>
  /** Stores many values: all or none, where the storage can. */
  putMany? (entries: Iterable<[hash: string, value: Value]>, signal?: AbortSignal, options?: StorageOptions): Promise<void>
  /** Gets a value; undefined when there is none. */
  get (hash: string, signal?: AbortSignal, options?: StorageOptions): Promise<Value | undefined>
  /** Gets many values, in the order of the hashes; undefined for each that there is none of. */
  getMany? (hashes: string[], signal?: AbortSignal, options?: StorageOptions): Promise<Array<Value | undefined>>
  /** Removes a value. */
  del (hash: string): Promise<void>
  /** Keeps a stored value from being collected as garbage (e.g. pins it). */
  persist? (hash: string, signal?: AbortSignal, options?: StorageOptions): Promise<void>
  /**
   * Keeps many stored values from being collected as garbage: all of them or, when it
   * fails or is aborted, none. Resolves to the hashes of those that were not kept before.
   */
  persistMany? (hashes: string[], signal?: AbortSignal, options?: StorageOptions): Promise<string[]>
  /** Takes back what {@link Storage.persistMany} did, given the hashes that it resolved to. */
  unpersistMany? (hashes: string[]): Promise<void>
  /** Iterates over the records, as key and value. */
  iterator (options?: StorageIteratorOptions): AsyncIterable<[hash: string, value: Value]>
  /** Gives back the room of what was deleted. */
  compact? (): Promise<void>
  /** Iterates over the keys of all records, many at a time. */
  keys? (): AsyncIterable<string[]>
  /** Copies the records of another storage to this one. */
  merge (other: Storage<Value>): Promise<void>
  /** Removes all records. */
  clear (): Promise<void>
  /** Closes the storage. It can not be used after that. */
  close (): Promise<void>
}

/** A storage that can keep its values from being collected as garbage. */
export interface PersistentStorage<Value = Uint8Array> extends Storage<Value> {
  persist (hash: string, signal?: AbortSignal, options?: StorageOptions): Promise<void>
}

/** Options of {@link IPFSBlockStorage}. */
export interface IPFSBlockStorageOptions {
  /** The node whose blockstore is used. */
  ipfs: HeliaNode
  /** Pin the blocks that are put; defaults to false. */
  pin?: boolean
  /** How long a put or get may take, in milliseconds; defaults to 30000. */
  timeout?: number
}

/** Options of {@link LevelStorage}. */
export interface LevelStorageOptions {
  /** Directory of the Level database; defaults to `./level`. */
  path?: string
  /** How Level encodes values: `view` (bytes, the default), `json`, `utf8`... */
  valueEncoding?: string
}

/** Options of {@link LRUStorage}. */
export interface LRUStorageOptions {
  /** How many values to keep; defaults to 1000000. */
  size?: number
}

/**
 * Creates a storage that keeps values as blocks of an IPFS node. Its `del`,
 * `merge` and `clear` do nothing and its iterator yields nothing: blocks stay
 * in the node.
 *
 * @example
 * ```ts
 * import { IPFSBlockStorage } from 'orbitdb-backup'
 *
 * const storage = await IPFSBlockStorage({ ipfs, pin: true })
 * const [{ hash }] = await db.log.heads()
 * console.log(await storage.get(hash))    // the bytes of the latest entry
 * ```
 */
export const IPFSBlockStorage: (options: IPFSBlockStorageOptions) => Promise<PersistentStorage<Uint8Array>> = core.IPFSBlockStorage

/**
 * Creates a storage that keeps values in a Level database. Its `merge` does nothing.
 *
 * @example
 * ```ts
 * import { LevelStorage } from 'orbitdb-backup'
 *
 * const storage = await LevelStorage<string>({ path: './settings', valueEncoding: 'json' })
 * await storage.put('theme', 'dark')
 * await storage.close()
 * ```
 */
export const LevelStorage: <Value = Uint8Array>(options?: LevelStorageOptions) => Promise<Storage<Value>> = core.LevelStorage

/**
 * Creates a storage that keeps the most recently used values in memory.
 *
 * @example
 * ```ts
 * import { LRUStorage } from 'orbitdb-backup'
 *
 * const cache = await LRUStorage<string>({ size: 1000 })
 * await cache.put('key', 'value')
 * ```
 */
export const LRUStorage: <Value = Uint8Array>(options?: LRUStorageOptions) => Promise<Storage<Value>> = core.LRUStorage

/**
 * Creates a storage that keeps values in memory.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from 'orbitdb-backup'
 *
 * // A database that leaves nothing on disk but its blocks
 * await orbitdb.open('drafts', { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() })
 * ```
 */
export const MemoryStorage: <Value = Uint8Array>() => Promise<Storage<Value>> = core.MemoryStorage

/**
 * Creates a storage of two: values are put to both, and read from the first
 * that has them. A value that only the second has is copied to the first.
 *
 * @example
 * ```ts
 * import { ComposedStorage, IPFSBlockStorage, LRUStorage } from 'orbitdb-backup'
 *
 * // Entries are read from memory where they are there, and else from the node
 * const entryStorage = await ComposedStorage(await LRUStorage({ size: 1000 }), await IPFSBlockStorage({ ipfs, pin: true }))
 * await orbitdb.open('posts', { type: 'documents', entryStorage })
 * ```
 */
export const ComposedStorage: <Value = Uint8Array>(first: Storage<Value>, second: Storage<Value>) => Promise<PersistentStorage<Value>> = core.ComposedStorage
