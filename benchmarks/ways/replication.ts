import { optionsOf, start } from '../node.ts'
import type { Node } from '../../scripts/node.ts'
import type { KeyValue } from '../../src/index.ts'
import type { Way } from '../way.ts'

const maxAttempts = 10

/** Connects to a node whose addresses came as text, which libp2p has no import for. */
async function connect ({ libp2p }: Node, multiaddrs: string[]): Promise<void> {
  const [own] = libp2p.getMultiaddrs()
  const none = own.decapsulate(own)
  await libp2p.dial(multiaddrs.map(multiaddr => none.encapsulate(multiaddr)))
}

async function disconnect ({ libp2p }: Node): Promise<void> {
  await Promise.all(libp2p.getPeers().map(peer => libp2p.hangUp(peer)))
}

/** Waits until a database has some heads, and so all that they lead to. */
async function receive ({ events, log }: KeyValue<string>, heads: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const check = async (): Promise<void> => {
    const own = new Set((await log.heads()).map(({ hash }) => hash))
    if (heads.every(hash => own.has(hash))) resolve()
  }
  events.on('error', reject)
  events.on('update', check)
  try {
    await Promise.all([promise, check()])
  } finally {
    events.off('error', reject)
    events.off('update', check)
  }
}

const way: Way = {
  name: 'replication',
  about: 'A second node gets the database from the first, which has to be up then, over libp2p on one machine. Nothing is kept to go back to',
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'everything',
  isLive: true,

  restore: async ({ dataset, target, peer }) => {
    const running = await start(target, 'stock')
    await connect(running.ipfs, peer!.multiaddrs)
    const db = await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), sync: true })
    for (let attempt = 1; ; attempt++) {
      try {
        await receive(db, peer!.heads)
        return { ...running, db }
      } catch (error) {
        // OrbitDB 4.0.0 sends several heads with nothing between them, and can not read those that come
        // as one: they are sent again to a peer that comes back
        if (attempt === maxAttempts) {
          throw error
        }
        await disconnect(running.ipfs)
        await connect(running.ipfs, peer!.multiaddrs)
      }
    }
  }
}

export default way
