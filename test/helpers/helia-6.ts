import { once } from 'node:events'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { createHelia } from 'helia-6'
import { createLibp2p } from 'libp2p'
import type { Node } from './node.ts'

/** A network in which no block is found. */
const createEmptyNetwork = () => ({
  name: 'empty network',
  retrieve: async (cid: unknown, { signal }: { signal: AbortSignal }) => {
    await once(signal, 'abort')
    throw signal.reason
  }
})

/**
 * Starts a Helia 6 node that has no connection to any other.
 *
 * @param directory - where its blocks and its data are kept; in memory by default
 */
export async function createHelia6Node (directory?: string): Promise<Node> {
  const stores = directory == null
    ? null
    : {
        blockstore: new LevelBlockstore(join(directory, 'blocks')),
        datastore: new LevelDatastore(join(directory, 'data'))
      }
  await stores?.blockstore.open()
  await stores?.datastore.open()
  const libp2p = await createLibp2p({ start: false, services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) } })
  // @ts-expect-error: its stores are of other versions of their interfaces than those of Helia 7
  const node = await createHelia({ ...stores, libp2p, codecs: [dagCbor], blockBrokers: [createEmptyNetwork], routers: [] })

  const stop = node.stop.bind(node)
  node.stop = async () => {
    await stop()
    await stores?.blockstore.close()
    await stores?.datastore.close()
  }
  // OrbitDB uses no more than what both versions have
  return node as unknown as Node
}
