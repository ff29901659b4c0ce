// Databases to back up and restore. They are made up, as OrbitDB would have written them, and kept between
// runs in the user's cache directory.
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createNode } from '../scripts/node.ts'
import { createOrbitDB, Identities, IPFSAccessController, KeyStore, KeyValue, KeyValueIndexed, MemoryStorage } from '../src/index.ts'
import type { Block, DatabaseFactory, Identity } from '../src/index.ts'
import type { Round, Writer } from './writer.ts'

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

export type OnEntries = (done: number, total: number) => void

// To be raised when what is written changes
const version = 2

/** The id of the first writer, whose private key the node has. */
export const firstWriter = 'writer 0'

/** How many bytes the value of an entry has. Its references, its signature and the rest of it have 1,300. */
const valueBytes = 210

/** How many different keys there are: each is written about ten times. */
const entriesPerKey = 10

/** How many entries each of several writers appends before it gets those of the others. */
const entriesPerRound = 10

/** How many entries are imported together. */
const entriesPerImport = 10_000

export const nameOf = ({ entries, writers, isIndexed = false }: Shape): string => {
  return `${entries}-entries-${writers === 1 ? '1-writer' : `${writers}-writers`}${isIndexed ? '-indexed' : ''}`
}

const cacheDirectory = (): string => {
  return process.env.ORBITDB_BACKUP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'orbitdb-backup', 'benchmarks')
}

/** Gives a database of some shape: the one that is there, or a new one. */
export async function getDataset (shape: Shape, onEntries?: OnEntries): Promise<Dataset> {
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
    await writeFile(join(temporary, 'dataset.json'), JSON.stringify(await write(shape, temporary, onEntries), null, 2))
    await rm(directory, { recursive: true, force: true })
    await rename(temporary, directory)
  } finally {
    await rm(temporary, { recursive: true, force: true })
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

async function write (shape: Shape, directory: string, onEntries: OnEntries = () => {}): Promise<Omit<Dataset, 'directory'>> {
  const name = nameOf(shape)
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, id: firstWriter, directory: join(directory, 'orbitdb') })
  try {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ ipfs, keystore })
    const writers = [orbitdb.identity]
    while (writers.length < shape.writers) {
      writers.push(await identities.createIdentity({ id: `writer ${writers.length}` }))
    }
    const toWriter = async ({ id, publicKey, hash }: Identity): Promise<Writer> => {
      const key = await orbitdb.keystore.getKey(id) ?? await keystore.getKey(id)
      return { id: db.address, key: publicKey, identity: hash, privateKey: key!.raw }
    }
    const AccessController = IPFSAccessController({ write: writers.map(({ id }) => id) })
    const Database = (shape.isIndexed ? KeyValueIndexed() : KeyValue()) as DatabaseFactory<KeyValue<string>>
    const db = await orbitdb.open(name, { type: 'keyvalue', AccessController, Database, sync: false })

    let bytes = 0
    let done = 0
    let blocks: Block[] = []
    for await (const { blocks: more, heads } of createEntries(shape, await Promise.all(writers.map(toWriter)))) {
      for (const [, block] of more) bytes += block.length
      blocks.push(...more)
      done += more.length
      if (blocks.length >= entriesPerImport || done === shape.entries) {
        await db.import({ heads, index: blocks.map(([hash]) => hash), blocks }, { verify: false })
        blocks = []
        onEntries(done, shape.entries)
      }
    }
    const heads = await db.log.heads()
    return { ...shape, name, address: db.address, heads: heads.length, entryBytes: Math.round(bytes / shape.entries) }
  } finally {
    await orbitdb.stop()
    await ipfs.stop()
  }
}

/** Creates the entries, by a thread for each writer, and tells what the heads are after some of them. */
async function * createEntries ({ entries }: Shape, writers: Writer[]): AsyncGenerator<{ blocks: Block[], heads: string[] }> {
  const threads = writers.map(workerData => new Worker(new URL('writer.ts', import.meta.url), { workerData }))
  const keys = Math.ceil(entries / entriesPerKey)
  const toPayload = (i: number) => ({ op: 'PUT', key: `key ${i % keys}`, value: createText(i, valueBytes) })
  const perRound = writers.length === 1 ? 1000 : entriesPerRound
  let [known, heads, time] = [[] as string[], 0, 0]

  /** Has all threads write, once some entries are done. */
  const writeRound = async (done: number): Promise<{ blocks: Block[], heads: string[] }> => {
    const chains = await Promise.all(threads.map(async (thread, i) => {
      const [from, to] = [i, i + 1].map(i => Math.min(entries, done + i * perRound))
      const payloads = Array.from({ length: to - from }, (_, i) => toPayload(from + i))
      thread.postMessage({ known, heads, time, payloads } satisfies Round)
      const [blocks] = await once(thread, 'message') as [Block[]]
      return blocks
    }))
    const written = chains.filter(({ length }) => length > 0)
    const newest = written.map(chain => chain.map(([hash]) => hash).reverse())
    known = [...interleave(newest), ...known].slice(0, 16 + 2 * written.length)
    heads = written.length
    time += written[0].length
    const blocks = written.flat()
    return { blocks, heads: newest.map(([hash]) => hash) }
  }
  try {
    for (let done = 0; done < entries;) {
      const round = await writeRound(done)
      done += round.blocks.length
      yield round
    }
  } finally {
    await Promise.all(threads.map(thread => thread.terminate()))
  }
}

/** The first of each, then the second of each, and so on. */
const interleave = <Value> (lists: Value[][]): Value[] => lists[0].flatMap((_, i) => lists.flatMap(list => i < list.length ? [list[i]] : []))
