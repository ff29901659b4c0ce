// Databases to back up and restore. They are made up, as OrbitDB would have written them, and kept between
// runs in the user's cache directory.
import { createHash, hash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import secp256k1 from 'secp256k1'
import { createNode } from '../scripts/node.ts'
import { cidOf } from '../src/blocks/cids.ts'
import { toHash } from '../src/blocks/hashes.ts'
import { createOrbitDB, Identities, IPFSAccessController, KeyStore, KeyValue, KeyValueIndexed, MemoryStorage } from '../src/index.ts'
import type { Block, DatabaseFactory } from '../src/index.ts'

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

/** An identity, and its private key. */
interface Writer {
  key: string
  identity: string
  privateKey: Uint8Array
}

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

/** How many entries an entry names besides those before it, as in OrbitDB. */
const references = 16

/** How many entries are imported together. */
const entriesPerImport = 10_000

const nameOf = ({ entries, writers, isIndexed = false }: Shape): string =>
  `${entries}-entries-${writers === 1 ? '1-writer' : `${writers}-writers`}${isIndexed ? '-indexed' : ''}`

export const cacheDirectory = (): string =>
  process.env.ORBITDB_BACKUP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'orbitdb-backup', 'benchmarks')

/** Gives a database of some shape: the one that is there, or a new one. */
export async function getDataset (shape: Shape): Promise<Dataset> {
  const directory = join(cacheDirectory(), `v${version}`, nameOf(shape))
  const read = async (): Promise<Dataset> => ({ ...JSON.parse(await readFile(join(directory, 'dataset.json'), 'utf8')), directory })
  return read().catch(async () => {
    const temporary = `${directory}.${process.pid}.tmp`
    try {
      await mkdir(temporary, { recursive: true })
      await writeFile(join(temporary, 'dataset.json'), JSON.stringify(await write(shape, temporary)))
      await rm(directory, { recursive: true, force: true })
      await rename(temporary, directory)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    return read()
  })
}

/** Text that hardly compresses, the same for the same seed. */
export const createText = (seed: number, length: number): string =>
  createHash('shake256', { outputLength: length }).update(String(seed)).digest('base64url').slice(0, length)

async function write (shape: Shape, directory: string): Promise<Omit<Dataset, 'directory'>> {
  const name = nameOf(shape)
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, id: firstWriter, directory: join(directory, 'orbitdb') })
  try {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ ipfs, keystore })
    const owners = [orbitdb.identity]
    while (owners.length < shape.writers) {
      owners.push(await identities.createIdentity({ id: `writer ${owners.length}` }))
    }
    const writers = await Promise.all(owners.map(async ({ id, publicKey, hash }): Promise<Writer> => {
      const key = await orbitdb.keystore.getKey(id) ?? await keystore.getKey(id)
      return { key: publicKey, identity: hash, privateKey: key!.raw }
    }))
    const AccessController = IPFSAccessController({ write: owners.map(({ id }) => id) })
    const Database = (shape.isIndexed ? KeyValueIndexed() : KeyValue()) as DatabaseFactory<KeyValue<string>>
    const db = await orbitdb.open(name, { type: 'keyvalue', AccessController, Database, sync: false })

    let bytes = 0
    let done = 0
    let blocks: Block[] = []
    for (const { written, heads } of createEntries(shape, db.address, writers)) {
      blocks.push(...written)
      if (blocks.length >= entriesPerImport || done + blocks.length === shape.entries) {
        await db.import({ heads, index: blocks.map(([hash]) => hash), blocks }, { verify: false })
        bytes += blocks.reduce((sum, [, block]) => sum + block.length, 0)
        done += blocks.length
        blocks = []
        console.error(`${name}: ${done} entries written`)
      }
    }
    const heads = await db.log.heads()
    return { ...shape, name, address: db.address, heads: heads.length, entryBytes: Math.round(bytes / shape.entries) }
  } finally {
    await orbitdb.stop()
    await ipfs.stop()
  }
}

/** Creates the entries, round by round: of each all that was written, and what the heads are then. */
function * createEntries ({ entries }: Shape, id: string, writers: Writer[]): Generator<{ written: Block[], heads: string[] }> {
  const keys = Math.ceil(entries / entriesPerKey)
  // Newest first
  let known: string[] = []
  let heads: string[] = []
  let time = 0
  for (let done = 0; done < entries;) {
    const written: Block[] = []
    const newest: string[] = []
    for (const writer of writers) {
      if (done === entries) break
      let [own, next] = [known, heads]
      for (let i = 0; i < entriesPerRound && done < entries; i++, done++) {
        const payload = { op: 'PUT', key: `key ${done % keys}`, value: createText(done, valueBytes) }
        const refs = own.filter(hash => !next.includes(hash)).slice(0, references)
        const block = toEntry({ id, payload, next, refs, clock: { id: writer.key, time: time + i + 1 }, v: 2 }, writer)
        written.push(block)
        next = [block[0]]
        own = [block[0], ...own].slice(0, references + writers.length)
      }
      newest.push(...next)
    }
    time += entriesPerRound
    heads = newest
    known = [...written.map(([hash]) => hash).reverse(), ...known].slice(0, references + writers.length)
    yield { written, heads }
  }
}

/** Encodes and signs an entry, several times faster than OrbitDB does. */
function toEntry (unsigned: object, { key, identity, privateKey }: Writer): Block {
  const { signature } = secp256k1.ecdsaSign(hash('sha256', dagCbor.encode(unsigned), 'buffer'), privateKey)
  const sig = Buffer.from(secp256k1.signatureExport(signature)).toString('hex')
  const bytes = dagCbor.encode({ ...unsigned, key, identity, sig })
  return [toHash(cidOf(hash('sha256', bytes, 'buffer'))), bytes]
}
