import type { AccessController } from './access-controllers.ts'
import type { DatabaseAddress } from './address.ts'
import type { Emitter } from './emitter.ts'
import type { Encryption } from './encryption.ts'
import type { Entry } from './entry.ts'
import type { HeliaNode } from './helia.ts'
import type { SigningIdentity } from './identities.ts'
import type { Log } from './log.ts'
import { core } from './runtime.ts'
import type { DatabaseState, ExportOptions, ImportOptions, ImportResult, RestoreState } from './state.ts'
import type { Storage } from './storage.ts'
import type { Sync, SyncEvents } from './sync.ts'

/** An operation: the payload of the entries of the built-in databases. */
export interface Operation<Value = unknown> {
  op: string
  key: string | null
  value: Value
}

/**
 * Events of a database. A database type that has more can add them by
 * declaration merging.
 */
export interface DatabaseEvents extends SyncEvents {
  /**
   * An entry was added, by this peer or another. One that was imported without
   * being read has only its `hash` and `next`.
   */
  update: (entry: Entry) => void
  /** The database was closed. */
  close: () => void
  /** The database was dropped. */
  drop: () => void
}

/** What every database has, whatever its type. */
export interface Database<Payload = unknown> {
  readonly address: DatabaseAddress
  readonly name: string
  /** The node that the database is on. */
  readonly ipfs: HeliaNode
  readonly identity: SigningIdentity
  /** The metadata given when the database was created; `{}` by default. */
  readonly meta: unknown
  readonly log: Log<Payload>
  readonly sync: Sync
  /** Ids of the connected peers. */
  readonly peers: Set<string>
  readonly events: Emitter<DatabaseEvents>
  readonly access: AccessController
  /**
   * Appends an operation to the log and returns the hash of its entry.
   *
   * @throws Error when the access controller refuses it.
   */
  addOperation (operation: Payload): Promise<string>
  /**
   * The state of the database at this instant: everything that is needed to
   * restore it, but no private keys. It can be written to meanwhile.
   *
   * @throws MissingBlockError when a block is not found, EncryptedEntryError
   * when an entry can not be read. So does iterating over the `blocks`.
   */
  export (options?: ExportOptions): Promise<DatabaseState>
  /**
   * Merges a state of this database: all of its entries, or none.
   *
   * @throws InvalidStateError, InvalidBlockError, MissingBlockError,
   * InvalidEntryError, EncryptedEntryError, AccessDeniedError or
   * AccessFailedError.
   */
  import (state: RestoreState, options?: ImportOptions): Promise<ImportResult>
  /**
   * Stops to sync, and closes the log and the access controller. Operations that were added before
   * are completed; imports and exports that are not done fail with a LogClosedError.
   */
  close (): Promise<void>
  /**
   * Removes the log's entries and drops the access controller. Operations, imports and exports that
   * are not done fail with a LogClosedError.
   */
  drop (): Promise<void>
}

/** A database of a type. */
export interface TypedDatabase<Payload = unknown> extends Database<Payload> {
  readonly type: string
}

/** What a factory of databases gets to work with. */
export interface DatabaseParams {
  ipfs: HeliaNode
  identity: SigningIdentity
  address: string
  name?: string
  /** Who may write; everyone by default. */
  access?: AccessController
  /** Directory of the data; defaults to `./orbitdb`. */
  directory?: string
  meta?: unknown
  /** Where the heads are stored; a Level database by default. */
  headsStorage?: Storage
  /** Where the entries are stored; pinned blocks of the node by default. */
  entryStorage?: Storage
  /** Where the index of entries is stored; a Level database by default. */
  indexStorage?: Storage<unknown>
  /** How many earlier entries a new one refers to; defaults to 16. */
  referencesCount?: number
  /** Sync with peers; defaults to true. */
  syncAutomatically?: boolean
  /** Called when an entry was added, before the event `update`. */
  onUpdate?: (log: Log, entry: Entry) => void | Promise<void>
  encryption?: Encryption
}

/** Creates a database: the option `Database` of `open`. */
export interface DatabaseFactory<DB extends Database = Database> {
  (params: DatabaseParams): Promise<DB>
  /** What answers the same from the log alone, of a type that writes an index of its own. */
  withoutIndex?: DatabaseFactory<DB>
}

/** A type of database, for {@link useDatabaseType}. */
export interface DatabaseModule<DB extends Database = Database> {
  (): DatabaseFactory<DB>
  readonly type: string
}

/**
 * Creates the database that all types build on.
 *
 * @example
 * ```ts
 * import { Database, useDatabaseType, type DatabaseParams } from 'orbitdb-backup'
 *
 * const Counter = () => async (params: DatabaseParams) => {
 *   const database = await Database<number>(params)
 *   // All that the database has must be passed on: so it has export and import
 *   return { ...database, type: 'counter', add: (by: number) => database.addOperation(by) }
 * }
 * Counter.type = 'counter'
 *
 * useDatabaseType(Counter)
 * const counter = await orbitdb.open('visits', { Database: Counter(), type: 'counter' })
 * await counter.add(1)
 * ```
 */
export const Database: <Payload = unknown>(params: DatabaseParams) => Promise<Database<Payload>> = core.Database
