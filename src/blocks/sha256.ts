import { sha256 as hasher } from 'multiformats/hashes/sha2'
import { equalDigests } from './digests.ts'

// Node.js hashes at once what Web Crypto returns a promise for
const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** The SHA2-256 digest of bytes. */
export const sha256: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array> = crypto?.hash == null
  ? async bytes => (await hasher.digest(bytes)).digest
  : bytes => crypto.hash('sha256', bytes, 'buffer')

/** Whether bytes have the digest that starts at a byte. */
export const hasDigest: (bytes: Uint8Array, digests: Uint8Array, at?: number) => boolean | Promise<boolean> = crypto?.hash == null
  ? async (bytes, digests, at = 0) => equalDigests(digests, at, (await hasher.digest(bytes)).digest, 0)
  : (bytes, digests, at = 0) => {
      // A string takes a fraction of the time that a Buffer does
      const text = crypto.hash('sha256', bytes, 'binary')
      let i = 0
      while (i < text.length && text.charCodeAt(i) === digests[at + i]) i++
      return i === text.length
    }
