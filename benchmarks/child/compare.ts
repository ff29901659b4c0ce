import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KeyStore } from '@orbitdb/core-stock'
import { firstWriter, open, start, stop, toCID } from '../node.ts'
import { readEntries, readHeads, readIndex, readRecords, readWriters } from './contents.ts'
import type { Dataset } from '../dataset.ts'
import type { Aspect } from '../results.ts'
import type { Node } from '../../scripts/node.ts'
import type { Contents } from './contents.ts'
import type { Comparison, TaskOf } from './tasks.ts'

/** Compares what was restored with what the source has, by the unpatched OrbitDB. */
export async function compare ({ dataset, directory, file }: TaskOf<'compare'>): Promise<Comparison> {
  const source: Contents = JSON.parse(await readFile(file, 'utf8'))
  // In the order that they are listed in
  const same: Record<Aspect, boolean> = {
    entries: false,
    heads: false,
    index: false,
    records: false,
    'access controller': false,
    identities: false,
    pins: false,
    'private keys': false
  }
  /** What went wrong, and where that was noticed first */
  const errors = new Map<unknown, Aspect>()
  const check = async (aspect: Aspect, isSame: () => boolean | Promise<boolean>): Promise<void> => {
    try {
      same[aspect] = await isSame()
    } catch (error) {
      if (!errors.has(error)) errors.set(error, aspect)
    }
  }

  const running = await start(directory, 'stock')
  isolate(running.ipfs)
  // First, as an identity that is opened is written
  await check('identities', () => hasAll(running.ipfs, source.identities))
  const opening = open(running, dataset)
  await check('access controller', async () => isDeepStrictEqual(readWriters((await opening).db), source.writers))
  await check('entries', async () => isDeepStrictEqual(await readEntries((await opening).db), source.entries))
  await check('heads', async () => isDeepStrictEqual(await readHeads((await opening).db), source.heads))
  await check('records', async () => await readRecords((await opening).db) === source.records)
  await running.ipfs.gc()
  await check('pins', () => hasAll(running.ipfs, [...source.setup, ...source.identities, ...source.entries]))
  await stop(running)
  await check('index', async () => isDeepStrictEqual(await readIndex(directory, dataset), source.index))
  // Last, as something is written
  await check('private keys', () => isFirstWriter(directory, dataset, source))
  return { same, notes: [...errors].map(([error, aspect]) => `${aspect}: ${(error as Error).message}`) }
}

/** Makes a node look for blocks nowhere else, as it would for half a minute each. */
function isolate ({ blockstore }: Node): void {
  const get = blockstore.get.bind(blockstore)
  blockstore.get = (cid, options) => get(cid, { ...options, offline: true })
}

/** @throws Error that says how many blocks are missing, if any are. */
async function hasAll ({ blockstore }: Node, hashes: string[]): Promise<true> {
  let missing = 0
  for (const hash of hashes) {
    if (!await blockstore.has(toCID(hash))) missing++
  }
  if (missing > 0) {
    throw new Error(`${missing} of ${hashes.length} blocks are not there`)
  }
  return true
}

/** Whether the first writer can write as who it is. */
async function isFirstWriter (directory: string, dataset: Dataset, { writers, identities }: Contents): Promise<boolean> {
  const keystore = await KeyStore({ path: join(directory, 'orbitdb/keystore') })
  const hasKeys = await keystore.hasKey(firstWriter) && await keystore.hasKey(writers[0])
  await keystore.close()
  if (!hasKeys) {
    return false
  }
  const running = await start(directory, 'stock', { id: firstWriter })
  try {
    isolate(running.ipfs)
    const { db } = await open(running, dataset)
    const hash = await db.put('key', 'value')
    const entry = await db.log.get(hash)
    return identities.includes(entry!.identity) && running.orbitdb.identity.id === writers[0]
  } finally {
    await stop(running)
  }
}
