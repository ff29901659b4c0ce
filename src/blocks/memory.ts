/*
 * The stores that Helia has where it is given none: Maps, read and written here as Level databases are.
 */
import { concat } from 'uint8arrays/concat'
import type { LevelRecord } from './records.ts'

function openMap<Value> (data: Map<string, Value>, toKey: (key: string) => string, toBytes: (value: Value) => Uint8Array, toValue: (bytes: Uint8Array) => Value) {
  return {
    getMany: async (keys: string[]) => keys.map(key => {
      const value = data.get(toKey(key))
      return value === undefined ? undefined : toBytes(value)
    }),
    hasMany: async (keys: string[]) => keys.map(key => data.has(toKey(key))),
    batch: async (records: LevelRecord[]) => {
      for (const { key, value } of records) data.set(toKey(key), toValue(value))
    }
  }
}

/** Opens the Map of a MemoryBlockstore: blocks in pieces, which are nobody else's, by multihashes in base32 in lower case. */
export const openMemoryBlocks = (data: Map<string, Uint8Array[]>) => openMap(data, key => key.slice(1).toLowerCase(), concat, bytes => [bytes])

/** Opens the Map of a MemoryDatastore. */
export const openMemoryRecords = (data: Map<string, Uint8Array>) => openMap(data, key => key, bytes => bytes, bytes => bytes.slice())
