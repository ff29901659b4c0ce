import { setTimeout } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { optionsOf, start } from '../node.ts'
import type { Way } from '../way.ts'

const way: Way = {
  name: 'replication',
  about: 'A second node gets the database from the first, which has to be up then, over libp2p on one machine. Nothing is kept to go back to',
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'everything',
  isLive: true,

  restore: async ({ dataset, target, peer }) => {
    const running = await start(target, 'stock')
    const { libp2p } = running.ipfs
    const connect = () => libp2p.dial(peer!.multiaddrs.map(address => multiaddr(address)))
    await connect()
    const db = await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), sync: true })
    let error: Error | undefined
    db.events.on('error', failure => { error = failure })
    for (;;) {
      const heads = new Set((await db.log.heads()).map(({ hash }) => hash))
      if (peer!.heads.every(hash => heads.has(hash))) return { ...running, db }
      if (error != null) {
        // OrbitDB 4.0.0 sends several heads with nothing between them, and can not read those that come as one: they are
        // sent again to a peer that comes back
        error = undefined
        await Promise.all(libp2p.getPeers().map(peer => libp2p.hangUp(peer)))
        await connect()
      }
      await setTimeout(10)
    }
  }
}

export default way
