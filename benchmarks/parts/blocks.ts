// Blocks of a database, as its user would read and write them through Helia.
import { base58btc } from 'multiformats/bases/base58'
import { toCID } from '../node.ts'
import type { Node } from '../../scripts/node.ts'
import type { Block } from '../../src/index.ts'

/** Reads blocks. */
export async function * getBlocks ({ blockstore }: Node, hashes: Iterable<string>): AsyncGenerator<Block> {
  for await (const { cid, bytes: chunks } of blockstore.getMany(Array.from(hashes, toCID), { offline: true })) {
    for await (const bytes of chunks) {
      yield [cid.toString(base58btc), bytes]
    }
  }
}

/** Stores blocks. Nothing is pinned, and Helia does not check their hashes. */
export async function putBlocks ({ blockstore }: Node, blocks: AsyncIterable<Block>): Promise<void> {
  for await (const [hash, bytes] of blocks) {
    await blockstore.put(toCID(hash), bytes)
  }
}
