import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import { readInBatches } from './batches.ts'
import { detach } from './detach.ts'
import { toCIDBytes, toHash } from './hashes.ts'
import { missingBlock } from './errors.ts'
import { guardWrites } from '../core/guard-writes.ts'
import { IPFSBlockStorage } from '../core/index.ts'
import type { BlockCID, BlockOptions, HeliaNode, NodeBlockstore } from '../core/index.ts'
import type { BlockName, Blocks } from './blocks.ts'

interface DeletingBlockstore extends NodeBlockstore {
  delete (cid: BlockCID, options?: BlockOptions): unknown
}

/** A node, with the calls that OrbitDB does not need. */
export interface FullNode extends HeliaNode {
  readonly blockstore: DeletingBlockstore & { unwrap? (): DeletingBlockstore }
  readonly pins: HeliaNode['pins'] & {
    add (cid: BlockCID, options?: BlockOptions & { depth?: number }): AsyncIterable<unknown>
    rm (cid: BlockCID, options?: BlockOptions): AsyncIterable<unknown>
  }
}

/** How many calls are made side by side. */
const concurrency = 1000

const toCID = (name: BlockName): CID => CID.decode(toCIDBytes(name))

/** Calls a function for each value, many at a time. When it rejects, none of them goes on. */
async function mapMany<Value, Result> (values: Value[], signal: AbortSignal | undefined, fn: (value: Value) => Promise<Result>, atOnce = concurrency): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < values.length; i += atOnce) {
    signal?.throwIfAborted()
    const settled = await Promise.allSettled(values.slice(i, i + atOnce).map(fn))
    const failed = settled.find(({ status }) => status === 'rejected')
    if (failed != null) throw (failed as PromiseRejectedResult).reason
    for (const result of settled) results.push((result as PromiseFulfilledResult<Result>).value)
  }
  return results
}

/** Calls a function that may fail with an error of a name. Whether it did not. */
export async function ignoring (name: string, fn: () => Promise<unknown>): Promise<boolean> {
  try {
    await fn()
    return true
  } catch (error) {
    if (!(error instanceof Error && error.name === name)) {
      throw error
    }
    return false
  }
}

/** The blocks of a node, by its public calls: of any version, with stores of any kind. */
export async function createPublicBlocks (node: HeliaNode): Promise<Blocks> {
  const { blockstore, pins } = node as FullNode
  const storage = await IPFSBlockStorage({ ipfs: node })

  /** Deletes or pins, unless something could not be written before: then the node has to be started again. */
  const write = (fn: () => Promise<unknown>): Promise<unknown> => guardWrites(node.blockstore, 'the stores of the IPFS node', fn)

  const getMany: Blocks['getMany'] = (names, { signal } = {}) => mapMany(names, signal, name => storage.get(toHash(toCIDBytes(name)), signal, { offline: true }))

  const unpinMany: Blocks['unpinMany'] = async (names, { signal } = {}) => {
    await mapMany(names, signal, name => ignoring('NotFoundError', () => write(() => drain(pins.rm(toCID(name), { signal })))), 1)
  }

  return {
    getMany,

    readInOrder: (digests, options) => readInBatches(digests, cids => getMany(cids, options), options),

    hasMany: (names, { signal } = {}) => mapMany(names, signal, async name => blockstore.has(toCID(name), { signal })),

    putMany: async (blocks, { signal } = {}) => {
      await mapMany(blocks, signal, ([name, bytes]) => storage.put(toHash(toCIDBytes(name)), detach(bytes), signal, { persist: false }))
    },

    deleteMany: async (names, { signal } = {}) => {
      // Deleted below the calls that cancel to provide what was never provided
      const store = blockstore.unwrap?.() ?? blockstore
      await mapMany(names, signal, async name => {
        if (!await pins.isPinned(toCID(name), { signal })) {
          await write(async () => store.delete(toCID(name), { signal }))
        }
      })
    },

    arePinned: (names, { signal } = {}) => mapMany(names, signal, name => pins.isPinned(toCID(name), { signal })),

    pinMany: async (names, { signal, isShallow = false } = {}) => {
      // One by one with what they link to: Helia loses pins of a block that two pins reach at the same time
      const atOnce = isShallow ? concurrency : 1
      const pinned: typeof names = []
      try {
        await mapMany(names, signal, async name => {
          if (!await blockstore.has(toCID(name), { signal })) {
            throw missingBlock(name)
          }
          if (await ignoring('AlreadyPinnedError', () => write(() => drain(pins.add(toCID(name), isShallow ? { signal, depth: 0 } : { signal }))))) {
            pinned.push(name)
          }
        }, atOnce)
      } catch (error) {
        await unpinMany(pinned).catch(() => {})
        throw error
      }
      return pinned
    },

    unpinMany
  }
}
