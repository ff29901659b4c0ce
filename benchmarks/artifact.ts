// A backup as people make it from parts: the blocks as a CAR file, and where the log starts and what is
// in it as JSON.
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CarBlockIterator, CarWriter } from '@ipld/car'
import { base58btc } from 'multiformats/bases/base58'
import { setupOf, toCID } from './node.ts'
import type { Node } from '../scripts/node.ts'
import type { Block, Head } from '../src/index.ts'
import type { Backup, Open } from './way.ts'

/** What is kept of a log, besides its blocks. */
export interface Log {
  heads: Head[]
  /** The hashes of its entries, oldest first where the order is known. */
  index: string[]
}

const filesIn = (directory: string) => ({ log: join(directory, 'log.json'), car: join(directory, 'blocks.car') })

export async function writeArtifact (directory: string, { heads, index }: Log, blocks: AsyncIterable<Block>): Promise<void> {
  const { log, car } = filesIn(directory)
  await writeFile(log, JSON.stringify({ heads: heads.map(({ hash, next }) => ({ hash, next })), index }))
  const { writer, out } = CarWriter.create()
  const written = pipeline(out, createWriteStream(car))
  for await (const [hash, bytes] of blocks) await writer.put({ cid: toCID(hash), bytes })
  await writer.close()
  await written
}

export const readLog = async (directory: string): Promise<Log> => JSON.parse(await readFile(filesIn(directory).log, 'utf8'))

export async function * readBlocks (directory: string): AsyncGenerator<Block> {
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(createReadStream(filesIn(directory).car))) {
    yield [cid.toString(base58btc), bytes]
  }
}

/** Reads blocks through Helia. */
export async function * getBlocks ({ blockstore }: Node, hashes: Iterable<string>): AsyncGenerator<Block> {
  for await (const { cid, bytes: chunks } of blockstore.getMany(Array.from(hashes, toCID), { offline: true })) {
    for await (const bytes of chunks) yield [cid.toString(base58btc), bytes]
  }
}

/** Stores the blocks of an artifact through Helia. Nothing is pinned, and Helia does not check their hashes. */
export async function putBlocks ({ blockstore }: Node, directory: string): Promise<void> {
  for await (const [hash, bytes] of readBlocks(directory)) await blockstore.put(toCID(hash), bytes)
}

/** Makes a backup by the API that OrbitDB has. */
export async function extract ({ dataset, artifact }: Backup, { ipfs, db }: Open): Promise<void> {
  const entries = await db.log.values()
  const index = entries.map(({ hash }) => hash)
  const identities = new Set(entries.map(({ identity }) => identity))
  const hashes = [...await setupOf(ipfs, dataset.address), ...identities, ...index]
  await writeArtifact(artifact, { heads: await db.log.heads(), index }, getBlocks(ipfs, hashes))
}
