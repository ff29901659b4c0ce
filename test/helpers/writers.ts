import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createOrbitDB, Identities, KeyStore, MemoryStorage } from '../../src/index.ts'
import { createNode } from './node.ts'
import type { Replica } from './replicas.ts'
import type { Database, DatabaseFactory, IdentityOptions, OpenOptions, OrbitDBOptions } from '../../src/index.ts'

/** Creates an identity whose block is on a node, and whose key is in memory. */
export async function createWriter ({ ipfs }: Pick<Replica, 'ipfs'>, createOptions: (keystore: KeyStore) => IdentityOptions = () => ({ id: 'writer' })) {
  const keystore = await KeyStore({ storage: await MemoryStorage() })
  const identities = await Identities({ ipfs, keystore })
  const identity = await identities.createIdentity(createOptions(keystore))
  return { identities, identity }
}

const joinAll = async (to: Database, from: Database): Promise<void> => {
  for (const head of await from.log.heads()) {
    await to.log.joinEntry(head)
  }
}

export interface WriterOptions {
  /** Options of the writer's OrbitDB, e.g. what `createWriter` returned */
  orbitdb?: Partial<OrbitDBOptions>
  /** Options that the writer opens the database with */
  database?: OpenOptions & { Database?: DatabaseFactory<any> }
}

/**
 * Has another identity write to its own copy of a database, which is joined into the database then.
 * What is written to both meanwhile is concurrent.
 */
export async function writeAsAnother<DB extends Database> (
  { ipfs: { blockstore, pins }, directory }: Replica,
  db: DB,
  write: (copy: DB) => Promise<unknown>,
  { orbitdb: orbitdbOptions, database }: WriterOptions = {}
): Promise<void> {
  const node = await createNode()
  const ipfs = { libp2p: node.libp2p, blockstore, pins }
  const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, randomUUID()), ...orbitdbOptions })
  try {
    const copy = await orbitdb.open(db.address, { ...database, sync: false } as { Database: DatabaseFactory<DB> })
    await joinAll(copy, db)
    await write(copy)
    await joinAll(db, copy)
  } finally {
    await orbitdb.stop()
    await node.stop()
  }
}
