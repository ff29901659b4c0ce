// A node of the proof: its directory, OrbitDB on it, and the databases that it has
import { join } from 'node:path'
import * as stock from '@orbitdb/core-stock'
import { Level } from 'level'
import { createNode } from '../../scripts/node.ts'
import * as ours from '../../src/index.ts'
import type { Node } from '../../scripts/node.ts'
import type { DatabaseFactory, OrbitDB } from '../../src/index.ts'

/** Which OrbitDB: this one, or the unpatched one. */
export type Core = 'ours' | 'stock'

const cores = { ours, stock: stock as typeof ours }

/** A database of any type. */
export type AnyDB = any

export interface RunningNode {
  directory: string
  core: Core
  ipfs: Node
  orbitdb: OrbitDB
  stop: () => Promise<void>
}

/** Starts a node in a directory, where the command line looks for it. */
export async function startNode (directory: string, core: Core = 'ours'): Promise<RunningNode> {
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await cores[core].createOrbitDB({ ipfs, directory: join(directory, 'orbitdb'), id: 'user' })
  const stop = async (): Promise<void> => {
    await orbitdb.stop()
    await ipfs.stop()
  }
  return { directory, core, ipfs, orbitdb, stop }
}

/** Makes a copy of a node a peer of its own: no two peers with one key can be connected to a third. */
export async function forgetPeer (directory: string): Promise<void> {
  const data = new Level(join(directory, 'ipfs/data'))
  for (const key of await data.keys().all()) {
    if (/^\/(pkcs8|info|peers)\//.test(key)) await data.del(key)
  }
  await data.close()
}

/** The databases by their names: an ordinary one, one with an index of its own, one whose access controller is a database. */
export const names = ['posts', 'settings', 'team'] as const
export type Name = typeof names[number]
export type Addresses = Record<Name, string>

/** The options to open or create a database with. */
export function optionsOf (name: Name, core: Core = 'ours') {
  const { KeyValueIndexed, OrbitDBAccessController, IPFSAccessController } = cores[core]
  const AccessController = name === 'team' ? OrbitDBAccessController() : IPFSAccessController({ write: ['*'] })
  const typed = {
    posts: { type: 'events' },
    settings: { type: 'keyvalue', Database: KeyValueIndexed() as DatabaseFactory<AnyDB> },
    team: { type: 'documents' }
  }
  return { ...typed[name], AccessController, sync: false }
}

/** Opens whichever database it is as its name says. */
export const openByName: DatabaseFactory<AnyDB> = async params => {
  const { Documents, Events, KeyValueIndexed } = ours
  const factories: Record<Name, DatabaseFactory<AnyDB>> = { posts: Events(), settings: KeyValueIndexed(), team: Documents() }
  return factories[(params as { name: Name }).name](params)
}

export async function openDatabase ({ orbitdb }: Pick<RunningNode, 'orbitdb'>, addresses: Addresses, name: Name, core: Core = 'ours'): Promise<AnyDB> {
  const { AccessController, ...options } = optionsOf(name, core)
  return orbitdb.open(addresses[name], options as {})
}

/** Writes an entry to a database. */
export async function write (db: AnyDB, name: Name, text: string): Promise<string> {
  const writes: Record<Name, () => Promise<string>> = {
    posts: () => db.add(text),
    settings: () => db.put(`key ${text.length % 7}`, text),
    team: () => db.put({ _id: `id ${text.length % 7}`, text })
  }
  return writes[name]()
}
