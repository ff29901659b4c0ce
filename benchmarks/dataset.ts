// Databases to back up and restore, written with the unpatched `@orbitdb/core` and kept between runs in
// the user's cache directory, as writing them takes longer than everything that is measured.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as stock from '@orbitdb/core-stock'
import { createNode } from '../scripts/node.ts'
import type { DatabaseFactory, KeyValue, OrbitDB } from '../src/index.ts'

/** What a database is like. */
export interface Shape {
  /** How many entries it has. */
  entries: number
  /** How many identities write it. With more than one they write side by side, so that the log forks. */
  writers: number
  /** Whether it is a `KeyValueIndexed`, which has another directory, and an index of its own. */
  isIndexed?: boolean
}

/** A database on a node that was stopped. */
export interface Dataset extends Shape {
  name: string
  address: string
  /** The node's directory, which nothing may change. */
  directory: string
  /** How many heads the log has. */
  heads: number
  /** How many bytes an entry has, on average. */
  entryBytes: number
}

// To be raised when what is written changes
const version = 1

/** How many bytes an entry has, about: with the default of 16 references the rest of it has 1,300. */
const entryBytes = 1500

/** How many different keys there are: each is written about ten times. */
const entriesPerKey = 10

/** How many entries each of several writers appends before it gets those of the others. */
const entriesPerRound = 10

export const nameOf = ({ entries, writers, isIndexed = false }: Shape): string => {
  return `${entries}-entries-${writers === 1 ? '1-writer' : `${writers}-writers`}${isIndexed ? '-indexed' : ''}`
}

const cacheDirectory = (): string => {
  return process.env.ORBITDB_BACKUP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'orbitdb-backup', 'benchmarks')
}

/** Gives a database of some shape: the one that is there, or a new one. */
export async function getDataset (shape: Shape, onProgress?: (done: number, total: number) => void): Promise<Dataset> {
  const parent = join(cacheDirectory(), `v${version}`)
  const directory = join(parent, nameOf(shape))
  const read = async (): Promise<Dataset> => ({ ...JSON.parse(await readFile(join(directory, 'dataset.json'), 'utf8')), directory })
  try {
    return await read()
  } catch {
    // It was not written yet
  }
  await mkdir(parent, { recursive: true })
  const temporary = `${directory}.${process.pid}.tmp`
  try {
    const dataset = await write(shape, temporary, onProgress)
    await writeFile(join(temporary, 'dataset.json'), JSON.stringify(dataset, null, 2))
    await rm(directory, { recursive: true, force: true })
    await rename(temporary, directory)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  return read()
}

/** Text that hardly compresses, the same for the same seed. */
export function createText (seed: number, length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let state = seed + 1
  let text = ''
  while (text.length < length) {
    // xorshift32, by George Marsaglia
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    text += alphabet[state & 63]
  }
  return text
}

async function write (shape: Shape, directory: string, onProgress: (done: number, total: number) => void = () => {}): Promise<Omit<Dataset, 'directory'>> {
  const node = await createNode(join(directory, 'ipfs'))
  // Each writer has a directory of its own. The first is that of the node which is backed up.
  const scratch = `${directory}-writers`
  const orbitdbs: OrbitDB[] = []
  try {
    for (let i = 0; i < shape.writers; i++) {
      orbitdbs.push(await stock.createOrbitDB({ ipfs: node, id: `writer ${i}`, directory: i === 0 ? join(directory, 'orbitdb') : join(scratch, String(i)) }))
    }
    return await writeEntries(shape, orbitdbs, onProgress)
  } finally {
    for (const orbitdb of orbitdbs) await orbitdb.stop()
    await node.stop()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function writeEntries (shape: Shape, orbitdbs: OrbitDB[], onProgress: (done: number, total: number) => void): Promise<Omit<Dataset, 'directory'>> {
  const { entries, writers, isIndexed = false } = shape
  const name = nameOf(shape)
  const AccessController = stock.IPFSAccessController({ write: orbitdbs.map(({ identity }) => identity.id) })
  const [first, ...others] = orbitdbs
  const Database = isIndexed ? stock.KeyValueIndexed() : stock.KeyValue()
  const options = { type: 'keyvalue', Database, sync: false } as { Database: DatabaseFactory<KeyValue<string>> }
  const db = await first.open(name, { AccessController, ...options })
  const replicas = [db]
  for (const orbitdb of others) {
    replicas.push(await orbitdb.open(db.address, options))
  }

  let bytes = 0
  for (let done = 0; done < entries;) {
    for (let round = writers === 1 ? entries : entriesPerRound; round > 0 && done < entries; round--) {
      for (const replica of replicas.slice(0, entries - done)) {
        const key = `key ${done % Math.ceil(entries / entriesPerKey)}`
        const hash = await replica.put(key, createText(done, valueLength(done)))
        bytes += (await replica.log.storage.get(hash))!.length
        onProgress(++done, entries)
      }
    }
    const heads = await Promise.all(replicas.map(({ log }) => log.heads()))
    for (const [i, { log }] of replicas.entries()) {
      for (const head of heads.filter((_, other) => other !== i).flat()) {
        await log.joinEntry(head)
      }
    }
  }
  const heads = await db.log.heads()
  return { ...shape, name, address: db.address, heads: heads.length, entryBytes: Math.round(bytes / entries) }
}

/** How long a value is. The first entries have fewer references, which is made up for. */
function valueLength (time: number): number {
  const overhead = 510
  const reference = 51
  return Math.max(1, entryBytes - overhead - reference * Math.min(16, time))
}
