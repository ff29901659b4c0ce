import { sha256 as hasher } from 'multiformats/hashes/sha2'
import { equalDigests } from './digests.ts'

// Node.js hashes at once what Web Crypto returns a promise for
const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** The SHA2-256 digest of bytes. */
export const sha256: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array> = crypto?.hash == null
  ? async bytes => (await hasher.digest(bytes)).digest
  : bytes => crypto.hash('sha256', bytes, 'buffer')

/** Writes the SHA2-256 digest of bytes where it is to start. A promise where it has to wait. */
export const writeSha256: (bytes: Uint8Array, target: Uint8Array, at: number) => void | Promise<void> = crypto?.hash == null
  ? async (bytes, target, at) => { target.set((await hasher.digest(bytes)).digest, at) }
  : (bytes, target, at) => {
      // A string takes a fraction of the time that a Buffer does
      const text = crypto.hash('sha256', bytes, 'binary')
      for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i)
    }

/** Whether bytes have the digest that starts at a byte. */
export const hasDigest: (bytes: Uint8Array, digests: Uint8Array, at?: number) => boolean | Promise<boolean> = crypto?.hash == null
  ? async (bytes, digests, at = 0) => equalDigests(digests, at, (await hasher.digest(bytes)).digest, 0)
  : (bytes, digests, at = 0) => {
      const text = crypto.hash('sha256', bytes, 'binary')
      let i = 0
      while (i < text.length && text.charCodeAt(i) === digests[at + i]) i++
      return i === text.length
    }
