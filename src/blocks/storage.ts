import { batched } from './batched.ts'
import { ComposedStorage, IPFSBlockStorage, LRUStorage } from '../core/index.ts'
import type { Blocks } from './blocks.ts'
import type { HeliaNode, PersistentStorage, StorageOptions } from '../core/index.ts'

/** As many entries as OrbitDB keeps in memory. */
const cacheSize = 1000

/**
 * Creates what a database stores its entries in by default, pinned blocks of the node, but which
 * reads and pins many entries at once when it is asked for them at once.
 */
export async function createEntryStorage (ipfs: HeliaNode, blocks: Blocks): Promise<PersistentStorage> {
  const storage = await IPFSBlockStorage({ ipfs, pin: true })
  const getBytes = batched((hashes: string[]) => blocks.getMany(hashes))
  const pinsOf = (isShallow: boolean) => batched(async (hashes: string[]) => {
    await blocks.pinMany(hashes, { isShallow })
    return new Array<void>(hashes.length).fill(undefined)
  })
  const pin = { shallow: pinsOf(true), deep: pinsOf(false) }

  let isOpen = true
  const cached = await ComposedStorage(await LRUStorage({ size: cacheSize }), {
    ...storage,
    get: async (hash, signal, options) => (isOpen ? await getBytes(hash) : undefined) ?? storage.get(hash, signal, options)
  })
  return {
    ...cached,
    // An export or an import reads each entry once
    get: async (hash, signal, options) => {
      signal?.throwIfAborted()
      return isOpen && options?.offline === true ? getBytes(hash) : cached.get(hash, signal, options)
    },
    getMany: async (hashes: string[], signal?: AbortSignal, options?: StorageOptions) => {
      return isOpen && options?.offline === true
        ? blocks.getMany(hashes, { signal })
        : Promise.all(hashes.map(hash => cached.get(hash, signal, options)))
    },
    putMany: async (entries: Iterable<[string, Uint8Array]>, signal?: AbortSignal, options?: StorageOptions) => {
      await (isOpen && options?.persist === false ? blocks.putMany([...entries], { signal }) : cached.putMany!(entries, signal, options))
    },
    persist: async (hash: string, signal?: AbortSignal, options?: StorageOptions) => {
      signal?.throwIfAborted()
      await (options?.offline === true ? pin.shallow(hash) : pin.deep(hash))
    },
    persistMany: async (hashes: string[], signal?: AbortSignal, options?: StorageOptions) => {
      return blocks.pinMany(hashes, { signal, isShallow: options?.offline, witness: options?.witness })
    },
    unpersistMany: async (hashes: string[]) => blocks.unpinMany(hashes),
    close: async () => {
      isOpen = false
      await cached.close()
    }
  }
}
