/**
 * OrbitDB with types, and with databases that can be exported and restored: a
 * drop-in replacement for `@orbitdb/core`.
 */
import * as core from './core/index.ts'
import { withFastStorage } from './fast-storage.ts'
import { verifySignatures } from './signatures/index.ts'
import type { HeliaNode, IdentitiesOptions, OrbitDB, OrbitDBOptions } from './core/index.ts'

export * from './core/index.ts'
export * from './archive/index.ts'

// Signatures are checked several times faster than by OrbitDB, and with the same verdicts; and where the stores of the
// node are known, exports and imports read, write and pin many entries at once

/**
 * Creates a peer of OrbitDB.
 *
 * @throws Error when there is no IPFS node.
 * @throws UnsupportedNodeError when it is one that OrbitDB can not work with, such as Helia 5.
 *
 * @example
 * ```ts
 * import { createOrbitDB } from 'orbitdb-backup'
 *
 * const peer = await createOrbitDB({ ipfs, id: 'me', directory: './node/orbitdb' })
 * const posts = await peer.open('posts', { type: 'documents' })
 * await posts.put({ _id: 'first', text: 'Hello' })
 *
 * // Everything that the database is, to be had again on any node
 * const state = await posts.export()
 * const copy = await otherOrbitdb.import(state)
 * console.log(copy.address === posts.address)    // true
 * await peer.stop()
 * ```
 */
export const createOrbitDB = async <Node extends HeliaNode>(options: OrbitDBOptions<Node>): Promise<OrbitDB<Node>> => {
  const orbitdb = await core.createOrbitDB({ verifySignatures, ...options })
  return withFastStorage(orbitdb)
}

/**
 * Creates an identities system.
 *
 * @example
 * ```ts
 * import { createOrbitDB, Identities } from 'orbitdb-backup'
 *
 * const identities = await Identities({ ipfs, path: './keys' })
 * const writer = await createOrbitDB({ ipfs, identities, id: 'writer', directory: './writer' })
 * console.log(await identities.verifyIdentity(writer.identity))    // true
 * await writer.stop()
 * ```
 */
export const Identities = (options?: IdentitiesOptions): Promise<core.Identities> =>
  core.Identities({ verifySignatures, ...options })

/** Creates, finds and checks identities. */
export type Identities = core.Identities
