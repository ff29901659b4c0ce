/**
 * OrbitDB with types, and with databases that can be exported and restored: a
 * drop-in replacement for `@orbitdb/core`.
 */
export * from './core/index.ts'
export * from './archive/index.ts'
