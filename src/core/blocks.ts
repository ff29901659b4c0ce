import type { SignedEntry } from './entry.ts'
import { core } from './runtime.ts'

/**
 * Where the fields of an entry are in the bytes of its block. Positions of
 * texts are those of their content, without the head that CBOR gives them.
 */
export interface EntryFields {
  id: number
  idEnd: number
  key: number
  keyEnd: number
  sig: number
  sigEnd: number
  /** Where the text of the first hash in `next` is; see {@link linkAt}. */
  next: number
  nextCount: number
  /** Where the text of the first hash in `refs` is; see {@link linkAt}. */
  refs: number
  refsCount: number
  clockId: number
  clockIdEnd: number
  /** The time of the clock itself. */
  time: number
  payload: number
  payloadEnd: number
  /** Where the text of the identity's hash is. */
  identity: number
}

/** An identity, as it is in its block. */
export interface IdentityBlock {
  id: string
  publicKey: string
  /** Those of the provider `publickey` are texts; what others are is theirs. */
  signatures: { id: unknown, publicKey: unknown }
  type: string
}

/** A manifest, as it is in its block. */
export interface ManifestBlock {
  name: string
  type: string
  /** Address of the access controller. */
  accessController: string
  meta?: unknown
}

/** The access list of an `IPFSAccessController`, as it is in its block. */
export interface AccessListBlock {
  type: 'ipfs'
  /** Ids of the identities that may write. */
  write: string[]
}

/**
 * Reads where the fields of an entry are, and that the bytes are the canonical
 * encoding of exactly the fields that an entry has, each of its type and range.
 *
 * @param hash Hash of the entry, for the error.
 * @throws InvalidEntryError when they are not.
 */
export const scanEntry: (bytes: Uint8Array, hash?: string) => EntryFields = core.Blocks.scanEntry

/** Reads an entry; the same verdict as {@link scanEntry}. */
export const readEntry: (bytes: Uint8Array, hash?: string) => SignedEntry = core.Blocks.readEntry

/** What the writer of an entry signed. */
export const signedBytes: (bytes: Uint8Array, fields: EntryFields) => Uint8Array = core.Blocks.signedBytes

/** Where the text of a link is, in `next` or `refs` of which the first one's is at `start`. */
export const linkAt: (start: number, i: number) => number = core.Blocks.linkAt

/**
 * Reads what is to be decrypted in the block of an entry that is encrypted for replication.
 *
 * @throws InvalidEntryError when it is not such a block.
 */
export const readEncrypted: (bytes: Uint8Array, hash?: string) => Uint8Array = core.Blocks.readEncrypted

/**
 * Reads an identity strictly.
 *
 * @throws InvalidEntryError, its code `identity-invalid`.
 */
export const readIdentity: (bytes: Uint8Array, hash?: string) => IdentityBlock = core.Blocks.readIdentity

/**
 * Reads a manifest strictly.
 *
 * @throws InvalidStateError, its code `manifest-invalid`.
 */
export const readManifest: (bytes: Uint8Array, hash?: string) => ManifestBlock = core.Blocks.readManifest

/**
 * Reads an access list strictly.
 *
 * @throws InvalidStateError, its code `access-list-invalid`.
 */
export const readAccessList: (bytes: Uint8Array, hash?: string) => AccessListBlock = core.Blocks.readAccessList

/** Whether this is the hash of one of OrbitDB's blocks: the base58btc text of a CID of DAG-CBOR and SHA2-256. */
export const isHash: (hash: unknown) => hash is string = core.Blocks.isHash

/** Whether the text of such a hash begins at a position. */
export const isHashAt: (bytes: Uint8Array, at: number) => boolean = core.Blocks.isHashAt

/** The hash of a block. */
export const hashOf: (bytes: Uint8Array) => Promise<string> = core.Blocks.hashOf

/** Decodes DAG-CBOR, in which a key `__proto__` is a key like any other. */
export const decode: (bytes: Uint8Array) => any = core.Blocks.decode

/** Splits bytes that come in pieces of any length into the blocks that were sent one after another. */
export const BlockSequence: () => {
  /**
   * Takes the next piece, and returns the blocks that are complete with it.
   *
   * @throws InvalidEntryError when it can not be told where a block ends.
   */
  push (piece: Uint8Array): Uint8Array[]
  /** Whether nothing is left that has to be completed. */
  isEmpty (): boolean
} = core.Blocks.BlockSequence
