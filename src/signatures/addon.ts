// libsecp256k1 as an addon of Node.js: the npm package `secp256k1`, which those install who want it.
import { tryOut } from './means.ts'
import type { CheckPacked } from './checks.ts'
import type { Means } from './means.ts'

/** What is used of the package. */
interface Secp256k1 {
  ecdsaVerify: (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean
}

/** Makes what checks signatures from the path of the addon. See {@link Means}. */
function create (path: string): CheckPacked {
  const { ecdsaVerify } = process.getBuiltinModule('node:module').createRequire(path)(path) as Secp256k1
  return packed => {
    const verdicts = new Uint8Array(packed.length / 129)
    for (let i = 0, at = 0; i < verdicts.length; i++, at += 129) {
      try {
        verdicts[i] = Number(ecdsaVerify(packed.subarray(at, at + 64), packed.subarray(at + 64, at + 96), packed.subarray(at + 96, at + 129)))
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
