// Nodes of Helia 6 and Helia 7 fit without a cast, and keep their own types.
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createHelia } from 'helia'
import { createHelia as createHelia6 } from 'helia-6'
import { createLibp2p } from 'libp2p'
import { createOrbitDB, Identities, IPFSBlockStorage, type HeliaNode, type NodePubSub } from '../../src/index.ts'
import { is } from './helpers.ts'

const services = { identify: identify(), pubsub: gossipsub() }

const helia7 = createHelia({ libp2p: { services } })
const orbitdb7 = await createOrbitDB({ ipfs: helia7 })
is<typeof helia7>()(orbitdb7.ipfs)
is<typeof helia7.libp2p.peerId>()(orbitdb7.peerId)
is<GossipSub>()(orbitdb7.ipfs.libp2p.services.pubsub)

const helia6 = await createHelia6({ libp2p: await createLibp2p({ services }) })
const orbitdb6 = await createOrbitDB({ ipfs: helia6 })
is<typeof helia6>()(orbitdb6.ipfs)

declare const node: HeliaNode
is<NodePubSub>()(node.libp2p.services.pubsub)

export const nodes: HeliaNode[] = [helia6, helia7]
await IPFSBlockStorage({ ipfs: helia7, pin: true, timeout: 1000 })
await Identities({ ipfs: helia6 })

// @ts-expect-error: a node is required
await createOrbitDB({})
// @ts-expect-error: options are required
await createOrbitDB()
// @ts-expect-error: not a node
await createOrbitDB({ ipfs: {} })
// @ts-expect-error: a node without pubsub
await createOrbitDB({ ipfs: createHelia({ libp2p: { services: { identify: identify() } } }) })
// @ts-expect-error: a node without pubsub
await createOrbitDB({ ipfs: await createHelia6({ libp2p: await createLibp2p({ services: { identify: identify() } }) }) })
// @ts-expect-error: no such option
await createOrbitDB({ ipfs: helia7, folder: './orbitdb' })
