// A peer that has all that is in the archive, and syncing with it
import { setTimeout } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { missingIn } from './contents.ts'
import { openDatabase, startNode } from './nodes.ts'
import type { Fixture } from './fixture.ts'
import type { Addresses, AnyDB, Name, RunningNode } from './nodes.ts'

/** The databases that are synced. */
export const synced = ['posts', 'settings'] as const

export interface Peer {
  multiaddrs: string[]
  stop: () => Promise<void>
}

/** Lets a sync fail, as one with a peer that is killed does. */
export const ignoreErrors = (db: AnyDB): void => db.events.on('error', () => {})

/** Starts a node and has it sync its databases. */
export async function startPeer (directory: string, addresses: Addresses): Promise<Peer> {
  const node = await startNode(directory)
  for (const name of synced) {
    const db = await openDatabase(node, addresses, name)
    ignoreErrors(db)
    await db.sync.start()
  }
  return { multiaddrs: node.ipfs.libp2p.getMultiaddrs().map(String), stop: node.stop }
}

/** Connects to a peer, which may be too busy at first. */
export async function dial (node: RunningNode, multiaddrs: string[], tries = 4): Promise<void> {
  try {
    await node.ipfs.libp2p.dial(multiaddrs.map(address => multiaddr(address)))
  } catch (error) {
    if (tries === 1) throw error
    await dial(node, multiaddrs, tries - 1)
  }
}

/** Syncs with a peer: returns the databases that do not get all in a while. */
export async function findUnsynced (node: RunningNode, peer: Peer, { addresses, archived }: Fixture, seconds = 20): Promise<Name[]> {
  const dbs = await Promise.all(synced.map(async name => [name, await openDatabase(node, addresses, name)] as const))
  for (const [, db] of dbs) ignoreErrors(db)
  await dial(node, peer.multiaddrs)
  for (const [, db] of dbs) await db.sync.start()
  const end = Date.now() + seconds * 1000
  let unsynced: Name[]
  do {
    await setTimeout(50)
    unsynced = []
    for (const [name, db] of dbs) {
      const entries = (await db.log.values()).map(({ hash }: { hash: string }) => hash)
      if (missingIn(entries, archived[name].entries).length > 0) unsynced.push(name)
    }
  } while (unsynced.length > 0 && Date.now() < end)
  return unsynced
}
