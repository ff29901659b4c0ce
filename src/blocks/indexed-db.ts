/*
 * What a Level database is in browsers: a database of IndexedDB, with one object store. `batch` of browser-level waits for
 * each write before it makes the next one, which takes three times as long as to make all of them at once.
 */
import type { Level, LevelRecord } from './records.ts'

/** What a Level database is besides where it is of browser-level, and open. */
interface BrowserLevel extends Level {
  db: IDBDatabase
  location: string
  keyEncoding (): { encode (key: string): IDBValidKey }
  valueEncoding (): { encode (value: Uint8Array): unknown }
}

/** Whether a Level database is one of IndexedDB that is open, and nothing hears of, or changes, what is written to it. */
function isBrowserLevel (level: Level): level is BrowserLevel {
  const { type, status, location, db, hooks, listenerCount } = level as Record<string, any>
  return type === 'browser-level' && status === 'open' && db instanceof IDBDatabase && db.objectStoreNames.contains(location) &&
    hooks?.prewrite?.noop === true && listenerCount?.call(level, 'write') === 0 && hasOwnBatch(level)
}

/** Whether a Level database writes batches as its class does, which is one of abstract-level, and no class that extends it. */
function hasOwnBatch (level: Level): boolean {
  const prototype = Object.getPrototypeOf(level)
  return !['batch', '_batch'].some(name => Object.hasOwn(level, name)) &&
    Object.hasOwn(prototype, '_batch') && Object.hasOwn(Object.getPrototypeOf(prototype), 'batch')
}

/** Writes records to a Level database: all of them or, when it fails, none. */
export async function writeRecords (level: Level, records: LevelRecord[]): Promise<void> {
  if (records.length === 0 || !isBrowserLevel(level)) {
    return level.batch(records)
  }
  const { db, location } = level
  const [keys, values] = [level.keyEncoding(), level.valueEncoding()]
  const transaction = db.transaction(location, 'readwrite')
  const store = transaction.objectStore(location)
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => { resolve() }
    // Also when a write fails
    transaction.onabort = () => { reject(transaction.error ?? new Error('The writes were aborted')) }
    try {
      for (const { key, value } of records) store.put(values.encode(value), keys.encode(key))
      transaction.commit()
    } catch (error) {
      reject(error)
      transaction.abort()
    }
  })
}
