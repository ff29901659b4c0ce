import { LimitExceededError } from './errors.ts'

/**
 * What of an archive is bounded, as whoever makes one chooses how much there is of it. What `createBackup` writes
 * within these limits, all readers take that have the same ones.
 */
export interface Limits {
  /** The most bytes of the header of a CAR file. */
  headerBytes: number
  /** The most bytes of a block: an entry of 32 MiB and some more. */
  blockBytes: number
  /** The most bytes of a root, a snapshot or a node of a list: as much as Bitswap transfers. */
  formatBytes: number
  /** The most databases, those of access controllers included. */
  databases: number
  /** How many databases of access controllers may stand one behind the other. */
  accessDepth: number
  /** The most entries of a database. */
  entries: number
  /** The most heads of a database. */
  heads: number
  /** The most identities of a database. */
  identities: number
  /** The most blocks that databases share: manifests, access lists, identities. */
  shared: number
  /** The most bytes of the name of a database. */
  nameBytes: number
  /** The most bytes of blocks that are kept because it is not known yet what they are. */
  earlyBytes: number
}

/** The limits that hold where no others are given. */
export const defaultLimits: Readonly<Limits> = {
  headerBytes: 2 ** 20,
  blockBytes: 2 ** 25 + 2 ** 20,
  formatBytes: 2 ** 21,
  databases: 25_000,
  accessDepth: 8,
  entries: 10 ** 8,
  heads: 10 ** 6,
  identities: 10 ** 6,
  shared: 10 ** 7,
  nameBytes: 2 ** 16,
  earlyBytes: 2 ** 26
}

/** Limits that an option gives, and the others. */
export const toLimits = (limits: Partial<Limits> = {}): Limits => ({ ...defaultLimits, ...limits })

/** Fails when there is more of something than a limit allows. */
export function assertWithin (limits: Limits, limit: keyof Limits, amount: number, what: string): void {
  if (amount > limits[limit]) {
    throw new LimitExceededError(`${what}: ${amount} is more than the limit of ${limits[limit]}. Whoever trusts it can raise the option limits.${limit}, on both sides`, { limit, needed: amount })
  }
}
