// A Helia node for the examples. Yours can be another: a backup asks nothing special of it.
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

/** Starts a node that keeps its blocks and pins in a directory, and takes connections from this machine. */
export async function createNode (directory) {
  const blockstore = new LevelBlockstore(`${directory}/blocks`)
  const datastore = new LevelDatastore(`${directory}/data`)
  const node = await withBitswap(withLibp2pLight(createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  })).start()

  const stop = node.stop.bind(node)
  // Helia leaves open the stores that it was given
  node.stop = async () => {
    await stop()
    await blockstore.close()
    await datastore.close()
  }
  return node
}
