/**
 * OrbitDB with types, and with databases that can be exported and restored: a
 * drop-in replacement for `@orbitdb/core`.
 */
import { useSignatureVerifier } from './core/index.ts'
import { verifySignature } from './signatures/index.ts'

export * from './core/index.ts'
export * from './archive/index.ts'

// Several times faster than that of OrbitDB, and with the same verdicts
useSignatureVerifier(verifySignature)
