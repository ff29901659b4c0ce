/*
 * What Level databases are here, and what stands in for them: records that are read and written many at a time.
 */

/** A record, as a Level database takes it. */
export interface LevelRecord {
  type: 'put'
  key: string
  value: Uint8Array
}

/** The part of a Level database that is used here. */
export interface Level {
  getMany (keys: string[]): Promise<Array<Uint8Array | undefined>>
  hasMany (keys: string[]): Promise<boolean[]>
  batch (operations: LevelRecord[]): Promise<void>
  compactRange? (start: string, end: string): Promise<void>
}

/** A Level database that can be gone through in the order of its keys. */
export interface SortedLevel extends Level {
  iterator (options: { gte: string, lte: string, highWaterMarkBytes?: number }): LevelIterator<[key: string, value: Uint8Array]>
  keys (options: { gte: string, lte: string, limit: number }): LevelIterator<string>
}

interface LevelIterator<Item> {
  nextv (length: number): Promise<Item[]>
  close (): Promise<void>
}

/** Whether it is one that can be gone through. */
export const isSorted = (db: Level): db is SortedLevel => 'keys' in db
