/**
 * OrbitDB with types, and with databases that can be exported and restored: a
 * drop-in replacement for `@orbitdb/core`.
 */
import * as core from './core/index.ts'
import { verifySignatures } from './signatures/index.ts'
import type { HeliaNode, IdentitiesOptions, OrbitDB, OrbitDBOptions } from './core/index.ts'

export * from './core/index.ts'
export * from './archive/index.ts'

// Signatures are checked several times faster than by OrbitDB, and with the same verdicts

/** {@inheritDoc core.createOrbitDB} */
export const createOrbitDB = <Node extends HeliaNode>(options: OrbitDBOptions<Node>): Promise<OrbitDB<Node>> =>
  core.createOrbitDB({ verifySignatures, ...options })

/** {@inheritDoc core.Identities} */
export const Identities = (options?: IdentitiesOptions): Promise<core.Identities> =>
  core.Identities({ verifySignatures, ...options })

/** {@inheritDoc core.Identities} */
export type Identities = core.Identities
