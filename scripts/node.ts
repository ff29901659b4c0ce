import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { createHeliaLight } from 'helia'

const libp2pOptions = () => ({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    pubsub: gossipsub({ allowPublishToZeroTopicPeers: true })
  }
})

/** Opens the stores of a node: level stores in a directory, or none, so that it keeps all in memory. */
export async function openStores (directory?: string) {
  if (directory == null) {
    return { stores: {}, closeStores: async () => {} }
  }
  const blockstore = new LevelBlockstore(join(directory, 'blocks'))
  const datastore = new LevelDatastore(join(directory, 'data'))
  await blockstore.open()
  await datastore.open()
  const closeStores = async (): Promise<void> => {
    await blockstore.close()
    await datastore.close()
  }
  return { stores: { blockstore, datastore }, closeStores }
}

/**
 * Starts a Helia 7 node that listens on 127.0.0.1 only and looks for no other peer.
 *
 * @param directory - where its blocks and its data are kept; in memory by default
 */
export async function createNode (directory?: string) {
  const { stores, closeStores } = await openStores(directory)
  const helia = createHeliaLight({ ...stores, codecs: [dagCbor] })
  const node = await withBitswap(withLibp2pLight(helia, libp2pOptions())).start()

  // Helia leaves the stores that it was given open
  const stop = node.stop.bind(node)
  node.stop = async (options) => {
    await stop(options)
    await closeStores()
    return node
  }
  return node
}

export type Node = Awaited<ReturnType<typeof createNode>>
