import type { AccessController } from './access-controllers.ts'
import type { Encryption } from './encryption.ts'
import type { Clock, Entry, SignedEntry } from './entry.ts'
import type { SigningIdentity } from './identities.ts'
import { core } from './runtime.ts'
import type { Head, ImportOptions, ImportResult, LogState, RestoreState } from './state.ts'
import type { PersistentStorage, Storage } from './storage.ts'

/** The part of an access controller that a log needs. */
export type LogAccess = Pick<AccessController, 'canAppend'>

/** Options of {@link Log}. Storages default to memory. */
export interface LogOptions {
  /** Id of the log; the current time by default. */
  logId?: string
  /** Initial heads of the log; their entries have to be in the storage. */
  logHeads?: Entry[]
  /** Who may write; everyone by default. */
  access?: LogAccess
  entryStorage?: Storage
  headsStorage?: Storage
  indexStorage?: Storage<unknown>
  /** Orders two entries; never returns 0. Last write wins by default. */
  sortFn?: (a: Entry, b: Entry) => number
  encryption?: Encryption
}

/**
 * Options of a log's iterator. Entries come latest first, so `lt` and `lte`
 * are where it starts, `gt` and `gte` where it ends.
 */
export interface LogIteratorOptions {
  /** How many entries to yield; -1, the default, is all. */
  amount?: number
  /** Hash of the entry to end at, without that entry. */
  gt?: string
  /** Hash of the entry to end at. */
  gte?: string
  /** Hash of the entry to start at, or entries, without that entry. */
  lt?: string | Entry[]
  /** Hash of the entry to start at, or entries. */
  lte?: string | Entry[]
}

/** Options of a log's import. */
export interface LogImportOptions extends ImportOptions {
  /** Where blocks are that the log's own storage does not have, e.g. identities. */
  blockStorage?: PersistentStorage
}

/** An append-only log of entries: a Merkle-CRDT. */
export interface Log<Payload = unknown> {
  readonly id: string
  /** The log's clock: the time of its latest head. */
  clock (): Promise<Clock>
  /** The heads: entries that no other entry follows, latest first. */
  heads (): Promise<Array<Entry<Payload>>>
  /** All entries, oldest first. */
  values (): Promise<Array<Entry<Payload>>>
  /** The same as {@link Log.values}. */
  all (): Promise<Array<Entry<Payload>>>
  /** Gets an entry from the storage; undefined when it is not found. */
  get (hash: string): Promise<Entry<Payload> | undefined>
  /** Whether an entry is in the log. */
  has (hash: string): Promise<boolean>
  /**
   * Appends an entry.
   *
   * @param options.referencesCount How many earlier entries to refer to.
   * @throws Error when the access controller refuses it.
   */
  append (data: Payload, options?: { referencesCount: number }): Promise<Entry<Payload>>
  /**
   * Joins the entries of another log.
   *
   * @throws Error when an entry is not of this log, is refused by the access
   * controller or has an invalid signature.
   */
  join (log: Log<Payload>): Promise<void>
  /**
   * Joins an entry, and the entries before it that the log does not have yet:
   * all of them, or none. Resolves to false when the log already has it.
   *
   * @param entry The entry, or the bytes of its block.
   * @throws InvalidEntryError, AccessDeniedError, AccessFailedError,
   * MissingBlockError, EncryptedEntryError or InvalidBlockError.
   */
  joinEntry (entry: Entry<Payload> | Uint8Array): Promise<boolean>
  /**
   * Iterates over entries, latest first.
   *
   * @param rootEntries Where to start; the heads by default.
   * @param shouldStopFn Called with each entry, after it has been yielded.
   */
  traverse (rootEntries?: Array<Entry<Payload>> | null, shouldStopFn?: (entry: Entry<Payload>) => boolean | Promise<boolean>): AsyncGenerator<Entry<Payload>, void, undefined>
  /** Iterates over a range of entries, latest first. */
  iterator (options?: LogIteratorOptions): AsyncGenerator<Entry<Payload>, void, undefined>
  /**
   * The heads and the hashes of all entries, as they are at one instant. These are read as they are iterated, once; who does
   * not need them calls `hashes.return()`.
   */
  snapshot (): Promise<{ heads: Head[], hashes: AsyncGenerator<string[], void, undefined> }>
  /** The state of the log, without blocks. */
  export (): Promise<LogState>
  /**
   * Adds all entries of a state to the log, or none. `heads` are those that are
   * new heads; just their hashes and nexts when there are encrypted entries
   * that were not read (`verify: false`).
   *
   * @throws InvalidStateError, InvalidBlockError, MissingBlockError,
   * InvalidEntryError, EncryptedEntryError, AccessDeniedError or
   * AccessFailedError.
   */
  import (state: Pick<RestoreState, 'heads' | 'index' | 'blocks'>, options?: LogImportOptions): Promise<ImportResult & { heads: Array<Entry<Payload> | Head> }>
  /**
   * Removes all entries from the log and its storages. What is being appended, joined, imported or
   * exported fails, with a LogClosedError.
   */
  clear (): Promise<void>
  /**
   * Closes the storages, once pending appends are done. What is being joined, imported or exported
   * fails, with a LogClosedError, unless it is being written already.
   */
  close (): Promise<void>
  readonly access: LogAccess
  readonly identity: SigningIdentity
  /** The storage of the entries, as bytes by hash. */
  readonly storage: Storage
  /** The storage of the heads: JSON bytes under the key `heads`. */
  readonly headsStorage: Storage
  /** The storage of the index: has every hash in the log as a key. */
  readonly indexStorage: Storage<unknown>
  readonly encryption: Encryption
}

/**
 * Creates a log.
 *
 * @throws Error when the identity is missing.
 *
 * @example
 * ```ts
 * import { Log } from 'orbitdb-backup'
 *
 * const log = await Log<string>(orbitdb.identity, { logId: 'words' })
 * await log.append('one')
 * await log.append('two')
 * console.log((await log.values()).map(({ payload }) => payload))    // ['one', 'two']
 * ```
 */
export const Log: <Payload = unknown>(identity: SigningIdentity, options?: LogOptions) => Promise<Log<Payload>> = core.Log

/**
 * Creates the access controller of a log that everyone may write to.
 *
 * @example
 * ```ts
 * import { DefaultAccessController, Log } from 'orbitdb-backup'
 *
 * const log = await Log(orbitdb.identity, { access: await DefaultAccessController() })
 * await log.append('anyone may')
 * ```
 */
export const DefaultAccessController: () => Promise<{ canAppend (entry: SignedEntry): Promise<boolean> }> = core.DefaultAccessController
