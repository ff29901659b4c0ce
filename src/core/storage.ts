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
 */
export interface Storage<Value = Uint8Array> {
  /** Stores a value. */
  put (hash: string, value: Value, signal?: AbortSignal, options?: StorageOptions): Promise<void>
  /** Stores many values; a storage that can not do better leaves it out. */
  putMany? (entries: Iterable<[hash: string, value: Value]>, signal?: AbortSignal, options?: StorageOptions): Promise<void>
  /** Gets a value; undefined when there is none. */
  get (hash: string, signal?: AbortSignal, options?: StorageOptions): Promise<Value | undefined>
  /** Removes a value. */
  del (hash: string): Promise<void>
  /** Keeps a stored value from being collected as garbage (e.g. pins it). */
  persist? (hash: string, signal?: AbortSignal): Promise<void>
  /** Iterates over the records, as key and value. */
  iterator (options?: StorageIteratorOptions): AsyncIterable<[hash: string, value: Value]>
  /** Copies the records of another storage to this one. */
  merge (other: Storage<Value>): Promise<void>
  /** Removes all records. */
  clear (): Promise<void>
  /** Closes the storage. It can not be used after that. */
  close (): Promise<void>
}

/** A storage that can keep its values from being collected as garbage. */
export interface PersistentStorage<Value = Uint8Array> extends Storage<Value> {
  persist (hash: string, signal?: AbortSignal): Promise<void>
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
 */
export const IPFSBlockStorage: (options: IPFSBlockStorageOptions) => Promise<PersistentStorage<Uint8Array>> = core.IPFSBlockStorage

/** Creates a storage that keeps values in a Level database. Its `merge` does nothing. */
export const LevelStorage: <Value = Uint8Array>(options?: LevelStorageOptions) => Promise<Storage<Value>> = core.LevelStorage

/** Creates a storage that keeps the most recently used values in memory. */
export const LRUStorage: <Value = Uint8Array>(options?: LRUStorageOptions) => Promise<Storage<Value>> = core.LRUStorage

/** Creates a storage that keeps values in memory. */
export const MemoryStorage: <Value = Uint8Array>() => Promise<Storage<Value>> = core.MemoryStorage

/**
 * Creates a storage of two: values are put to both, and read from the first
 * that has them. A value that only the second has is copied to the first.
 */
export const ComposedStorage: <Value = Uint8Array>(first: Storage<Value>, second: Storage<Value>) => Promise<PersistentStorage<Value>> = core.ComposedStorage
