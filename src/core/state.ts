import type { AbortOptions } from 'abort-error'
import type { ProgressEvent, ProgressOptions } from 'progress-events'
import type { DatabaseAddress, OrbitDBAddress } from './address.ts'
import type { Entry } from './entry.ts'
import type { Intake } from './intake.ts'

/** A head of a log: its hash, and the hashes of the entries before it. */
export interface Head {
  hash: string
  next: string[]
}

/** A block: its hash (a base58btc CID) and its bytes. */
export type Block = [hash: string, bytes: Uint8Array]

/**
 * The hashes of all entries of a log, of which there can be more than a `Set` holds. In JSON it is an array, which can
 * be imported as well.
 */
export interface LogIndex extends Iterable<string> {
  readonly size: number
  has: (hash: string) => boolean
  keys: () => IterableIterator<string>
  toJSON: () => string[]
}

/** The state of a log: which entries it has, and which of them are heads. */
export interface LogState {
  heads: Head[]
  index: LogIndex
}

/** The state of a database, with every block that is needed to restore it. */
export interface DatabaseState extends LogState {
  address: DatabaseAddress
  name: string
  type: string
  /**
   * The blocks of the manifest, access controller, identities and entries,
   * read as they are iterated.
   */
  blocks: AsyncIterable<Block>
  /**
   * The state of the access controller: a {@link DatabaseState} for
   * OrbitDBAccessController, what its `export` returns for one of your own,
   * and left out for one without state.
   */
  accessController?: unknown
}

/** A block, as it is given to an import. */
export type GivenBlock = readonly [hash: string, bytes: Uint8Array]

/** A state to import: a {@link DatabaseState}, or as much of it as there is. */
export interface RestoreState {
  /** Checked against the address of the database, when given. */
  address?: string | OrbitDBAddress
  heads: ReadonlyArray<Entry | Head | string>
  /** The hashes of all entries; found by following the heads when left out. */
  index?: Iterable<string | readonly [hash: string, indexed: boolean]> | AsyncIterable<string | readonly [hash: string, indexed: boolean]>
  /** Blocks that the node may not have, one by one or many at a time; read once. */
  blocks?: Iterable<GivenBlock | readonly GivenBlock[]> | AsyncIterable<GivenBlock | readonly GivenBlock[]>
  /** What has taken entries of the state already. */
  intake?: Intake
  /**
   * The hash of a block that nothing pins, and that was stored before all that the intake has taken: as long as it is
   * there no garbage was collected, and a storage that knows of this does not ask for what is to be pinned.
   */
  witness?: string
  /** Whether a state is refused whose heads are not exactly the entries that no other follows; defaults to false. */
  hasExactHeads?: boolean
  /** The state of the access controller. */
  accessController?: unknown
}

/** Options of an export. */
export interface ExportOptions extends AbortOptions {
  /** Read from the local node only, never from the network; defaults to true. */
  offline?: boolean
  /**
   * Fail on encrypted entries that can not be read; defaults to true. With
   * false, they are exported without the identities of their writers.
   */
  verify?: boolean
}

/** Tells how many entries have been imported. */
export type ImportProgressEvent = ProgressEvent<'orbitdb:import:progress', {
  /** Entries imported so far. */
  done: number
  /** Entries to import, once that is known. */
  total?: number
}>

/** Options of an import. */
export interface ImportOptions extends AbortOptions, ProgressOptions<ImportProgressEvent> {
  /**
   * What to check: everything (true, the default), signatures but not whether
   * the writers are allowed to write (`'signatures'`), or neither (false). That
   * blocks match their hashes and are of this log is always checked. With
   * false, encrypted entries can be imported without the key to read them.
   */
  verify?: boolean | 'signatures'
  /** Read from the local node only, never from the network; defaults to true. */
  offline?: boolean
  /** Check and mend all of the log then, and not only what the state has of it; defaults to false. */
  repair?: boolean
}

/** What an import did. */
export interface ImportResult {
  /** How many entries were added to the log. */
  added: number
  /** How many entries that the log had were lost to it, as no head reached them, or not pinned. */
  mended: number
}
