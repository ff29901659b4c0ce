import { CLIError } from './errors.ts'
import { hashOf, readManifest } from './databases.ts'
import { findHeads, readWholeLog, withHeadBlocks } from './logs.ts'
import { createIdentities } from './node.ts'
import { Database, MemoryStorage } from '../index.ts'
import type { OfflineNode, ReadBlocks } from './node.ts'
import type { StoredLog } from './logs.ts'
import type { HashSet } from '../blocks/hash-set.ts'
import type { AccessController, DatabaseFactory, Storage } from '../index.ts'

/** A database that can be archived, and the types of access controllers whose own state, if any, is left out. */
export interface OpenedDatabase<DB extends Database = Database> {
  db: DB
  unknownAccess: string[]
  /** Its log, as it is stored. */
  log: Pick<StoredLog, 'heads' | 'index' | 'isUnfinished'>
}

/** How many hashes of an index are given at once. */
const hashesAtOnce = 1000

/** A storage of the hashes in a log. */
async function createIndexStorage (index: HashSet): Promise<Storage<unknown>> {
  return {
    ...await MemoryStorage<unknown>(),
    get: async hash => index.has(hash) ? true : undefined,
    keys: async function * () { yield * index.batches(hashesAtOnce) }
  }
}

/** A storage of entries that can only be read. */
async function createEntryStorage (readBlocks: ReadBlocks): Promise<Storage<Uint8Array>> {
  return { ...await MemoryStorage<Uint8Array>(), get: async (hash, signal) => (await readBlocks([hash], signal))[0] }
}

/**
 * Opens a database to archive it, of whatever type it is, or as one of a type to read its records. Nothing is written:
 * what OrbitDB itself would write when it opens a database stays in memory.
 */
export async function openDatabase<DB extends Database = Database> (node: OfflineNode, orbitdb: string, address: string, create?: DatabaseFactory<DB>): Promise<OpenedDatabase<DB>> {
  const { ipfs, readBlocks, isPinned } = node
  const identity = await (await createIdentities(ipfs)).createIdentity({ id: 'orbitdb-backup' })
  const unknownAccess: string[] = []
  const logs = new Map<string, OpenedDatabase['log']>()

  const openAccess = async (address: string): Promise<AccessController> => {
    const type = address.split('/')[1]
    const access = { type, address, canAppend: () => false }
    if (type === 'orbitdb') {
      const db = await open(address)
      return { ...access, export: db.export, close: db.close }
    }
    if (type !== 'ipfs') {
      unknownAccess.push(type)
    }
    return access
  }

  const open = async (address: string, create: DatabaseFactory<any> = Database): Promise<Database> => {
    const manifest = await readManifest(readBlocks, address)
    if (manifest == null) {
      throw new CLIError('damaged', `The node does not have the manifest of ${address}, its first block`)
    }
    const log = await readWholeLog(orbitdb, hashOf(address), isPinned)
    const { heads: stored, index, isUnfinished } = log
    const heads = stored.length === 0 && index.size > 0 ? await findHeads(index, readBlocks) : stored
    logs.set(address, { heads, index, isUnfinished })
    const headsStorage = await MemoryStorage()
    await headsStorage.put('heads', new TextEncoder().encode(JSON.stringify(heads)))
    return create({
      ipfs,
      identity,
      address,
      name: manifest.name,
      access: await openAccess(manifest.accessController),
      ...log.headBlocks.size > 0 && { entryStorage: await createEntryStorage(withHeadBlocks(log, readBlocks)) },
      headsStorage,
      indexStorage: await createIndexStorage(index),
      syncAutomatically: false
    })
  }

  const db = await open(address, create) as DB
  return { db, unknownAccess, log: logs.get(address)! }
}
