// What a database has, as the unpatched OrbitDB finds it, and whether another has the same.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KeyStore } from '@orbitdb/core-stock'
import all from 'it-all'
import { Level } from 'level'
import { firstWriter } from './dataset.ts'
import { isolate, logDirectoryOf, open, setupOf, start, stop, toCID } from './node.ts'
import type { Dataset } from './dataset.ts'
import type { Aspect } from './results.ts'
import type { Node } from '../scripts/node.ts'
import type { KeyValue } from '../src/index.ts'

/** What a source has. */
interface Contents {
  /** The hashes of the entries, as they are found by traversal. */
  entries: string[]
  heads: string[]
  index: string[]
  /** A digest of the keys and their values. */
  records: string
  /** The ids of those who may write; that of the first writer comes first. */
  writers: string[]
  /** The hashes of the identities of those who did. */
  identities: string[]
  /** The hashes of the manifest and the access controller. */
  setup: string[]
}

const readHeads = async ({ log }: KeyValue<string>): Promise<string[]> => (await log.heads()).map(({ hash }) => hash).sort()

const readWriters = ({ access }: KeyValue<string>): string[] => (access as unknown as { write: string[] }).write

/** A digest of what the database answers. */
async function readRecords (db: KeyValue<string>): Promise<string> {
  const records = (await all(db.iterator())).map(({ key, hash, value }) => JSON.stringify([key, hash, value]))
  return createHash('sha256').update(records.sort().join()).digest('hex')
}

/** Reads the index of a log that is closed. */
async function readIndex (directory: string, dataset: Dataset): Promise<string[]> {
  const index = new Level(join(logDirectoryOf(directory, dataset), '_index'), { createIfMissing: false })
  try {
    await index.open()
    return await index.keys().all()
  } finally {
    await index.close()
  }
}

/** Reads what a source has, and writes it to a file. */
export async function readSource ({ dataset, directory, file }: { dataset: Dataset, directory: string, file: string }): Promise<void> {
  const opened = await open(await start(directory, 'stock'), dataset)
  const { db, ipfs } = opened
  const entries = await all(db.log.traverse())
  const contents: Omit<Contents, 'index'> = {
    entries: entries.map(({ hash }) => hash),
    identities: [...new Set(entries.map(({ identity }) => identity))],
    heads: await readHeads(db),
    records: await readRecords(db),
    writers: readWriters(db),
    setup: await setupOf(ipfs, dataset.address)
  }
  await stop(opened)
  await writeFile(file, JSON.stringify({ ...contents, index: await readIndex(directory, dataset) } satisfies Contents))
}

/** Compares what was restored with what the source has. */
export async function compare ({ dataset, directory, file }: { dataset: Dataset, directory: string, file: string }): Promise<Record<Aspect, boolean>> {
  const source: Contents = JSON.parse(await readFile(file, 'utf8'))
  // In the order that they are listed in
  const same: Record<Aspect, boolean> = {
    entries: false, heads: false, index: false, records: false, 'access controller': false, identities: false, pins: false, 'private keys': false
  }
  const check = async (aspect: Aspect, isSame: () => Promise<boolean>): Promise<void> => {
    same[aspect] = await isSame().catch(() => false)
  }

  const running = await start(directory, 'stock')
  isolate(running.ipfs)
  // First, as an identity that is opened is written
  await check('identities', () => hasAll(running.ipfs, source.identities))
  const opening = open(running, dataset)
  await check('access controller', async () => isDeepStrictEqual(readWriters((await opening).db), source.writers))
  await check('entries', async () => isDeepStrictEqual((await all((await opening).db.log.traverse())).map(({ hash }) => hash), source.entries))
  await check('heads', async () => isDeepStrictEqual(await readHeads((await opening).db), source.heads))
  await check('records', async () => await readRecords((await opening).db) === source.records)
  await running.ipfs.gc()
  await check('pins', () => hasAll(running.ipfs, [...source.setup, ...source.identities, ...source.entries]))
  await stop(running)
  await check('index', async () => isDeepStrictEqual(await readIndex(directory, dataset), source.index))
  // Last, as something is written
  await check('private keys', () => isFirstWriter(directory, dataset, source))
  return same
}

async function hasAll ({ blockstore }: Node, hashes: string[]): Promise<boolean> {
  for (const hash of hashes) {
    if (!await blockstore.has(toCID(hash))) return false
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
