// What a node has of a database, as the unpatched OrbitDB finds it, and whether another has the same.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import all from 'it-all'
import { Level } from 'level'
import { firstWriter } from './dataset.ts'
import { isolate, logDirectoryOf, open, setupOf, start, stop, toCID } from './node.ts'
import { aspects } from './way.ts'
import type { Dataset } from './dataset.ts'
import type { Aspect } from './way.ts'
import type { Node } from '../scripts/node.ts'

/** What to look for: the hashes of what the source has. */
interface Known {
  entries: string[]
  identities: string[]
  /** The manifest and the access controller. */
  setup: string[]
}

/** What is found of each aspect; undefined where reading it fails. */
type Found = Partial<Record<Aspect, unknown>>

/** What was restored is compared with that. */
export interface Source {
  known: Known
  found: Found
}

/** Reads what a source has: a copy of a node, which is written to. */
export async function readSource (dataset: Dataset, directory: string): Promise<Source> {
  const opened = await open(await start(directory, 'stock'), dataset)
  const entries = await all(opened.db.log.traverse())
  const known: Known = {
    entries: entries.map(({ hash }) => hash),
    identities: [...new Set(entries.map(({ identity }) => identity))],
    setup: await setupOf(opened.ipfs, dataset.address)
  }
  await stop(opened)
  const found = await find(dataset, directory, known)
  const missing = aspects.filter(aspect => found[aspect] == null)
  if (missing.length > 0) throw new Error(`The source has no ${missing.join(', ')}`)
  return { known, found }
}

/** Compares what was restored with what the source has. */
export async function compareWithSource ({ known, found }: Source, dataset: Dataset, directory: string): Promise<Record<Aspect, boolean>> {
  const restored = await find(dataset, directory, known)
  return Object.fromEntries(aspects.map(aspect => [aspect, isDeepStrictEqual(restored[aspect], found[aspect])])) as Record<Aspect, boolean>
}

/** Finds what a node has, of what is known and else. */
async function find (dataset: Dataset, directory: string, { entries, identities, setup }: Known): Promise<Found> {
  const found: Found = {}
  const read = async (aspect: Aspect, fn: () => Promise<unknown>): Promise<void> => {
    found[aspect] = await fn().catch(() => undefined)
  }
  const running = await start(directory, 'stock')
  isolate(running.ipfs)
  // First, as an identity that is opened is written
  await read('identities', () => countBlocks(running.ipfs, identities))
  const opening = open(running, dataset).then(({ db }) => db)
  await read('access controller', async () => ((await opening).access as unknown as { write: string[] }).write)
  await read('entries', async () => (await all((await opening).log.traverse())).map(({ hash }) => hash))
  await read('heads', async () => (await (await opening).log.heads()).map(({ hash }) => hash).sort())
  await read('records', async () => hash('sha256', (await all((await opening).iterator())).map(record => JSON.stringify(record)).sort().join()))
  await running.ipfs.gc()
  await read('pins', () => countBlocks(running.ipfs, [...setup, ...identities, ...entries]))
  await stop(running)
  await read('index', () => readIndex(directory, dataset))
  // Last, as something is written
  await read('private keys', () => writeAsFirstWriter(dataset, directory))
  return found
}

/** How many of some blocks are there. */
async function countBlocks ({ blockstore }: Node, hashes: string[]): Promise<number> {
  let count = 0
  for (const hash of hashes) count += await blockstore.has(toCID(hash)) ? 1 : 0
  return count
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

/** The identity that an entry of the first writer has, where it may write: without its key it is somebody else. */
async function writeAsFirstWriter (dataset: Dataset, directory: string): Promise<string> {
  const running = await start(directory, 'stock', { id: firstWriter })
  try {
    isolate(running.ipfs)
    const { db } = await open(running, dataset)
    return (await db.log.get(await db.put('key', 'value')))!.identity
  } finally {
    await stop(running)
  }
}
