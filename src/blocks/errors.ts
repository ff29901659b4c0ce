import { toCIDBytes, toHash } from './hashes.ts'
import { InvalidBlockError, MissingBlockError } from '../core/index.ts'
import type { BlockName } from './blocks.ts'

// How OrbitDB makes its errors is no part of their types
type Constructor<E extends Error> = new (message: string, details: { hash: string }) => E
const Missing = MissingBlockError as unknown as Constructor<MissingBlockError>
const Invalid = InvalidBlockError as unknown as Constructor<InvalidBlockError>

const hashOf = (name: BlockName): string => toHash(toCIDBytes(name))

/** The error about a block that a node does not have. */
export const missingBlock = (name: BlockName): MissingBlockError => new Missing(`Block "${hashOf(name)}" was not found`, { hash: hashOf(name) })

/** The error about a block that does not match its hash. */
export const invalidBlock = (name: BlockName): InvalidBlockError => new Invalid(`Block "${hashOf(name)}" does not match its hash`, { hash: hashOf(name) })
