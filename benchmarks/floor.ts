// How fast could a backup and a restore be at best?
//
//   npm run bench:floor -- [entries]
//
// Times what a backup and a restore can not do without, by the fastest means that there are: reading and
// writing LevelDBs in large batches, hashing, checking signatures, and reading and writing a file. Beside
// that, in the same rounds, createBackup and restoreBackup, and `cp -r` of the node's directories, which
// is what all are compared with.
import { execFileSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { Level } from 'level'
import { median } from 'simple-statistics'
import { createNode } from '../scripts/node.ts'
import { createBackup, createOrbitDB, restoreBackup } from '../src/index.ts'
import { verifySignature } from '../src/signatures/index.ts'
import { getDataset } from './dataset.ts'
import type { RestoreBackupOptions } from '../src/index.ts'

const entries = Number(process.argv[2] ?? 100_000)
const rounds = 3
const batchLength = 1000

type Store = Level<string, Uint8Array>

const openStore = async (path: string): Promise<Store> => {
  const store: Store = new Level(path, { valueEncoding: 'view' })
  await store.open()
  return store
}

/** Calls a function with some of many values at a time. */
async function inBatches<Value> (values: Value[], fn: (batch: Value[]) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < values.length; i += batchLength) {
    await fn(values.slice(i, i + batchLength))
  }
}

const put = (store: Store, records: Array<[key: string, value: Uint8Array]>): Promise<void> => {
  return inBatches(records, batch => store.batch(batch.map(([key, value]) => ({ type: 'put', key, value }))))
}

const times = new Map<string, number[]>()

async function time<Result> (what: string, fn: () => Result | Promise<Result>): Promise<Result> {
  const start = performance.now()
  const result = await fn()
  times.set(what, [...times.get(what) ?? [], performance.now() - start])
  return result
}

/** Runs something with OrbitDB on a node, and stops both. */
async function withOrbitDB (directory: string, fn: (orbitdb: Awaited<ReturnType<typeof createOrbitDB>>) => Promise<unknown>): Promise<void> {
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
  await fn(orbitdb)
  await orbitdb.stop()
  await ipfs.stop()
}

/** Signatures, as many as there are entries, of as many bytes. */
async function createSignatures (bytes: number): Promise<Array<() => Promise<boolean>>> {
  const key = await generateKeyPair('secp256k1')
  const publicKey = Buffer.from(key.publicKey.raw).toString('hex')
  const signed = await Promise.all(Array.from({ length: batchLength }, async () => {
    const data = randomBytes(bytes)
    return { data, signature: Buffer.from(await key.sign(data)).toString('hex') }
  }))
  return Array.from({ length: entries }, (_, i) => async () => {
    const { data, signature } = signed[i % signed.length]
    return verifySignature(signature, publicKey, data)
  })
}

const { directory, address, entryBytes } = await getDataset({ entries, writers: 1 })
const signatures = await createSignatures(entryBytes)
const temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
try {
  for (let round = 0; round < rounds; round++) {
    const at = (name: string): string => join(temporary, String(round), name)
    const node = at('node')
    execFileSync('mkdir', ['-p', at('')])
    execFileSync('cp', ['-r', directory, node])
    await time('cp -r', () => execFileSync('cp', ['-r', node, at('copy')]))

    const source = await openStore(join(node, 'ipfs', 'blocks'))
    const keys: string[] = []
    for await (const key of source.keys()) keys.push(key)
    const blocks: Array<[string, Uint8Array]> = []
    await time('create: read the blocks', () => inBatches(keys, async batch => {
      const values = await source.getMany(batch)
      for (const [i, value] of values.entries()) blocks.push([batch[i], value!])
    }))
    await source.close()
    await time('both:   hash the blocks', () => blocks.forEach(([, block]) => hash('sha256', block, 'buffer')))
    const bytes = Buffer.concat(blocks.map(([, block]) => block))
    await time('create: write a file', () => writeFile(at('file'), bytes))
    await time('restore: read a file', () => readFile(at('file')))

    // As long as those that Helia and OrbitDB write
    const hashes = keys.map(key => key.slice(-49).padStart(49, 'z'))
    const pins = hashes.flatMap(hash => [[`/pin/${hash}-------`, new Uint8Array(19)], [`/pinned-block/${hash}---`, new Uint8Array(60)]] as Array<[string, Uint8Array]>)
    for (const [what, records] of Object.entries({ blocks, pins, index: hashes.map(hash => [hash, new Uint8Array(4)] as [string, Uint8Array]) })) {
      const store = await openStore(at(what))
      await time(`restore: write the ${what}`, () => put(store, records))
      await store.close()
    }
    await time('restore: check signatures', () => inBatches(signatures, batch => Promise.all(batch.map(check => check()))))

    await withOrbitDB(node, async orbitdb => {
      const db = await orbitdb.open(address, { sync: false })
      await time('createBackup', () => pipeline(createBackup(db), createWriteStream(at('archive.car'))))
    })
    const restored = { 'restoreBackup, verify: false': false, restoreBackup: true } satisfies Record<string, RestoreBackupOptions['verify']>
    for (const [what, verify] of Object.entries(restored)) {
      await withOrbitDB(at(what), orbitdb => time(what, () => {
        return restoreBackup(orbitdb, createReadStream(at('archive.car'), { highWaterMark: 2 ** 20 }), { verify, sync: false })
      }))
    }
    await rm(at(''), { recursive: true })
  }
} finally {
  await rm(temporary, { recursive: true, force: true })
}

const copy = median(times.get('cp -r')!)
console.log(`${entries} entries of ${entryBytes} bytes, medians of ${rounds} rounds`)
for (const [what, values] of times) {
  const value = median(values)
  console.log(`${what.padEnd(30)} ${(value / 1000).toFixed(2).padStart(6)} s ${(value / entries * 1000).toFixed(1).padStart(6)} us an entry  ${(value / copy).toFixed(1).padStart(6)} times cp -r`)
}
process.exit()
