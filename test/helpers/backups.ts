import { deepStrictEqual } from 'node:assert/strict'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import type { useReplicas, Replica } from './replicas.ts'
import type { Block, DatabaseFactory, DatabaseState, OpenOptions, OrbitDB, RestoreOptions, TypedDatabase } from '../../src/index.ts'

/** A database of any type that can be iterated over. */
export interface IterableDatabase extends TypedDatabase<any> {
  iterator: () => AsyncIterable<unknown>
}

/** A state that is all in memory, so that it outlives the node that it is of. */
export interface CollectedState extends Omit<DatabaseState, 'index' | 'blocks'> {
  index: Set<string>
  blocks: Block[]
}

/** A state, and what was read from the database that it is of. */
export interface Backup {
  state: CollectedState
  contents: Awaited<ReturnType<typeof read>>
}

export type OpenWith = OpenOptions & { type?: string, Database?: DatabaseFactory<any> }
export type RestoreWith = RestoreOptions & { Database?: DatabaseFactory<any> }

/** A way to restore a state on a node that has nothing of it. */
export type Restore = (orbitdb: OrbitDB, state: CollectedState, options?: RestoreWith) => Promise<IterableDatabase>

/** Reads all that is in a database. */
export async function read ({ address, name, meta, log, iterator }: IterableDatabase) {
  const entries = await log.values()
  const isIndexed = await Promise.all(entries.map(({ hash }) => log.has(hash)))
  return {
    address,
    name,
    meta,
    heads: (await log.heads()).map(({ hash }) => hash),
    entries,
    indexed: entries.filter((entry, i) => isIndexed[i]).length,
    records: await all(iterator())
  }
}

const isDatabaseState = (state: any): state is DatabaseState => state?.heads != null && state.blocks != null

/** Reads a state into memory. */
export async function collect ({ index, blocks, accessController, ...state }: DatabaseState): Promise<CollectedState> {
  const access = isDatabaseState(accessController) ? await collect(accessController) : accessController
  return { ...state, index: new Set(index), blocks: await all(blocks), ...(access != null && { accessController: access }) }
}

/** Reads and exports a database, and stops its node. */
export async function backUp ({ stop }: Replica, db: IterableDatabase): Promise<Backup> {
  const contents = await read(db)
  const state = await collect(await db.export())
  await stop()
  return { state, contents }
}

/** Opens a database of any type. */
export async function open (orbitdb: OrbitDB, address: string, options?: OpenWith): Promise<IterableDatabase> {
  return orbitdb.open(address, options as { Database: DatabaseFactory<IterableDatabase> })
}

/** Puts blocks of a state into a node without OrbitDB, as another tool would. */
export async function putBlocks (orbitdb: OrbitDB, { blocks, accessController }: CollectedState, isWanted = (hash: string) => true): Promise<void> {
  for (const [hash, bytes] of blocks.filter(([hash]) => isWanted(hash))) {
    await orbitdb.ipfs.blockstore.put(CID.parse(hash, base58btc), bytes)
  }
  if (isDatabaseState(accessController)) {
    await putBlocks(orbitdb, accessController as unknown as CollectedState, isWanted)
  }
}

/** The ways to restore a state on a node that has nothing of it. */
export const ways = {
  'orbitdb.import(state)': async (orbitdb, state, options = {}) => {
    return orbitdb.import(state, options as { Database: DatabaseFactory<IterableDatabase> })
  },
  'open(address, { restore }) once the blocks are there': async (orbitdb, state, { verify, ...options } = {}) => {
    await putBlocks(orbitdb, state)
    const { heads, index, accessController } = state
    return open(orbitdb, state.address, { ...options, restore: { heads, index, accessController, verify } })
  },
  'db.import(state) once the database is open': async (orbitdb, state, { verify, ...options } = {}) => {
    await putBlocks(orbitdb, state, hash => !state.index.has(hash))
    const db = await open(orbitdb, state.address, options)
    await db.import(state, { verify })
    return db
  }
} satisfies Record<string, Restore>

export interface AssertRestoresOptions {
  /** `orbitdb.import` by default */
  restore?: Restore
  /** Creates the options to restore the database with, and then to open it with */
  createOptions?: (replica: Replica) => RestoreWith | Promise<RestoreWith>
}

/** Restores a backup on a new node with another identity, and reads it there, also after a restart. */
export async function assertRestores (
  { createReplica }: Pick<ReturnType<typeof useReplicas>, 'createReplica'>,
  { state, contents }: Backup,
  { restore = ways['orbitdb.import(state)'], createOptions = () => ({}) }: AssertRestoresOptions = {}
): Promise<void> {
  const replica = await createReplica()
  deepStrictEqual(await read(await restore(replica.orbitdb, state, await createOptions(replica))), contents)
  await replica.stop()

  const restarted = await createReplica({ directory: replica.directory })
  deepStrictEqual(await read(await open(restarted.orbitdb, state.address, await createOptions(restarted))), contents)
  await restarted.stop()
}
