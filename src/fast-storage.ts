import { createEntryStorage, createFastBlocks } from './blocks/index.ts'
import type { HeliaNode, OrbitDB } from './core/index.ts'

/**
 * Has an instance open databases with a storage that reads, writes and pins many entries at once, unless an app gives
 * another one, where the stores of its node are known.
 */
export async function withFastStorage <Node extends HeliaNode> (orbitdb: OrbitDB<Node>): Promise<OrbitDB<Node>> {
  const blocks = await createFastBlocks(orbitdb.ipfs)
  if (blocks == null) {
    return orbitdb
  }
  const withStorage = async <Options extends { entryStorage?: unknown }> (options = {} as Options): Promise<Options> => {
    return { ...options, entryStorage: options.entryStorage ?? await createEntryStorage(orbitdb.ipfs, blocks) }
  }
  return {
    ...orbitdb,
    open: async (address: string, options?: {}) => orbitdb.open(address, await withStorage(options)),
    import: async (state: Parameters<typeof orbitdb.import>[0], options?: {}) => orbitdb.import(state, await withStorage(options))
  } as OrbitDB<Node>
}
