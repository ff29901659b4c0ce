// Databases to back up and restore. They are made up, as OrbitDB would have written them, and kept between
// runs in the user's cache directory.
import { createHash, hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import secp256k1 from 'secp256k1'
import { createNode } from '../scripts/node.ts'
import { createOrbitDB, Entry, Identities, IPFSAccessController, KeyStore, KeyValue, KeyValueIndexed, MemoryStorage } from '../src/index.ts'
import type { Block, DatabaseFactory, SigningIdentity } from '../src/index.ts'

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
const version = 2

/** The id of the first writer, whose private key the node has. */
export const firstWriter = 'writer 0'

// The value of an entry. Its references, its signature and the rest of it have 1,300
const valueBytes = 210

// Each key is written about ten times, and each writer appends ten entries before it gets those of the others
const some = 10

// An entry names as many besides those before it, as in OrbitDB
const references = 16

const entriesPerImport = 10_000

const nameOf = ({ entries, writers, isIndexed = false }: Shape): string =>
  `${entries}-entries-${writers === 1 ? '1-writer' : `${writers}-writers`}${isIndexed ? '-indexed' : ''}`

export const cacheDirectory = (): string =>
  process.env.ORBITDB_BACKUP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'orbitdb-backup', 'benchmarks')

/** Makes something that is kept, unless it is there: never a part of it. */
export async function keep (path: string, make: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await mkdir(temporary, { recursive: true })
    await make(temporary)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return path
}

/** Gives a database of some shape: the one that is there, or a new one. */
export async function getDataset (shape: Shape): Promise<Dataset> {
  const directory = await keep(join(cacheDirectory(), `v${version}`, nameOf(shape)), async path => {
    await writeFile(join(path, 'dataset.json'), JSON.stringify(await write(shape, path)))
  })
  return { ...JSON.parse(await readFile(join(directory, 'dataset.json'), 'utf8')), directory }
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
    const writers = [orbitdb.identity]
    while (writers.length < shape.writers) writers.push(await identities.createIdentity({ id: `writer ${writers.length}` }))
    for (const writer of writers) signFast(writer, (await orbitdb.keystore.getKey(writer.id) ?? await keystore.getKey(writer.id))!)

    const AccessController = IPFSAccessController({ write: writers.map(({ id }) => id) })
    const Database = (shape.isIndexed ? KeyValueIndexed() : KeyValue()) as DatabaseFactory<KeyValue<string>>
    const db = await orbitdb.open(name, { type: 'keyvalue', AccessController, Database, sync: false })

    let [bytes, done, blocks] = [0, 0, [] as Block[]]
    for await (const { written, heads } of createEntries(shape, db.address, writers)) {
      blocks.push(...written)
      if (blocks.length >= entriesPerImport || done + blocks.length === shape.entries) {
        await db.import({ heads, index: blocks.map(([hash]) => hash), blocks }, { verify: false })
        bytes += blocks.reduce((sum, [, block]) => sum + block.length, 0)
        done += blocks.length
        blocks = []
        console.error(`${name}: ${done} entries written`)
      }
    }
    return { ...shape, name, address: db.address, heads: (await db.log.heads()).length, entryBytes: Math.round(bytes / shape.entries) }
  } finally {
    await orbitdb.stop()
    await ipfs.stop()
  }
}

/** Has an identity sign by the addon, several times faster than OrbitDB does. */
function signFast (identity: SigningIdentity, { raw }: { raw: Uint8Array }): void {
  identity.sign = async (_, data) => {
    const { signature } = secp256k1.ecdsaSign(hash('sha256', data, 'buffer'), raw)
    return Buffer.from(secp256k1.signatureExport(signature)).toString('hex')
  }
}

/** Creates the entries, round by round: of each all that was written, and what the heads are then. */
async function * createEntries ({ entries }: Shape, id: string, writers: SigningIdentity[]): AsyncGenerator<{ written: Block[], heads: string[] }> {
  // Newest first
  let known: string[] = []
  let heads: string[] = []
  let time = 0
  for (let done = 0; done < entries; time += some) {
    const written: Block[] = []
    const newest: string[] = []
    for (const writer of writers) {
      if (done === entries) break
      let [own, next] = [known, heads]
      for (let i = 1; i <= some && done < entries; i++, done++) {
        const payload = { op: 'PUT', key: `key ${done % Math.ceil(entries / some)}`, value: createText(done, valueBytes) }
        const refs = own.filter(hash => !next.includes(hash)).slice(0, references)
        const entry = await Entry.create(writer, id, payload, undefined, { id: writer.publicKey, time: time + i }, next, refs)
        const { hash, bytes } = await Entry.encode(entry)
        written.push([hash, bytes])
        next = [hash]
        own = [hash, ...own].slice(0, references + writers.length)
      }
      newest.push(...next)
    }
    heads = newest
    known = [...written.map(([hash]) => hash).reverse(), ...known].slice(0, references + writers.length)
    yield { written, heads }
  }
}
