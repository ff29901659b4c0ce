import type { HeliaNode } from './helia.ts'
import type { KeyStore, SignaturesVerifier } from './keystore.ts'
import { core } from './runtime.ts'
import type { Storage } from './storage.ts'

/** Who wrote an entry. Stored as a block, so that others can read it. */
export interface Identity {
  /** The id, as given by the identity's provider. */
  id: string
  /** Public key of the key that signs entries (hex). */
  publicKey: string
  signatures: {
    /** The id, signed by the identity's key. */
    id: string
    /** The public key and the signature of the id, signed by the provider. */
    publicKey: string
  }
  /** Type of the identity's provider. */
  type: string
  /** Hash of the identity's block (a base58btc CID). */
  hash: string
  /** The identity's block. */
  bytes: Uint8Array
}

/** An identity that was created here: it can sign and verify. */
export interface SigningIdentity extends Identity {
  /** Signs data with the key of an identity (hex). */
  sign (identity: Identity, data: string | Uint8Array): Promise<string>
  /** Whether a signature of data (hex) was made by a public key (hex). */
  verify (signature: string, publicKey: string, data: string | Uint8Array): Promise<boolean>
  /** Finds the identities of others, in the identities system that this one is of. */
  getIdentity? (hash: string, signal?: AbortSignal): Promise<Identity | undefined>
}

/** What identities of one type are made by. */
export interface IdentityProvider {
  /** The type of the identities. */
  type: string
  /** Gets the id of an identity, from the options it is created with. */
  getId (options: IdentityProviderOptions): Promise<string>
  /** Signs the identity's public key and the signature of its id. */
  signIdentity (data: string, options: IdentityProviderOptions): Promise<string>
}

/** What an identity provider gets to work with: the options of `createIdentity`. */
export interface IdentityProviderOptions {
  id?: string
  keystore?: KeyStore
  [option: string]: unknown
}

/** Initializes a provider: what `PublicKeyIdentityProvider({ keystore })` returns. */
export type IdentityProviderFactory = () => Promise<IdentityProvider>

/**
 * A type of identity, for {@link useIdentityProvider}: a function that returns
 * a factory of its providers.
 */
export interface IdentityProviderModule {
  (options: never): IdentityProviderFactory
  readonly type: string
  /** Whether an identity of this type is valid. */
  readonly verifyIdentity: (identity: Identity, options: { verifyMessage: Identities['verify'] }) => boolean | Promise<boolean>
}

/** Options of `identities.createIdentity`; a provider may take more. */
export interface IdentityOptions {
  /** Which key to use; required by the default provider. */
  id?: string
  /** Provider of the identity; the identity's own public key by default. */
  provider?: IdentityProviderFactory
  [option: string]: unknown
}

/** Options of {@link Identities}. */
export interface IdentitiesOptions {
  /** Where the keys are; a keystore at `path` by default. */
  keystore?: KeyStore
  /** Directory of the default keystore; defaults to `./orbitdb/identities`. */
  path?: string
  /** Where identities are stored; blocks of `ipfs` by default, or memory. */
  storage?: Storage
  ipfs?: HeliaNode
  /** What checks signatures: by default, the fastest that there is. */
  verifySignatures?: SignaturesVerifier
}

/** Creates, finds and checks identities. */
export interface Identities {
  /**
   * Creates an identity, with a new key when its id has none, and stores it.
   *
   * @throws Error when the provider is unknown, or needs an id and has none.
   */
  createIdentity (options?: IdentityOptions): Promise<SigningIdentity>
  /** Whether an identity's signatures are valid. */
  verifyIdentity (identity: Identity): Promise<boolean>
  /**
   * Gets an identity by its hash; undefined when it is not found.
   *
   * @throws InvalidEntryError, its code `identity-invalid`, when its block is not that of an identity.
   */
  getIdentity (hash: string, signal?: AbortSignal): Promise<Identity | undefined>
  /**
   * Signs data with the key of an identity (hex).
   *
   * @throws Error when the key is not in the keystore.
   */
  sign (identity: Identity, data: string | Uint8Array): Promise<string>
  /** Whether a signature of data (hex) was made by a public key (hex). */
  verify (signature: string, publicKey: string, data: string | Uint8Array): Promise<boolean>
  readonly keystore: KeyStore
}

/** The type of {@link PublicKeyIdentityProvider}. */
export interface PublicKeyIdentityProviderModule {
  (options: { keystore: KeyStore }): IdentityProviderFactory
  readonly type: 'publickey'
  readonly verifyIdentity: (identity: Identity) => Promise<boolean>
}

/** Creates an identities system. */
export const Identities: (options?: IdentitiesOptions) => Promise<Identities> = core.Identities

/**
 * Whether an object has the fields of an identity; says nothing of its signatures.
 *
 * @example
 * ```ts
 * import { isIdentity } from 'orbitdb-backup'
 *
 * console.log(isIdentity(orbitdb.identity), isIdentity({ id: 'me' }))    // true false
 * ```
 */
export const isIdentity: (value: object) => value is Identity = core.isIdentity

/**
 * Registers a type of identity.
 *
 * @throws Error when it has no type or no function `verifyIdentity`.
 *
 * @example
 * ```ts
 * import { useIdentityProvider, type Identity, type IdentityProviderOptions } from 'orbitdb-backup'
 *
 * const Badge = () => async () => ({
 *   type: 'badge',
 *   getId: async ({ id }: IdentityProviderOptions) => id!,
 *   signIdentity: async (data: string) => `${data.length}`
 * })
 * Badge.type = 'badge'
 * Badge.verifyIdentity = async ({ signatures }: Identity) => signatures.publicKey !== ''
 *
 * useIdentityProvider(Badge)
 * const identity = await orbitdb.identities.createIdentity({ id: 'me', provider: Badge() })
 * console.log(identity.type)    // badge
 * ```
 */
export const useIdentityProvider: (provider: IdentityProviderModule) => void = core.useIdentityProvider

/**
 * The default type of identity: an id that is a public key.
 *
 * @example
 * ```ts
 * import { PublicKeyIdentityProvider } from 'orbitdb-backup'
 *
 * const { identities, keystore } = orbitdb
 * const identity = await identities.createIdentity({ id: 'me', provider: PublicKeyIdentityProvider({ keystore }) })
 * console.log(identity.type)    // publickey
 * ```
 */
export const PublicKeyIdentityProvider: PublicKeyIdentityProviderModule = core.PublicKeyIdentityProvider
