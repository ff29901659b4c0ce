import { toCIDBytes, toHash } from './hashes.ts'
import { MissingBlockError } from '../core/index.ts'
import type { BlockName } from './blocks.ts'

// How OrbitDB makes its errors is no part of their types
const Missing = MissingBlockError as unknown as new (hash: string, description?: string) => MissingBlockError

/** The error about a block that a node does not have. */
export const missingBlock = (name: BlockName): MissingBlockError => new Missing(toHash(toCIDBytes(name)))
