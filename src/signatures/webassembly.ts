// libsecp256k1 as WebAssembly: that of `@bitauth/libauth`, of which nothing else is used.
import { fromString } from 'uint8arrays/from-string'
import { tryOut } from './means.ts'
import type { CheckPacked } from './checks.ts'
import type { Means } from './means.ts'

/** What is used of the module. Pointers are numbers. */
interface Exports {
  _malloc: (bytes: number) => number
  _secp256k1_context_create: (flags: number) => number
  _secp256k1_ec_pubkey_parse: (context: number, key: number, bytes: number, length: number) => number
  _secp256k1_ecdsa_signature_parse_compact: (context: number, signature: number, bytes: number) => number
  _secp256k1_ecdsa_verify: (context: number, signature: number, digest: number, key: number) => number
}

/**
 * Makes what checks signatures from the module, which Emscripten compiled: it gets its memory from outside,
 * with a place in it that says where free memory begins. See {@link Means}.
 */
function create (module: WebAssembly.Module): CheckPacked {
  const pages = 256
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const bytes = new Uint8Array(memory.buffer)
  const beginOfFree = 1024 + 67696 + 16
  const stack = beginOfFree + 16
  const stackLength = 5 * 2 ** 20
  new Uint32Array(memory.buffer)[beginOfFree / 4] = stack + stackLength

  const exports = new WebAssembly.Instance(module, {
    env: {
      memory,
      table: new WebAssembly.Table({ element: 'anyfunc', initial: 6, maximum: 6 }),
      tableBase: 0,
      DYNAMICTOP_PTR: beginOfFree,
      STACKTOP: stack,
      getTotalMemory () { return bytes.length },
      _emscripten_memcpy_big (to: number, from: number, length: number) {
        bytes.copyWithin(to, from, from + length)
        return to
      },
      abort () { throw new Error('aborted') },
      _abort () { throw new Error('aborted') },
      enlargeMemory () { throw new Error('out of memory') },
      abortOnCannotGrowMemory () { throw new Error('out of memory') },
      ___setErrNo () { throw new Error('out of memory') }
    }
  }).exports as unknown as Exports

  const context = exports._secp256k1_context_create(0x101) // to verify
  const input = exports._malloc(129)
  const signature = exports._malloc(64)
  const key = exports._malloc(64)
  let isKey = 0
  return packed => {
    const verdicts = new Uint8Array(packed.length / 129)
    for (let i = 0, at = 0; i < verdicts.length; i++, at += 129) {
      // Many signatures are by the same key, which is still there
      let same = 96
      while (same < 129 && bytes[input + same] === packed[at + same]) same++
      bytes.set(packed.subarray(at, at + 129), input)
      if (same < 129) isKey = exports._secp256k1_ec_pubkey_parse(context, key, input + 96, 33)
      verdicts[i] = isKey &&
        exports._secp256k1_ecdsa_signature_parse_compact(context, signature, input) &&
        exports._secp256k1_ecdsa_verify(context, signature, input + 64, key)
    }
    return verdicts
  }
}

/** Compiles the module, where WebAssembly is allowed. */
export async function findWebAssembly (): Promise<Means<WebAssembly.Module> | undefined> {
  try {
    // Not loaded before it is needed: it is large
    const { secp256k1Base64Bytes } = await import('@bitauth/libauth/build/lib/bin/secp256k1/secp256k1.base64.js')
    return tryOut(create, await WebAssembly.compile(new Uint8Array(fromString(secp256k1Base64Bytes, 'base64pad'))))
  } catch {
    // Not here, as with a Content-Security-Policy without 'wasm-unsafe-eval'
  }
}
