import { toCIDBytes, toHash } from './hashes.ts'
import { InvalidBlockError, InvalidEntryError, MissingBlockError } from '../core/index.ts'
import type { BlockName } from './blocks.ts'

// How OrbitDB makes its errors is no part of their types
const Missing = MissingBlockError as unknown as new (hash: string) => MissingBlockError
const Invalid = InvalidBlockError as unknown as new (hash: string) => InvalidBlockError
const InvalidEntry = InvalidEntryError as unknown as new (message: string, hash: string) => InvalidEntryError

const hashOf = (name: BlockName): string => toHash(toCIDBytes(name))

/** The error about a block that a node does not have. */
export const missingBlock = (name: BlockName): MissingBlockError => new Missing(hashOf(name))

/** The error about a block that does not match its hash. */
export const invalidBlock = (name: BlockName): InvalidBlockError => new Invalid(hashOf(name))

/** The error about a block that is not an entry. */
export const invalidEntry = (name: BlockName): InvalidEntryError => new InvalidEntry(`Block "${hashOf(name)}" is not an entry`, hashOf(name))
