import type { AbortOptions } from 'abort-error'
import type { AccessControllerFactory } from './access-controllers.ts'
import type { DatabaseAddress, OrbitDBAddress } from './address.ts'
import { checkNode } from './check-node.ts'
import type { AnyDatabase, DatabaseTypes, Events } from './databases/index.ts'
import type { Database, DatabaseFactory, TypedDatabase } from './database.ts'
import type { Encryption } from './encryption.ts'
import type { HeliaNode } from './helia.ts'
import type { Identities, IdentityOptions, IdentityProviderFactory, SigningIdentity } from './identities.ts'
import type { KeyStore, SignaturesVerifier } from './keystore.ts'
import { core } from './runtime.ts'
import type { ImportOptions, RestoreState } from './state.ts'
import type { Storage } from './storage.ts'

/** What `open` and `import` have in common. */
export interface DatabaseOptions extends AbortOptions {
  /** Metadata of a new database; any value that DAG-CBOR can encode. */
  meta?: unknown
  /** Sync with peers; defaults to true. */
  sync?: boolean
  /** Who may write to a new database; only its creator by default. */
  AccessController?: AccessControllerFactory
  /** Where the heads are stored; a Level database by default. */
  headsStorage?: Storage
  /** Where the entries are stored; pinned blocks of the node by default. */
  entryStorage?: Storage
  /** Where the index of entries is stored; a Level database by default. */
  indexStorage?: Storage<unknown>
  /** How many earlier entries a new one refers to; defaults to 16. */
  referencesCount?: number
  encryption?: Encryption
}

/** A state to restore a database from as it is opened, and how. */
export interface OpenRestore extends RestoreState, Omit<ImportOptions, 'signal'> {}

/** Options of `open`, but for the type of the database. */
export interface OpenOptions extends DatabaseOptions {
  /** A state to import before the database syncs and is returned. */
  restore?: OpenRestore
}

/** Options of `import`, but for the type of the database. */
export interface RestoreOptions extends DatabaseOptions, ImportOptions {}

/** A state that says which database it is of. */
export interface AddressedState extends RestoreState {
  address: string | OrbitDBAddress
}

/**
 * What `open` returns when it is not told the type: any database for an
 * address, or for a string that may be one, and otherwise an events database.
 */
export type OpenedDatabase<Address extends string> =
  Address extends DatabaseAddress ? AnyDatabase : DatabaseAddress extends Address ? AnyDatabase : Events

/**
 * Opens a database by its address, or creates one by name. One that is already
 * open is returned as it is, whatever the options, after `restore` is imported.
 *
 * @throws Error when the type of the database or its access controller is not
 * registered, or its manifest is not found.
 * @throws ImportNotSupportedError when there is something to restore and the
 * database has no `import`, and otherwise as `import` of the database.
 */
export interface Open {
  /**
   * Opens a database with a factory: `{ Database: KeyValueIndexed() }`. A new
   * database is recorded as being of `type`, `events` by default.
   */
  <DB extends Database>(address: string | OrbitDBAddress, options: OpenOptions & { Database: DatabaseFactory<DB>, type?: string }): Promise<DB>
  /** Opens a database of a type: `{ type: 'keyvalue' }`. */
  <Type extends keyof DatabaseTypes>(address: string | OrbitDBAddress, options: OpenOptions & { type: Type, Database?: undefined }): Promise<DatabaseTypes[Type]>
  /** Opens a database of a type and known values: `open<KeyValue<number>>(name, { type: 'keyvalue' })`. */
  <DB extends TypedDatabase = never>(address: string | OrbitDBAddress, options: OpenOptions & { type: DB['type'], Database?: undefined }): Promise<DB>
  /** Opens the database at an address, or creates an events database by name. */
  <Address extends string>(address: Address | OrbitDBAddress, options?: OpenOptions & { type?: undefined, Database?: undefined }): Promise<OpenedDatabase<Address>>
  /** Opens the database at an address, and takes your word for its type. */
  <DB extends TypedDatabase>(address: string | OrbitDBAddress, options?: OpenOptions & { type?: undefined, Database?: undefined }): Promise<DB>
}

/**
 * Opens the database that a state is of, and imports the state.
 *
 * @throws Error as {@link Open}, and InvalidStateError when the state has no
 * valid address.
 */
export interface Import {
  /** Opens the database with a factory: `{ Database: KeyValueIndexed() }`. */
  <DB extends Database>(state: AddressedState, options: RestoreOptions & { Database: DatabaseFactory<DB>, type?: string }): Promise<DB>
  /** Opens the database as being of a type: `{ type: 'keyvalue' }`. */
  <Type extends keyof DatabaseTypes>(state: AddressedState, options: RestoreOptions & { type: Type, Database?: undefined }): Promise<DatabaseTypes[Type]>
  /** Opens the database as being of its own type, which you may know. */
  <DB extends TypedDatabase = AnyDatabase>(state: AddressedState, options?: RestoreOptions & { type?: DB['type'], Database?: undefined }): Promise<DB>
}

/** An identity to create: its provider, and what the provider needs. */
export interface ProvidedIdentity extends IdentityOptions {
  provider: IdentityProviderFactory
}

/** Options of {@link createOrbitDB}. */
export interface OrbitDBOptions<Node extends HeliaNode = HeliaNode> {
  /** The IPFS node that databases are stored and shared with. */
  ipfs: Node
  /** Id of the identity to create or use; random by default. */
  id?: string
  /** The identity that writes, or how to create it; one with `id` by default. */
  identity?: SigningIdentity | ProvidedIdentity
  /** An identities system; one with a keystore in `directory` by default. */
  identities?: Identities
  /** Directory of the databases and keys; defaults to `./orbitdb`. */
  directory?: string
  /** What checks signatures, where there are no `identities`: by default, the fastest that there is. */
  verifySignatures?: SignaturesVerifier
}

/** Whether a database is open. */
export type DatabaseStatus = 'open' | 'opening' | 'closing' | 'closed'

/** A peer of OrbitDB: opens databases. */
export interface OrbitDB<Node extends HeliaNode = HeliaNode> {
  readonly id: string
  readonly ipfs: Node
  readonly peerId: Node['libp2p']['peerId']
  readonly directory: string
  readonly keystore: KeyStore
  readonly identities: Identities
  readonly identity: SigningIdentity
  readonly open: Open
  readonly import: Import
  /** Tells whether a database is open. As long as it is being restored, it is opening. */
  status (address: string | OrbitDBAddress): DatabaseStatus
  /**
   * Closes the open databases and the keystore. The node stays up. What is being
   * opened or restored fails with an OrbitDBStoppedError, unless that is nearly
   * done, and so does all that is opened then.
   */
  stop (): Promise<void>
}

/** Creates a peer of OrbitDB, once it is clear that the node is one that it can work with. */
export async function createOrbitDB<Node extends HeliaNode> (options: OrbitDBOptions<Node>): Promise<OrbitDB<Node>> {
  if (options?.ipfs != null) {
    checkNode(options.ipfs)
  }
  return core.createOrbitDB(options)
}
