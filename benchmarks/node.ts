// Starts nodes with either OrbitDB, and opens databases on them.
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as stock from '@orbitdb/core-stock'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { createNode } from '../scripts/node.ts'
import * as patched from '../src/index.ts'
import type { Dataset } from './dataset.ts'
import type { Node } from '../scripts/node.ts'
import type { DatabaseFactory, KeyValue, OrbitDBOptions } from '../src/index.ts'
import type { Core, Open, Running } from './way.ts'

const cores = { stock, patched }

/** Starts a node, and OrbitDB on it. */
export async function start (directory: string, core: Core, options: Pick<OrbitDBOptions, 'id' | 'verifySignatures'> = {}): Promise<Running> {
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await cores[core].createOrbitDB({ ipfs, ...options, directory: join(directory, 'orbitdb') })
  return { core, ipfs, orbitdb }
}

/** Stops both. */
export async function stop ({ ipfs, orbitdb }: Running): Promise<void> {
  await orbitdb.stop()
  await ipfs.stop()
}

/** The options that a database is opened with, if it is to be of its type. */
export function optionsOf ({ core }: Pick<Running, 'core'>, { isIndexed = false }: Pick<Dataset, 'isIndexed'>) {
  return {
    type: 'keyvalue',
    sync: false,
    Database: isIndexed ? cores[core].KeyValueIndexed() : undefined
    // Types have it that there is a factory: where there is none, the type says which
  } as { type: 'keyvalue', sync: boolean, Database: DatabaseFactory<KeyValue<string>> }
}

/** Makes a node look for blocks nowhere else, as it would for half a minute each. */
export function isolate ({ blockstore }: Node): void {
  const get = blockstore.get.bind(blockstore)
  blockstore.get = (cid, options) => get(cid, { ...options, offline: true })
}

/** Opens the database of a dataset. */
export async function open (running: Running, dataset: Dataset): Promise<Open> {
  return { ...running, db: await running.orbitdb.open(dataset.address, optionsOf(running, dataset)) }
}

/** The hashes of a database's manifest and access controller. */
export async function setupOf ({ blockstore }: Node, address: string): Promise<string[]> {
  const hash = address.replace('/orbitdb/', '')
  const [bytes] = await all(blockstore.get(toCID(hash), { offline: true }))
  return [hash, dagCbor.decode<{ accessController: string }>(bytes).accessController.replace('/ipfs/', '')]
}

/** The directory of the LevelDBs `_heads` and `_index` of a database. */
export function logDirectoryOf (directory: string, { address, isIndexed = false }: Pick<Dataset, 'address' | 'isIndexed'>): string {
  // A KeyValueIndexed gives the directory of its own index to the database that it builds on
  return join(directory, 'orbitdb', ...isIndexed ? [address, '_index', address] : [address], 'log')
}

// Helia has its CIDs of another version of multiformats, whose types ask for more
type NodeCID = Parameters<Node['blockstore']['has']>[0]

/** The CID of a hash, as OrbitDB writes it. */
export const toCID = (hash: string): NodeCID => CID.parse(hash, base58btc) as NodeCID
