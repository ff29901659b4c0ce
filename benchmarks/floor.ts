// How fast could a backup and a restore be at best, and how fast are they?
//
//   npm run bench:floor -- [entries]
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
import { generateKeyPair } from '@libp2p/crypto/keys'
import { Level } from 'level'
import { createClock } from './clock.ts'
import { firstWriter, getDataset } from './dataset.ts'
import { start, stop } from './node.ts'
import { bundle, clone, copy, getRepository } from './programs.ts'
import { createBackup, restoreBackup } from '../src/index.ts'
import { findAddon } from '../src/signatures/addon.ts'
import { createVerifier } from '../src/signatures/index.ts'
import { findWebAssembly } from '../src/signatures/webassembly.ts'
import type { Running } from './way.ts'
import type { CreateOptions, OrbitDBOptions, RestoreBackupOptions } from '../src/index.ts'

const entries = Number(process.argv[2] ?? 100_000)
const rounds = 3
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
console.log(`${entries} entries of ${dataset.entryBytes} bytes, medians of ${rounds} rounds`)
console.table(Object.fromEntries(names().map(name => {
  const { wall, cpu } = medianOf(name)
  return [name, { s: +(wall / 1000).toFixed(2), 'CPU us an entry': +(cpu / entries * 1000).toFixed(1) }]
})))

const floorOf = (operation: string): string[] => names().filter(name => name.startsWith(`${operation}:`) || name.startsWith('both:'))
const targets: Array<[what: string, of: string, than: string, others: string[], atMost: number]> = [
  ['create', 'createBackup', 'the floor', floorOf('create'), 1.8],
  ['create', 'createBackup', 'git bundle create', ['git bundle create'], 0.75],
  ['restore, verify: false', 'restoreBackup, verify: false', 'the floor', floorOf('restore'), 1.8],
  ['restore, verify: false', 'restoreBackup, verify: false', 'git clone', ['git clone'], 0.65],
  ['restore, addon', 'restoreBackup, addon', 'git clone', ['git clone'], 1.2],
  ['restore, WebAssembly', 'restoreBackup, WebAssembly', 'git clone', ['git clone'], 2],
  [`${appended} more`, `createBackup of ${appended} more`, 'createBackup', ['createBackup'], 0.05]
]
console.table(targets.map(([what, of, than, others, target]) => {
  const [taken, other] = [medianOf(of), medianOf(...others)]
  return { what, than, 'times the CPU': +(taken.cpu / other.cpu).toFixed(2), 'times as long': +(taken.wall / other.wall).toFixed(2), target }
}))
process.exit()
