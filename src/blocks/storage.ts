import { ComposedStorage, IPFSBlockStorage, LRUStorage } from '../core/index.ts'
import type { Blocks } from './blocks.ts'
import type { HeliaNode, PersistentStorage, StorageOptions } from '../core/index.ts'

/** As many entries as OrbitDB keeps in memory. */
const cacheSize = 1000

// Runs a function once everything that is ready to run has run
const defer = globalThis.setImmediate ?? queueMicrotask

interface Call<Result> {
  hash: string
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/** Creates a function for one hash from one for many: calls that are made together are answered together. */
function batched<Result> (answer: (hashes: string[]) => Promise<Result[]>): (hash: string) => Promise<Result> {
  let calls: Array<Call<Result>> = []

  const answerAll = async (): Promise<void> => {
    const batch = calls
    calls = []
    try {
      const results = await answer(batch.map(({ hash }) => hash))
      for (const [i, { resolve }] of batch.entries()) resolve(results[i])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return hash => new Promise((resolve, reject) => {
    if (calls.push({ hash, resolve, reject }) === 1) {
      defer(() => { answerAll() })
    }
  })
}

/**
 * Creates what a database stores its entries in by default, pinned blocks of the node, but which
 * reads and pins many entries at once when it is asked for them at once.
 */
export async function createEntryStorage (ipfs: HeliaNode, blocks: Blocks): Promise<PersistentStorage> {
  const storage = await IPFSBlockStorage({ ipfs, pin: true })
  const getBytes = batched(hashes => blocks.getMany(hashes))
  const pinsOf = (isShallow: boolean) => batched<void>(async hashes => {
    await blocks.pinMany(hashes, { isShallow })
    return new Array(hashes.length).fill(undefined)
  })
  const pin = { shallow: pinsOf(true), deep: pinsOf(false) }

  return ComposedStorage(await LRUStorage({ size: cacheSize }), {
    ...storage,
    get: async (hash, signal, options) => {
      signal?.throwIfAborted()
      return await getBytes(hash) ?? (options?.offline === true ? undefined : storage.get(hash, signal, options))
    },
    persist: async (hash: string, signal?: AbortSignal, options?: StorageOptions) => {
      signal?.throwIfAborted()
      await (options?.offline === true ? pin.shallow(hash) : pin.deep(hash))
    }
  })
}
