import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { inBatches } from '../blocks/batches.ts'
import { toBytes } from '../blocks/hashes.ts'
import { createBlocks } from '../blocks/index.ts'
import { Identities, IPFSBlockStorage, KeyStore, MemoryStorage } from '../index.ts'
import { hashOf } from './databases.ts'
import { openStores } from './stores/index.ts'
import type { HeliaNode } from '../index.ts'
import type { Layout } from './layout.ts'
import type { OpenOptions } from './stores/level.ts'

/** Reads the blocks of some hashes: undefined for each that the node does not have. */
export type ReadBlocks = (hashes: string[], signal?: AbortSignal) => Promise<Array<Uint8Array | undefined>>

const batchLength = 1000

/** Reads the blocks of very many hashes, as they are asked for: with undefined for each that the node does not have. */
export async function * readEach (hashes: Iterable<string>, readBlocks: ReadBlocks, signal?: AbortSignal): AsyncGenerator<[hash: string, bytes: Uint8Array | undefined]> {
  for await (const batch of inBatches(hashes, batchLength)) {
    const blocks = await readBlocks(batch, signal)
    for (const [i, hash] of batch.entries()) yield [hash, blocks[i]]
  }
}

/** A node that is not started, and not connected to anything. */
export interface OfflineNode {
  ipfs: HeliaNode
  readBlocks: ReadBlocks
  /** Whether a database is pinned, as each is that is there: undefined when it is not known. */
  isPinned: (address: string) => Promise<boolean | undefined>
  /** What a user ought to know of its stores. */
  notes: string[]
  close: () => Promise<void>
}

const nothing = (): void => {}
const soon = async (): Promise<void> => {}

/** What OrbitDB asks of libp2p, without a network. */
const libp2p: HeliaNode['libp2p'] = {
  peerId: { toString: () => 'offline' },
  services: {
    pubsub: { subscribe: nothing, unsubscribe: nothing, publish: soon, addEventListener: nothing, removeEventListener: nothing }
  },
  dialProtocol: soon,
  handle: soon,
  unhandle: soon,
  addEventListener: nothing,
  removeEventListener: nothing
}

/**
 * Opens the stores of a node. Helia is not started, as it would write to the datastore. Pins are kept
 * in memory where a node has a blockstore and no datastore, as they are when that node runs.
 */
export async function openNode (layout: Layout, options: OpenOptions): Promise<OfflineNode> {
  const { blockstore, datastore, openDatastore, notes, close } = await openStores(layout, options)
  try {
    const { createHeliaLight } = await import('./helia.ts')
    const ipfs = Object.assign(createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }), { libp2p })
    const blocks = await createBlocks(ipfs)
    // Where it can not be told how pins are kept, they are not known
    let opening: ReturnType<typeof openDatastore> | undefined
    const openPins = async (): Promise<HeliaNode['pins'] | undefined> => {
      opening ??= openDatastore().catch(() => undefined)
      const datastore = await opening
      return datastore == null ? undefined : createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }).pins
    }
    return {
      ipfs,
      notes,
      readBlocks: (hashes, signal) => blocks.getMany(hashes.map(toBytes), { signal }),
      isPinned: async address => {
        const pins = await openPins()
        if (pins == null) return
        let isPinned = false
        for await (const pin of pins.ls({ cid: CID.decode(toBytes(hashOf(address))) })) isPinned = pin != null
        return isPinned
      },
      close
    }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

/** Identities that are read from a node, and kept in memory when they are made here. */
export async function createIdentities (ipfs: HeliaNode): Promise<Identities> {
  const made = await MemoryStorage()
  const stored = await IPFSBlockStorage({ ipfs })
  const keystore = await KeyStore({ storage: await MemoryStorage() })
  return Identities({
    keystore,
    storage: { ...made, get: async hash => await made.get(hash) ?? await stored.get(hash, undefined, { offline: true }) }
  })
}
