import { deepStrictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../src/index.js'
import Sync from '../src/sync.js'
import connectPeers from './utils/connect-nodes.js'
import createHelia from './utils/create-helia.js'
import waitFor from './utils/wait-for.js'

describe('Sync protocol - Exchange of heads', function () {
  this.timeout(10000)

  let nodes, syncs

  before(async () => {
    nodes = await Promise.all([createHelia(), createHelia(), createHelia()])
  })

  after(async () => {
    await Promise.all(syncs.map(sync => sync.stop()))
    await Promise.all(nodes.map(ipfs => ipfs.stop()))
  })

  it('goes on with a peer while another one never ends it', async () => {
    const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }) })
    const identity = await identities.createIdentity({ id: 'writer' })
    const [log1, log2] = await Promise.all([1, 2].map(() => Log(identity, { logId: 'exchange' })))
    const { hash } = await log1.append('hello')

    const [{ libp2p }, ipfs1, ipfs2] = nodes
    let exchanges = 0
    await libp2p.handle('/orbitdb/heads/exchange', () => { exchanges++ })
    await libp2p.services.pubsub.subscribe('exchange')
    syncs = [
      await Sync({ ipfs: ipfs1, log: log1 }),
      await Sync({ ipfs: ipfs2, log: log2, onSynced: async (entry, bytes) => log2.joinEntry(bytes) })
    ]
    await connectPeers(nodes[0], ipfs1)
    await connectPeers(nodes[0], ipfs2)
    await waitFor(() => exchanges, () => 2)

    await connectPeers(ipfs1, ipfs2)
    await waitFor(async () => (await log2.heads()).length, () => 1)
    deepStrictEqual((await log2.heads()).map(({ hash }) => hash), [hash])
  })
})
