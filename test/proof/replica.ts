/**
 * A replica of the mixed run, in a process of its own, so that it can be killed. Its parent calls the
 * methods below by name, and gets what they return, or the error.
 */
import { readFile, writeFile } from 'node:fs/promises'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { CID } from 'multiformats/cid'
import { createBackup, createSnapshot, restoreBackup, verifyBackup } from '../../src/index.ts'
import { readDatabase } from './contents.ts'
import { names, openByName, openDatabase, optionsOf, startNode, write } from './nodes.ts'
import { dial, ignoreErrors } from './peer.ts'
import type { Addresses, AnyDB, Core, Name } from './nodes.ts'

const [directory, core] = process.argv.slice(2) as [string, Core]
const node = await startNode(directory, core)
const dbs = new Map<Name, AnyDB>()

const open = async (addresses: Addresses, name: Name): Promise<void> => {
  const db = await openDatabase(node, addresses, name, core)
  ignoreErrors(db)
  dbs.set(name, db)
  await db.sync.start()
}

/** An archive, or the root of a snapshot that the node has. */
export type Base = { path: string } | { root: string }

const readAll = (bases: Base[]): Promise<Array<Uint8Array | CID>> => Promise.all(bases.map(async base => 'path' in base ? new Uint8Array(await readFile(base.path)) : CID.parse(base.root)))

const methods = {
  identity: async () => node.orbitdb.identity.id,
  multiaddrs: async () => node.ipfs.libp2p.getMultiaddrs().map(String),
  dial: async (multiaddrs: string[]) => dial(node, multiaddrs),
  hangUp: async () => { for (const peer of node.ipfs.libp2p.getPeers()) await node.ipfs.libp2p.hangUp(peer) },

  /** Creates the databases, for writers who are granted access. */
  create: async (identities: string[]): Promise<Addresses> => {
    const addresses: Partial<Addresses> = {}
    for (const name of names) {
      const db: AnyDB = await node.orbitdb.open(name, optionsOf(name) as {})
      if (name === 'team') {
        for (const identity of identities) await db.access.grant('write', identity)
      }
      addresses[name] = db.address
      await db.close()
    }
    return addresses as Addresses
  },

  open: async (addresses: Addresses) => { for (const name of names) await open(addresses, name) },

  write: async (name: Name, text: string) => write(dbs.get(name), name, text),

  read: async () => {
    const result: Record<string, Awaited<ReturnType<typeof readDatabase>>> = {}
    for (const [name, db] of dbs) result[name] = await readDatabase(db, node)
    return result
  },

  /** Backs all up, without what is in archives or in a snapshot, and returns the problems of all of them together. */
  backUp: async (path: string, bases: Base[]) => {
    const base = bases.length === 0 ? undefined : { sources: await readAll(bases) }
    const bytes = concat(await all(createBackup([...dbs.values()], { base })))
    await writeFile(path, bytes)
    // A snapshot is on the node, and not to be verified elsewhere
    return bases.some(base => 'root' in base) ? [] : (await verifyBackup({ sources: [...await readAll(bases), bytes] })).problems
  },

  snapshot: async () => String(await createSnapshot([...dbs.values()])),

  restore: async (bases: Base[]) => {
    await restoreBackup(node.orbitdb, { sources: await readAll(bases) }, { Database: openByName })
  },

  gc: async () => { await node.ipfs.gc() },

  drop: async (addresses: Addresses, name: Name) => {
    const db = dbs.get(name)
    await db.drop()
    await db.close()
    await open(addresses, name)
  },

  stop: async () => node.stop()
}

export type Methods = typeof methods

process.on('message', ({ id, method, args }: { id: number, method: keyof Methods, args: unknown[] }) => {
  (methods[method] as (...args: unknown[]) => Promise<unknown>)(...args).then(
    result => process.send!({ id, result }),
    error => process.send!({ id, error: String(error.stack) })
  )
})
process.on('disconnect', () => process.exit()) // Don't outlive the parent
process.send!('ready')
