// libsecp256k1 as an addon of Node.js: the npm package `secp256k1`, which those install who want it.
import { tryOut } from './means.ts'
import type { CheckPacked } from './checks.ts'
import type { Means } from './means.ts'

/** What is used of the package. */
interface Secp256k1 {
  ecdsaVerify: (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean
  publicKeyConvert: (publicKey: Uint8Array, compressed: boolean) => Uint8Array
}

/** Makes what checks signatures from the path of the addon. See {@link Means}. */
function create (path: string): CheckPacked {
  const { ecdsaVerify, publicKeyConvert } = process.getBuiltinModule('node:module').createRequire(path)(path) as Secp256k1
  let compressed = new Uint8Array(33)
  let key: Uint8Array | undefined
  return packed => {
    const verdicts = new Uint8Array(packed.length / 129)
    for (let i = 0, at = 0; i < verdicts.length; i++, at += 129) {
      try {
        // Many signatures are by the same key: to find all of the point again takes a tenth of the time
        let same = 0
        while (same < 33 && compressed[same] === packed[at + 96 + same]) same++
        if (same < 33) {
          compressed = packed.slice(at + 96, at + 129)
          key = undefined
          key = publicKeyConvert(compressed, false)
        }
        verdicts[i] = key == null ? 0 : Number(ecdsaVerify(packed.subarray(at, at + 64), packed.subarray(at + 64, at + 96), key))
      } catch {
        // Not a key
      }
    }
    return verdicts
  }
}

/** Finds the addon, where it is installed. */
export function findAddon (): Means<string> | undefined {
  try {
    const require = process.getBuiltinModule('node:module').createRequire(import.meta.url)
    // Without the package's fallback in JavaScript, which is slower than @libp2p/crypto
    return tryOut(create, require.resolve('secp256k1/bindings.js'))
  } catch {
    // Not installed, not for this platform, or of a version with another interface
  }
}
