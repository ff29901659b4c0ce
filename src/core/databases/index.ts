import type { DatabaseModule } from '../database.ts'
import { core } from '../runtime.ts'
import type { Documents } from './documents.ts'
import type { Events } from './events.ts'
import type { KeyValue } from './keyvalue.ts'

export * from './documents.ts'
export * from './events.ts'
export * from './keyvalue.ts'

/**
 * The database that each type opens. Add your own by declaration merging:
 *
 * ```ts
 * declare module 'orbitdb-backup' {
 *   interface DatabaseTypes { counter: Counter }
 * }
 * useDatabaseType(Counter)
 * ```
 */
export interface DatabaseTypes {
  documents: Documents
  events: Events
  keyvalue: KeyValue
}

/** A database of any known type: narrow it by its `type`. */
export type AnyDatabase = DatabaseTypes[keyof DatabaseTypes]

/**
 * Registers a type of database.
 *
 * @throws Error when it has no type.
 *
 * @example
 * ```ts
 * import { Events, useDatabaseType } from 'orbitdb-backup'
 *
 * const Visits = () => Events<string>()
 * Visits.type = 'visits'
 *
 * useDatabaseType(Visits)
 * const visits = await orbitdb.open('visits', { Database: Visits(), type: 'visits' })
 * // Others open it by its address, where the type is registered
 * console.log(visits.address)
 * ```
 */
export const useDatabaseType: (module: DatabaseModule) => void = core.useDatabaseType
