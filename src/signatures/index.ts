// Apps can have this alone, without OrbitDB: see `exports` in package.json
import { findAddon } from './addon.ts'
import { createVerifier } from './verifier.ts'
import { findWebAssembly } from './webassembly.ts'
import type { SignaturesVerifier } from '../core/index.ts'

export type { SignatureCheck, SignaturesVerifier } from '../core/index.ts'

const createFastest = async (): Promise<SignaturesVerifier> => createVerifier(findAddon() ?? await findWebAssembly())

let fastest: Promise<SignaturesVerifier> | undefined

/**
 * Checks signatures by the fastest means that are here: libsecp256k1 as the addon `secp256k1`, where it is
 * installed, or as WebAssembly, where that is allowed, in as many threads as there are cores; and
 * `@libp2p/crypto` otherwise. It accepts exactly what `@libp2p/crypto` does, and never rejects.
 *
 * `createOrbitDB` of this package uses it by itself. It is for apps that keep `@orbitdb/core`, with the patch: as
 * `orbitdb-backup/signatures` it comes without OrbitDB.
 *
 * @param checks - what is to be checked, bytes all of it: `publicKey` as `@libp2p/crypto` has it `raw`, `signature` in DER
 * @returns of each check, in their order, whether the signature is valid
 *
 * @example
 * ```js
 * import { createOrbitDB } from '@orbitdb/core' // with the patch
 * import { verifySignatures } from 'orbitdb-backup/signatures'
 *
 * const peer = await createOrbitDB({ ipfs, verifySignatures })
 * await peer.stop()
 * ```
 */
export const verifySignatures: SignaturesVerifier = async checks => {
  fastest ??= createFastest()
  return (await fastest)(checks)
}
