import { core } from './runtime.ts'

/**
 * The address of a database as a string: `/orbitdb/` and the hash of its
 * manifest (a base58btc CID).
 */
export type DatabaseAddress = `/orbitdb/${string}`

/** A parsed database address. */
export interface OrbitDBAddress {
  /** Always `orbitdb`. */
  readonly protocol: string
  /** Hash of the database's manifest. */
  readonly hash: string
  /** The address as it was given to {@link parseAddress}. */
  readonly address: string
  /** The address as a string: `/orbitdb/<hash>`. */
  toString (): string
}

/**
 * Whether a string, or an address, is a valid address of a database.
 *
 * @example
 * ```ts
 * import { isValidAddress } from 'orbitdb-backup'
 *
 * console.log(isValidAddress(db.address), isValidAddress('posts'))    // true false
 * ```
 */
export const isValidAddress: (address: string | OrbitDBAddress) => boolean = core.isValidAddress

/**
 * Parses an address.
 *
 * @throws Error when it is not a valid address.
 *
 * @example
 * ```ts
 * import { parseAddress } from 'orbitdb-backup'
 *
 * const { hash } = parseAddress(db.address)
 * console.log(hash)    // the hash of the database's manifest: zdpu...
 * ```
 */
export const parseAddress: (address: string | OrbitDBAddress) => OrbitDBAddress = core.parseAddress
