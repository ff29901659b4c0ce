// Single operations on the node of a dataset, each to be called in a process of its own. What they return is what the
// operation took, once all that it needs was there.
import { hash, verify as verifySignature } from 'node:crypto'
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Level } from 'level'
import { firstWriter } from './dataset.ts'
import { start, stop } from './node.ts'
import { take } from './take.ts'
import { createChecks } from '../test/helpers/checks.ts'
import { toKeyObject } from '../test/helpers/signatures.ts'
import { createBackup, restoreBackup, verifyBackup } from '../src/index.ts'
import { findAddon } from '../src/signatures/addon.ts'
import { createVerifier } from '../src/signatures/verifier.ts'
import { findWebAssembly } from '../src/signatures/webassembly.ts'
import type { Taken } from './take.ts'
import type { CreateOptions, SignaturesVerifier } from '../src/index.ts'

/** What signatures are checked by. */
export type Means = 'addon' | 'WebAssembly' | 'OpenSSL' | '@libp2p/crypto'

const verifyByOpenSSL: SignaturesVerifier = async checks => {
  const key = toKeyObject(Buffer.from(checks[0].publicKey).toString('hex'))
  return checks.map(({ data, signature }) => verifySignature('sha256', data, key, signature))
}

async function findVerifier (means: Means): Promise<SignaturesVerifier> {
  if (means === 'OpenSSL') return verifyByOpenSSL
  return createVerifier(means === 'addon' ? findAddon() : means === 'WebAssembly' ? await findWebAssembly() : undefined)
}

const read = (file: string) => createReadStream(file, { highWaterMark: 2 ** 20 })

const write = (blocks: AsyncIterable<Uint8Array>, file: string): Promise<void> => pipeline(blocks, createWriteStream(file))

/** Backs up a database: all of it, or what was written since a base, after some more entries were. */
export async function create (node: string, address: string, archive: string, { base, more = 0 }: { base?: string, more?: number } = {}): Promise<Taken> {
  const running = await start(node, 'patched', { id: firstWriter })
  const db = await running.orbitdb.open<any>(address, { type: 'keyvalue', sync: false })
  for (let i = 0; i < more; i++) await db.put(`new key ${i}`, 'a value')
  const options = base == null ? {} : { base: await openAsBlob(base) } as CreateOptions
  const taken = await take(async () => {
    const file = await open(archive, 'w')
    await createBackup(db, options).writeTo(bytes => file.writeFile(bytes))
    await file.close()
  })
  await stop(running)
  return taken
}

export const verify = async (archive: string): Promise<Taken> => take(() => verifyBackup(read(archive)))

/** Restores an archive, where signatures are checked by nothing if no means is given. */
export async function restore (archive: string, node: string, means?: Means): Promise<Taken> {
  const running = await start(node, 'patched', { verifySignatures: await findVerifier(means ?? 'addon') })
  const taken = await take(() => restoreBackup(running.orbitdb, read(archive), { verify: means != null, sync: false }))
  await stop(running)
  return taken
}

/** Checks as many signatures of so many bytes, 4,000 at a time. */
export async function checkSignatures (means: Means, count: number, bytes: number): Promise<Taken> {
  const verify = await findVerifier(means)
  const checks = await createChecks(1000, bytes)
  return take(async () => {
    for (let i = 0; i < count; i += 4000) await Promise.all(Array.from({ length: Math.min(4, (count - i) / 1000) }, () => verify(checks)))
  })
}

type Store = Level<string, Uint8Array>

/** So many records are read from or written to a LevelDB at once. */
const batchLength = 1000

/** Opens a LevelDB as Helia and OrbitDB do, with compression but for blocks. */
async function openStore (path: string): Promise<Store> {
  const store: Store = new Level(path, { valueEncoding: 'view', compression: basename(path) !== 'blocks' })
  await store.open()
  return store
}

// As keys of blocks are in Helia's LevelDB
const keyLength = 57

/** What a backup can not do without: reads each block from LevelDB, hashes it, and writes it to a file. */
export async function backUpAtBest (node: string, file: string): Promise<Taken> {
  const store = await openStore(join(node, 'ipfs', 'blocks'))
  async function * readBlocks () {
    const iterator = store.iterator({ highWaterMarkBytes: 4 * 2 ** 20 })
    for (let blocks; (blocks = await iterator.nextv(batchLength)).length > 0;) {
      for (const [, block] of blocks) hash('sha256', block, 'buffer')
      yield Buffer.concat(blocks.flatMap(([key, block]) => [Buffer.from(key), Uint8Array.of(block.length >> 8, block.length), block]))
    }
    await iterator.close()
  }
  const taken = await take(() => write(readBlocks(), file))
  await store.close()
  return taken
}

/** The keys and blocks in such a file. */
async function * readFrames (file: string): AsyncGenerator<Array<[key: string, block: Uint8Array]>> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of read(file)) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const blocks: Array<[string, Uint8Array]> = []
    let start = 0
    for (let at, end; (at = start + keyLength + 2) <= bytes.length && (end = at + bytes.readUInt16BE(at - 2)) <= bytes.length; start = end) {
      blocks.push([bytes.toString('latin1', start, start + keyLength), bytes.subarray(at, end)])
    }
    yield blocks
    rest = bytes.subarray(start)
  }
}

/** What a restore can not do without: reads the file, hashes each block, and writes it, two pins for it and a record of an index to LevelDBs. */
export async function restoreAtBest (file: string, directory: string): Promise<Taken> {
  const stores = await Promise.all(['blocks', 'data', '_index'].map(name => openStore(join(directory, name))))
  const [blockstore, datastore, index] = stores
  const put = async (store: Store, records: Array<[key: string, value: Uint8Array]>): Promise<void> => {
    for (let i = 0; i < records.length; i += batchLength) {
      await store.batch(records.slice(i, i + batchLength).map(([key, value]) => ({ type: 'put', key, value })))
    }
  }
  // Keys and values are as long as those that Helia and OrbitDB write
  const [pin, pinned, indexed] = [19, 60, 4].map(length => new Uint8Array(length))
  const taken = await take(async () => {
    const keys: string[] = []
    for await (const blocks of readFrames(file)) {
      for (const [key, block] of blocks) {
        hash('sha256', block, 'buffer')
        keys.push(key.slice(5))
      }
      await put(blockstore, blocks)
    }
    await put(datastore, keys.map(key => [`/pin/zzzz${key}`, pin]))
    await put(datastore, keys.map(key => [`/pinned-block/zzzzzz${key}`, pinned]))
    await put(index, keys.map(key => [key.slice(3), indexed]))
  })
  await Promise.all(stores.map(store => store.close()))
  return taken
}
