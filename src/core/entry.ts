import type { CryptFunction } from './encryption.ts'
import type { Identities, SigningIdentity } from './identities.ts'
import { core } from './runtime.ts'

/** A Lamport clock. */
export interface Clock {
  /** Public key of the identity that wrote the entry. */
  id: string
  /** Logical time: a natural number, one more than the latest entry it follows. */
  time: number
}

/** An entry that has been signed, but not stored yet: it has no hash. */
export interface SignedEntry<Payload = unknown> {
  /** Id of the log: the address of its database. */
  id: string
  /** The entry's data: any value that DAG-CBOR can encode. */
  payload: Payload
  /** Hashes of the entries that were the heads of the log before this one. */
  next: string[]
  /** Hashes of some earlier entries, to traverse the log in parallel. */
  refs: string[]
  clock: Clock
  /** Version of the entry's structure. */
  v: number
  /** Public key of the writer (hex). */
  key: string
  /** Hash of the writer's identity. */
  identity: string
  /** Signature of the entry (hex). */
  sig: string
  /** The encrypted payload, when payloads are encrypted. */
  _payload?: Uint8Array
}

/** An entry of a log. */
export interface Entry<Payload = unknown> extends SignedEntry<Payload> {
  /** Hash of the entry's block (a base58btc CID). */
  hash: string
}

/** Functions that create, check and (de)serialize entries. */
export interface EntryFunctions {
  /**
   * Creates and signs an entry.
   *
   * @param id Id of the log.
   * @param payload The data; neither null nor undefined.
   * @param encryptPayload Encrypts the payload, when given.
   * @param clock Defaults to the identity's clock at time 0.
   * @throws Error when the identity, id or payload is missing, or its key is
   * not in the keystore.
   */
  create<Payload> (identity: SigningIdentity, id: string, payload: Payload, encryptPayload?: CryptFunction | null, clock?: Clock | null, next?: string[], refs?: string[]): Promise<SignedEntry<Payload>>

  /**
   * Whether the entry's signature is valid.
   *
   * @throws Error when it is not an entry, or has no key or signature.
   */
  verify (identities: Pick<Identities, 'verify'>, entry: SignedEntry): Promise<boolean>

  /**
   * Decodes the bytes of an entry's block.
   *
   * @param options.hash The hash of the entry, where the bytes are known to match it: it is computed otherwise.
   * @throws Error when the bytes can not be decrypted or decoded.
   */
  decode<Payload = unknown> (bytes: Uint8Array, decryptEntry?: CryptFunction, decryptPayload?: CryptFunction, options?: { hash?: string }): Promise<Entry<Payload>>

  /** Encodes an entry to the bytes of its block, and their hash. */
  encode (entry: SignedEntry, encryptEntry?: CryptFunction, encryptPayload?: CryptFunction): Promise<{ hash: string, bytes: Uint8Array }>

  /** Whether a value has the fields of an entry; says nothing of its signature. */
  isEntry (value: unknown): value is SignedEntry

  /** Whether the bytes of a block are those of an entry that is encrypted for replication. */
  isEncrypted (bytes: Uint8Array): boolean

  /** Whether two entries have the same hash. */
  isEqual (a: Partial<Entry> | null | undefined, b: Partial<Entry> | null | undefined): boolean
}

/** Functions that create, check and (de)serialize entries. */
export const Entry: EntryFunctions = core.Entry
