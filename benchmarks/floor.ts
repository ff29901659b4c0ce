// How fast could a backup and a restore be at best, and how fast are they?
//
//   npm run bench:floor -- [--entries <n>] [--rounds <n>] [--results <dir>]      100000 and 3 by default
//
// In the same rounds: what a backup and a restore can not do without, by the fastest means that there are
// (LevelDBs in large batches, hashing, checking signatures, files); git, which does as much with as many
// commits; and createBackup and restoreBackup.
import { hash } from 'node:crypto'
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { Level } from 'level'
import { createClock } from './clock.ts'
import { firstWriter, getDataset } from './dataset.ts'
import { start, stop } from './node.ts'
import { bundle, clone, copy, getRepository } from './programs.ts'
import { toFloorTables } from './report/floor.ts'
import { createBackup, restoreBackup } from '../src/index.ts'
import { findAddon } from '../src/signatures/addon.ts'
import { createVerifier } from '../src/signatures/verifier.ts'
import { findWebAssembly } from '../src/signatures/webassembly.ts'
import type { FloorResults } from './report/floor.ts'
import type { Running } from './way.ts'
import type { CreateOptions, OrbitDBOptions, RestoreBackupOptions } from '../src/index.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' }, results: { type: 'string' } } })
const entries = Number(values.entries)
const rounds = Number(values.rounds)
const batchLength = 1000
const appended = 100

type Store = Level<string, Uint8Array>

const verifiers = { addon: createVerifier(findAddon()), WebAssembly: createVerifier(await findWebAssembly()) }

const clock = createClock()
const { time } = clock

async function withStore (path: string, use: (store: Store) => Promise<void>): Promise<void> {
  const store: Store = new Level(path, { valueEncoding: 'view' })
  await store.open()
  await use(store)
  await store.close()
}

async function withNode (directory: string, options: Pick<OrbitDBOptions, 'id' | 'verifySignatures'>, use: (running: Running) => Promise<void>): Promise<void> {
  const running = await start(directory, 'patched', options)
  await use(running)
  await stop(running)
}

async function put (store: Store, records: Array<[key: string, value: Uint8Array]>): Promise<void> {
  for (let i = 0; i < records.length; i += batchLength) {
    await store.batch(records.slice(i, i + batchLength).map(([key, value]) => ({ type: 'put', key, value })))
  }
}

/** What a backup and a restore of the blocks on a node can not do without. */
async function measureFloor (node: string, at: (name: string) => string): Promise<void> {
  const blocks: Array<[string, Uint8Array]> = []
  await withStore(join(node, 'ipfs', 'blocks'), store => time('create: read the blocks', async () => {
    const iterator = store.iterator({ highWaterMarkBytes: 4 * 2 ** 20 })
    for (let some; (some = await iterator.nextv(batchLength)).length > 0;) blocks.push(...some)
    await iterator.close()
  }))
  await time('both: hash the blocks', () => blocks.forEach(([, block]) => hash('sha256', block, 'buffer')))
  const bytes = Buffer.concat(blocks.map(([, block]) => block))
  await time('create: write a file', () => writeFile(at('file'), bytes))
  await time('restore: read a file', () => readFile(at('file')))

  // As long as those that Helia and OrbitDB write
  const hashes = blocks.map(([key]) => key.slice(-49).padStart(49, 'z'))
  const pins = hashes.flatMap(hash => [[`/pin/${hash}-------`, new Uint8Array(19)], [`/pinned-block/${hash}---`, new Uint8Array(60)]] as Array<[string, Uint8Array]>)
  const index = hashes.map((hash): [string, Uint8Array] => [hash, new Uint8Array(4)])
  for (const [what, records] of Object.entries({ blocks, pins, index })) {
    await withStore(at(what), store => time(`restore: write the ${what}`, () => put(store, records)))
  }
}

/** Signatures, as many as there are entries, and as large. */
async function measureSignatures (bytes: number): Promise<void> {
  const key = await generateKeyPair('secp256k1')
  const some = await Promise.all(Array.from({ length: batchLength }, async (_, i) => {
    const data = new Uint8Array(bytes).fill(i)
    return { data, publicKey: key.publicKey.raw, signature: await key.sign(data) }
  }))
  for (const [name, verify] of Object.entries(verifiers)) {
    await time(`signatures, ${name}`, async () => {
      for (let i = 0; i < entries; i += 4 * batchLength) await Promise.all(Array.from({ length: Math.min(4, (entries - i) / batchLength) }, () => verify(some)))
    })
  }
}

const dataset = await getDataset({ entries, writers: 1 })
const repository = await getRepository(dataset)
const temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
try {
  for (let round = 0; round < rounds; round++) {
    const at = (name: string): string => join(temporary, String(round), name)
    const node = at('node')
    const archive = at('archive.car')
    await mkdir(at(''))
    await copy([dataset.directory], node)

    await measureFloor(node, at)
    await measureSignatures(dataset.entryBytes)
    await time('git bundle create', () => bundle(repository, at('repository.bundle')))
    await time('git clone', () => clone(at('repository.bundle'), at('repository')))

    await withNode(node, { id: firstWriter }, async ({ orbitdb }) => {
      const db = await orbitdb.open<any>(dataset.address, { type: 'keyvalue', sync: false })
      await time('createBackup', () => pipeline(createBackup(db), createWriteStream(archive)))
      for (let i = 0; i < appended; i++) await db.put(`new key ${i}`, 'a value')
      const options = { base: await openAsBlob(archive) } as CreateOptions
      await time(`createBackup of ${appended} more`, () => pipeline(createBackup(db, options), createWriteStream(at('more.car'))))
    })
    const restore = (what: string, verify: RestoreBackupOptions['verify'], options = {}) => withNode(at(what), options, async ({ orbitdb }) => {
      await time(what, () => restoreBackup(orbitdb, createReadStream(archive, { highWaterMark: 2 ** 20 }), { verify, sync: false }))
    })
    await restore('restoreBackup, verify: false', false)
    for (const [name, verifySignatures] of Object.entries(verifiers)) {
      await restore(`restoreBackup, ${name}`, true, { verifySignatures })
    }
    await rm(at(''), { recursive: true })
  }
} finally {
  await rm(temporary, { recursive: true, force: true })
}

const { medianOf, names } = clock
const results: FloorResults = {
  date: new Date().toISOString(),
  entries,
  entryBytes: dataset.entryBytes,
  rounds,
  appended,
  taken: Object.fromEntries(names().map(name => [name, medianOf(name)]))
}
console.log(toFloorTables(results))
if (values.results != null) await writeFile(join(values.results, 'floor.json'), `${JSON.stringify(results, null, 2)}\n`)
process.exit()
