import type { DatabaseAddress } from './address.ts'
import type { DatabaseEvents } from './database.ts'
import type { Emitter } from './emitter.ts'
import type { SignedEntry } from './entry.ts'
import type { Identities } from './identities.ts'
import type { OrbitDB } from './orbitdb.ts'
import { core } from './runtime.ts'
import type { DatabaseState, ExportOptions, ImportOptions, ImportResult, RestoreState } from './state.ts'
import type { Storage } from './storage.ts'

/** Decides who may write to a database. */
export interface AccessController {
  /** Type of the access controller, as registered. */
  readonly type: string
  /** Its address, which starts with `/<type>/`. */
  readonly address: string
  /** Ids of the identities that may write, `*` for everyone. */
  readonly write?: string[]
  /** Whether the writer of an entry may append it. */
  canAppend (entry: SignedEntry): boolean | Promise<boolean>
  /** Called when the database is closed. */
  close? (): Promise<void>
  /** Called when the database is dropped. */
  drop? (): Promise<void>
  /**
   * Called when the database is exported: returns the state of the access
   * controller.
   */
  export? (options?: ExportOptions): Promise<unknown>
  /** Called when the database is imported, with what {@link AccessController.export} returned. */
  import? (state: unknown, options?: ImportOptions): Promise<unknown>
}

/** What a factory of access controllers gets to work with. */
export interface AccessControllerParams {
  orbitdb: Pick<OrbitDB, 'open' | 'identity' | 'ipfs'>
  identities: Identities
  /** Address of the access controller, when it exists. */
  address?: string
  /** Name of the database, when it is created. */
  name?: string
  /** Ends the wait for what has to come from peers to open it. */
  signal?: AbortSignal
}

/** Opens or creates an access controller: the option `AccessController` of `open`. */
export type AccessControllerFactory<Controller extends AccessController = AccessController> = (params: AccessControllerParams) => Promise<Controller>

/** A type of access controller, for {@link useAccessController}. */
export interface AccessControllerModule<Controller extends AccessController = AccessController> {
  (): AccessControllerFactory<Controller>
  readonly type: string
}

/** An access controller with a fixed list of writers. */
export interface IPFSAccessController extends AccessController {
  readonly type: 'ipfs'
  readonly write: string[]
  canAppend (entry: SignedEntry): Promise<boolean>
}

/** An access controller whose writers are kept in a database, and can change. */
export interface OrbitDBAccessController extends AccessController {
  readonly type: 'orbitdb'
  /** The address of the database of writers. */
  readonly address: DatabaseAddress
  /** Ids of the identities that may change the access. */
  readonly write: string[]
  canAppend (entry: SignedEntry): Promise<boolean>
  /** The ids that have each capability (`admin`, `write`...). */
  capabilities (): Promise<Record<string, Set<string>>>
  /** The ids that have a capability. */
  get (capability: string): Promise<Set<string>>
  /** Gives a capability to an id. */
  grant (capability: string, id: string): Promise<void>
  /** Takes a capability from an id. */
  revoke (capability: string, id: string): Promise<void>
  close (): Promise<void>
  drop (): Promise<void>
  /** The state of the database of writers. */
  export (options?: ExportOptions): Promise<DatabaseState>
  /** Merges a state of the database of writers. */
  import (state: RestoreState, options?: ImportOptions): Promise<ImportResult>
  /** Events of the database of writers. */
  readonly events: Emitter<DatabaseEvents>
}

/** The type of {@link IPFSAccessController}. */
export interface IPFSAccessControllerModule {
  (options?: {
    /** Ids that may write; only the creator's by default. */
    write?: string[]
    /** Where the list is stored; blocks of the node by default. */
    storage?: Storage
  }): AccessControllerFactory<IPFSAccessController>
  readonly type: 'ipfs'
}

/** The type of {@link OrbitDBAccessController}. */
export interface OrbitDBAccessControllerModule {
  (options?: {
    /** Ids that may change the access, and write; only the creator's by default. */
    write?: string[]
  }): AccessControllerFactory<OrbitDBAccessController>
  readonly type: 'orbitdb'
}

/**
 * Registers a type of access controller, so that databases that use it can be
 * opened by their address.
 *
 * @throws Error when it has no type.
 *
 * @example
 * ```ts
 * import { useAccessController, type AccessController } from 'orbitdb-backup'
 *
 * const OfficeHours = () => async (): Promise<AccessController> => ({
 *   type: 'office-hours',
 *   address: '/office-hours/',
 *   canAppend: async () => new Date().getHours() > 8
 * })
 * OfficeHours.type = 'office-hours'
 *
 * useAccessController(OfficeHours)
 * await orbitdb.open('tickets', { AccessController: OfficeHours() })
 * ```
 */
export const useAccessController: (module: AccessControllerModule) => void = core.useAccessController

/**
 * Defines an access controller with a fixed list of writers, stored as a block.
 *
 * @example
 * ```ts
 * import { IPFSAccessController } from 'orbitdb-backup'
 *
 * // Everyone may write; or a list of the ids of identities
 * await orbitdb.open('guestbook', { AccessController: IPFSAccessController({ write: ['*'] }) })
 * ```
 */
export const IPFSAccessController: IPFSAccessControllerModule = core.IPFSAccessController

/**
 * Defines an access controller whose writers are kept in a database of its own.
 *
 * @example
 * ```ts
 * import { OrbitDBAccessController, type OrbitDBAccessController as Access } from 'orbitdb-backup'
 *
 * const notes = await orbitdb.open('notes', { AccessController: OrbitDBAccessController() })
 * await (notes.access as Access).grant('write', otherOrbitdb.identity.id)
 * ```
 */
export const OrbitDBAccessController: OrbitDBAccessControllerModule = core.OrbitDBAccessController
