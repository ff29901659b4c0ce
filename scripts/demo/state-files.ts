// The state of a database as two files: its blocks as a CAR file, and the rest of it as JSON.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CarBlockIterator, CarWriter } from '@ipld/car'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import type { Block, DatabaseState, RestoreState } from '../../src/index.ts'

/** Writes a state to a new directory, block by block, and returns how many blocks it has. */
export async function writeState ({ blocks, index, ...state }: DatabaseState, directory: string): Promise<number> {
  await mkdir(directory)
  await writeFile(join(directory, 'state.json'), JSON.stringify({ ...state, index: [...index.keys()] }))

  let count = 0
  const { writer, out } = CarWriter.create(state.heads.map(({ hash }) => CID.parse(hash, base58btc)))
  const writeBlocks = async (): Promise<void> => {
    for await (const [hash, bytes] of blocks) {
      await writer.put({ cid: CID.parse(hash, base58btc), bytes })
      count++
    }
    await writer.close()
  }
  await Promise.all([writeBlocks(), pipeline(out, createWriteStream(join(directory, 'blocks.car')))])
  return count
}

/** Reads a state; its blocks are read when they are asked for. */
export async function readState (directory: string): Promise<RestoreState & { address: string }> {
  const state = JSON.parse(await readFile(join(directory, 'state.json'), 'utf8'))
  return { ...state, blocks: readBlocks(join(directory, 'blocks.car')) }
}

async function * readBlocks (path: string): AsyncIterable<Block> {
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(createReadStream(path))) {
    yield [cid.toString(base58btc), bytes]
  }
}
