/**
 * A replica of the mixed run, in a process of its own, so that it can be killed. Its parent calls the
 * methods below by name, and gets what they return, or the error.
 */
import { readFile, writeFile } from 'node:fs/promises'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { createBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
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

  backUp: async (path: string) => {
    const bytes = concat(await all(createBackup([...dbs.values()])))
    await writeFile(path, bytes)
    return (await verifyBackup(bytes)).problems
  },

  restore: async (path: string) => {
    await restoreBackup(node.orbitdb, new Uint8Array(await readFile(path)), { Database: openByName })
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
