import { deepStrictEqual, fail } from 'node:assert/strict'
import all from 'it-all'
import { Entry, Identities, IPFSAccessController, KeyStore, Log, MemoryStorage } from '../../src/index.ts'
import type { Replica } from './replicas.ts'
import type { Block, Database, DatabaseState, Head, LogOptions, RestoreState, SigningIdentity, Storage } from '../../src/index.ts'

/**
 * Options of a database that everyone may write to, and that does not sync. They are for one node
 * only: the access controller keeps the first one that it sees.
 */
export const openToAll = () => ({ AccessController: IPFSAccessController({ write: ['*'] }), sync: false })

/** Identities with these ids, whose keys are in memory. */
export async function createIdentities (ids: string[]): Promise<SigningIdentity[]> {
  const keystore = await KeyStore({ storage: await MemoryStorage() })
  const identities = await Identities({ keystore })
  return Promise.all(ids.map(id => identities.createIdentity({ id })))
}

/** Replicas of one log, in memory and all empty: one for each writer. */
export async function createLogs (writers: SigningIdentity[], options?: LogOptions): Promise<Array<Log<any>>> {
  return Promise.all(writers.map(writer => Log(writer, { logId: 'log', ...options })))
}

/** The log of a database as another writer on the same node replicates it. */
export async function createReplicaOf ({ address, log }: Database<any>, { orbitdb }: Replica, id: string): Promise<Log<any>> {
  const identity = await orbitdb.identities.createIdentity({ id })
  return Log(identity, { logId: address, entryStorage: log.storage })
}

/** What is the same for two logs that hold the same. */
export interface Contents {
  /** Hashes of the heads, sorted */
  heads: string[]
  /** Hashes of the entries in the index, sorted */
  index: string[]
  /** Hashes of the entries in their order */
  values: string[]
}

/** The heads as the log stores them. */
export async function storedHeads (log: Log<any>): Promise<Head[]> {
  const bytes = await log.headsStorage.get('heads')
  return bytes == null ? [] : JSON.parse(new TextDecoder().decode(bytes))
}

/** The keys of a storage, sorted. */
export async function keysOf (storage: Storage<unknown>): Promise<string[]> {
  return (await all(storage.iterator())).map(([key]) => key).sort()
}

export async function contentsOf (log: Log<any>): Promise<Contents> {
  return {
    heads: (await storedHeads(log)).map(({ hash }) => hash).sort(),
    index: await keysOf(log.indexStorage),
    values: (await log.values()).map(({ hash }) => hash)
  }
}

/** All hashes that some hashes lead to, those included. */
async function follow (hashes: string[], getNext: (hash: string) => Promise<string[]>): Promise<Set<string>> {
  const reached = new Set(hashes)
  for (const hash of reached) {
    for (const next of await getNext(hash)) {
      reached.add(next)
    }
  }
  return reached
}

/** Fails unless the heads reach exactly what is in the index, and no head reaches another. */
async function assertHeadsReach (heads: Head[], index: string[], getEntry: (hash: string) => Promise<{ next: string[] }>): Promise<void> {
  const getNext = async (hash: string) => (await getEntry(hash)).next
  const hashes = heads.map(({ hash }) => hash)
  deepStrictEqual(heads, await Promise.all(hashes.map(async hash => ({ hash, next: await getNext(hash) }))))
  deepStrictEqual([...await follow(hashes, getNext)].sort(), index, 'the heads reach what is in the index')
  const below = await follow(heads.flatMap(({ next }) => next), getNext)
  deepStrictEqual(hashes.filter(hash => below.has(hash)), [], 'no head reaches another')
}

const found = <Value> (value: Value | undefined, hash: string): Value => {
  return value ?? fail(`the entry "${hash}" is missing`)
}

/** Fails unless what a log stores fits together. */
export async function assertIsWhole (log: Log<any>): Promise<void> {
  await assertHeadsReach(await storedHeads(log), await keysOf(log.indexStorage), async hash => found(await log.get(hash), hash))
}

/** Fails unless a state is that of one instant, and has the blocks of all its entries, each once. */
export async function assertIsSnapshot ({ heads, index, blocks }: DatabaseState): Promise<void> {
  const collected: Block[] = await all(blocks)
  const bytes = new Map(collected)
  deepStrictEqual(bytes.size, collected.length, 'each block is there once')
  await assertHeadsReach(heads, [...index.keys()].sort(), hash => Entry.decode(found(bytes.get(hash), hash)))
}

/** Has a log join every entry of others, one by one. */
export async function joinEntries (log: Log<any>, ...others: Array<Log<any>>): Promise<void> {
  for (const other of others) {
    for (const entry of await other.values()) {
      await log.storage.put(entry.hash, found(await other.storage.get(entry.hash), entry.hash))
      await log.joinEntry(entry)
    }
  }
}

/** What a log holds that has joined every entry of others. */
export async function unionOf (...logs: Array<Log<any>>): Promise<Contents> {
  const [writer] = await createIdentities(['reader'])
  const [log] = await createLogs([writer], { logId: logs[0].id, encryption: logs[0].encryption })
  await joinEntries(log, ...logs)
  return contentsOf(log)
}

/** The forms that heads can be given in. */
export const headForms: Record<string, (entries: Entry[]) => RestoreState['heads']> = {
  entries: entries => entries,
  '{ hash, next }': entries => entries.map(({ hash, next }) => ({ hash, next })),
  hashes: entries => entries.map(({ hash }) => hash)
}

/** The forms that an index can be given in. */
export const indexForms: Record<string, (hashes: string[]) => RestoreState['index']> = {
  'a Map': hashes => new Map(hashes.map(hash => [hash, true])),
  'an array of pairs': hashes => hashes.map(hash => [hash, true]),
  'an array of hashes': hashes => hashes,
  'a Set of hashes': hashes => new Set(hashes),
  'an async iterable of pairs': async function * (hashes) { yield * hashes.map(hash => [hash, true] as const) },
  'an async iterable of hashes': async function * (hashes) { yield * hashes },
  'nothing at all': () => undefined
}

/** The hashes of entries, sorted. */
export const hashesOf = (heads: Array<Entry | Head>): string[] => heads.map(({ hash }) => hash).sort()

/** Gives a log the blocks of another. */
export const copyBlocks = async (from: Log<any>, to: Log<any>): Promise<void> => to.storage.merge(from.storage)
