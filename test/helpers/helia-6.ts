import { once } from 'node:events'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createHelia } from 'helia-6'
import { createLibp2p } from 'libp2p'
import { openStores } from '../../scripts/node.ts'
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
  const { stores, closeStores } = await openStores(directory)
  const libp2p = await createLibp2p({ start: false, services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) } })
  // @ts-expect-error: its stores are of other versions of their interfaces than those of Helia 7
  const node = await createHelia({ ...stores, libp2p, codecs: [dagCbor], blockBrokers: [createEmptyNetwork], routers: [] })

  const stop = node.stop.bind(node)
  node.stop = async () => {
    await stop()
    await closeStores()
  }
  // OrbitDB uses no more than what both versions have
  return node as unknown as Node
}
