import { sha256 as hasher } from 'multiformats/hashes/sha2'

// Node.js hashes at once what Web Crypto returns a promise for
const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** The SHA2-256 digest of bytes. */
export const sha256: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array> = crypto?.hash == null
  ? async bytes => (await hasher.digest(bytes)).digest
  : bytes => crypto.hash('sha256', bytes, 'buffer')
