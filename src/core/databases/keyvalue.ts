import type { DatabaseFactory, Operation, TypedDatabase } from '../database.ts'
import { core } from '../runtime.ts'

/** A key, its value, and the hash of the entry that put it. */
export interface KeyValueRecord<Value = unknown> {
  hash: string
  key: string
  value: Value
}

/** A key-value store. */
export interface KeyValue<Value = unknown> extends TypedDatabase<Operation<Value | null>> {
  readonly type: 'keyvalue'
  /** Stores a value and returns the hash of its entry. */
  put (key: string, value: Value): Promise<string>
  /** The same as {@link KeyValue.put}. */
  set (key: string, value: Value): Promise<string>
  /** Removes a key and returns the hash of the entry that does. */
  del (key: string): Promise<string>
  /** Gets a value; undefined when there is none. */
  get (key: string): Promise<Value | undefined>
  /** Iterates over the records; `amount` of them, or all. */
  iterator (options?: { amount?: number }): AsyncGenerator<KeyValueRecord<Value>, void, undefined>
  /** All records, least recently put first. */
  all (): Promise<Array<KeyValueRecord<Value>>>
}

/** A key-value store with an index on disk: `get` and `iterator` read that instead of the log. */
export type KeyValueIndexed<Value = unknown> = KeyValue<Value>

/** The type of {@link KeyValue}. */
export interface KeyValueModule {
  <Value = unknown>(): DatabaseFactory<KeyValue<Value>>
  readonly type: 'keyvalue'
}

/** The type of {@link KeyValueIndexed}. */
export interface KeyValueIndexedModule {
  <Value = unknown>(): DatabaseFactory<KeyValueIndexed<Value>>
  readonly type: 'keyvalue'
}

/**
 * Defines a key-value store.
 *
 * @example
 * ```ts
 * import { KeyValue } from 'orbitdb-backup'
 *
 * const prices = await orbitdb.open('prices', { Database: KeyValue<number>(), type: 'keyvalue' })
 * await prices.put('apple', 2)
 * console.log(await prices.get('apple'))    // 2
 * ```
 */
export const KeyValue: KeyValueModule = core.KeyValue

/**
 * Defines a key-value store with an index on disk.
 *
 * @example
 * ```ts
 * import { KeyValueIndexed } from 'orbitdb-backup'
 *
 * const prices = await orbitdb.open('prices', { Database: KeyValueIndexed<number>(), type: 'keyvalue' })
 * await prices.put('apple', 2)
 * console.log(await prices.get('apple'))    // 2, read from the index
 * ```
 */
export const KeyValueIndexed: KeyValueIndexedModule = core.KeyValueIndexed
