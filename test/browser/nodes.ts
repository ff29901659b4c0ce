import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { createHeliaLight } from 'helia'
import { createOrbitDB } from '../../src/index.ts'

/** Where a node in a browser keeps its blocks. OrbitDB keeps what it has beside them in IndexedDB. */
export type Stores = 'memory' | 'IndexedDB'

const openStores = async (directory: string) => {
  const blockstore = new LevelBlockstore(`${directory}/blocks`)
  const datastore = new LevelDatastore(`${directory}/data`)
  await blockstore.open()
  await datastore.open()
  return { blockstore, datastore }
}

/**
 * Starts a node with OrbitDB that has no way to reach another.
 *
 * @param directory - the databases of IndexedDB start with it: new ones by default
 */
export async function createReplica (stores: Stores, directory: string = crypto.randomUUID()) {
  const opened = stores === 'IndexedDB' ? await openStores(directory) : undefined
  const helia = createHeliaLight({ ...opened, codecs: [dagCbor] })
  const ipfs = await withLibp2pLight(helia, {
    addresses: { listen: [] },
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  }).start()
  const orbitdb = await createOrbitDB({ ipfs, directory: `${directory}/orbitdb` })

  const stop = async (): Promise<void> => {
    await orbitdb.stop()
    await ipfs.stop()
    await opened?.blockstore.close()
    await opened?.datastore.close()
  }
  return { directory, ipfs, orbitdb, stop }
}

export type Replica = Awaited<ReturnType<typeof createReplica>>
