import { concat } from 'uint8arrays/concat'
import type { Cipher } from '../../src/index.ts'

const algorithm = 'AES-GCM'
const ivLength = 12

/** Creates a cipher with a key of its own. The same bytes are encrypted differently each time. */
export async function createCipher (): Promise<Cipher> {
  const key = await crypto.subtle.generateKey({ name: algorithm, length: 256 }, false, ['encrypt', 'decrypt'])

  return {
    encrypt: async bytes => {
      const iv = crypto.getRandomValues(new Uint8Array(ivLength))
      const encrypted = await crypto.subtle.encrypt({ name: algorithm, iv }, key, bytes.slice())
      return concat([iv, new Uint8Array(encrypted)])
    },
    decrypt: async bytes => {
      const iv = bytes.slice(0, ivLength)
      return new Uint8Array(await crypto.subtle.decrypt({ name: algorithm, iv }, key, bytes.slice(ivLength)))
    }
  }
}
