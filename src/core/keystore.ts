import { core } from './runtime.ts'
import type { Storage } from './storage.ts'

/** A public key, as of libp2p. */
export interface PublicKey {
  readonly type: string
  /** The key's bytes. */
  readonly raw: Uint8Array
  verify (data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>
}

/** A private key and its public key, as of libp2p (secp256k1 by default). */
export interface KeyPair {
  readonly type: string
  /** The private key's bytes. */
  readonly raw: Uint8Array
  readonly publicKey: PublicKey
  sign (data: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Options of {@link KeyStore}. */
export interface KeyStoreOptions {
  /** Where the keys are stored; a Level database at `path` by default. */
  storage?: Storage
  /** Directory of the keys; defaults to `./keystore`. */
  path?: string
}

/** Holds the private keys of identities. */
export interface KeyStore {
  /** Whether there is a key for an id. */
  hasKey (id: string): Promise<boolean>
  /** Adds the raw private key of an id. */
  addKey (id: string, key: { privateKey: Uint8Array }): Promise<void>
  /** Creates and stores a secp256k1 key for an id. */
  createKey (id: string): Promise<KeyPair>
  /** Gets the key of an id; undefined when there is none. */
  getKey (id: string): Promise<KeyPair | undefined>
  /** Gets a public key, in hex or as bytes. */
  getPublic (keys: { publicKey: Pick<PublicKey, 'raw'> }, options?: { format?: 'hex' }): string
  getPublic (keys: { publicKey: Pick<PublicKey, 'raw'> }, options: { format: 'buffer' }): Uint8Array
  /** Removes all keys. */
  clear (): Promise<void>
  /** Closes the storage of the keys. */
  close (): Promise<void>
}

/** A signature, the public key that is said to have made it, and what was signed. */
export interface SignatureCheck {
  /** The signature, as keys of its type encode it: DER for secp256k1. */
  signature: Uint8Array
  /** The raw public key: a compressed point for secp256k1. */
  publicKey: Uint8Array
  /** What was signed: all of it, not its hash. */
  data: Uint8Array
}

/**
 * Checks signatures. It must accept exactly what `@libp2p/crypto` accepts. The bytes that it is given may change once it
 * resolves.
 *
 * @returns For each, in the order of the checks, whether it is valid. What is no signature or no key at all is not.
 */
export type SignaturesVerifier = (checks: SignatureCheck[]) => Promise<boolean[]>

/**
 * Creates a keystore.
 *
 * @example
 * ```ts
 * import { KeyStore } from 'orbitdb-backup'
 *
 * const keystore = await KeyStore({ path: './keys' })
 * await keystore.createKey('me')
 * console.log(await keystore.hasKey('me'))    // true
 * await keystore.close()
 * ```
 */
export const KeyStore: (options?: KeyStoreOptions) => Promise<KeyStore> = core.KeyStore
