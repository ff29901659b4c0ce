// How many blocks it takes to open a backup, and to read the newest entries of a log
import { strictEqual } from 'node:assert/strict'
import { CarIndexer, CarReader } from '@ipld/car'
import { MultihashIndexSortedWriter } from 'cardex/multihash-index-sorted'
import { base58btc } from 'multiformats/bases/base58'
import { concat } from 'uint8arrays/concat'
import { openBackup } from '../../src/index.ts'
import type { BackupSource, HeliaNode } from '../../src/index.ts'

const headerLength = 51

/** A CAR file of version 2 with an index, of one of version 1. */
export async function toVersion2 (bytes: Uint8Array): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const writer = MultihashIndexSortedWriter.createWriter({
    writer: { write: async (chunk: Uint8Array) => { chunks.push(chunk) }, close: async () => {}, releaseLock: () => {}, ready: Promise.resolve() } as any
  })
  for await (const { cid, offset } of await CarIndexer.fromBytes(bytes)) await writer.add(cid as any, offset)
  await writer.close()
  const header = new Uint8Array(headerLength)
  header.set([0x0a, 0xa1, 0x67, ...new TextEncoder().encode('version'), 0x02])
  const view = new DataView(header.buffer, 11 + 16)
  view.setBigUint64(0, BigInt(headerLength), true)
  view.setBigUint64(8, BigInt(bytes.length), true)
  view.setBigUint64(16, BigInt(headerLength + bytes.length), true)
  return concat([header, bytes, ...chunks])
}

/** Blocks are read one by one, and by parts of at most so many bytes at first. */
const partLength = 2 ** 14

/** A file that counts the blocks that are read from it, at places that are known. */
class CountedFile extends Blob {
  blocks = 0
  readonly #starts: Set<number>

  constructor (bytes: Uint8Array, starts: number[]) {
    super([bytes as BlobPart])
    this.#starts = new Set(starts)
  }

  override slice (start = 0, end = this.size, type?: string): Blob {
    if (end - start <= partLength && this.#starts.has(start)) this.blocks++
    return super.slice(start, end, type)
  }
}

/** A node that has blocks, and counts those that are read. */
async function createCountedNode (bytes: Uint8Array): Promise<{ blocks: number, ipfs: HeliaNode }> {
  const stored = new Map<string, Uint8Array>()
  const keyOf = (cid: { multihash: { bytes: Uint8Array } }): string => base58btc.encode(cid.multihash.bytes)
  for await (const { cid, bytes: block } of (await CarReader.fromBytes(bytes)).blocks()) stored.set(keyOf(cid), block)
  const blockstore = {
    has: (cid: any) => stored.has(keyOf(cid)),
    get: async function * (cid: any) {
      counted.blocks++
      yield stored.get(keyOf(cid))!
    }
  }
  const counted = { blocks: 0, ipfs: { blockstore, pins: {}, libp2p: {} } as unknown as HeliaNode }
  return counted
}

/** What it takes, of an archive with one database of any type, by each kind of source. */
export async function countBlocks (bytes: Uint8Array): Promise<Record<string, { opening: number, newest: number }>> {
  const starts: number[] = []
  for await (const { offset } of await CarIndexer.fromBytes(bytes)) starts.push(offset)
  const [root] = await (await CarReader.fromBytes(bytes)).getRoots()
  const node = await createCountedNode(bytes)
  const [file, indexed] = [new CountedFile(bytes, starts), new CountedFile(await toVersion2(bytes), starts.map(start => start + headerLength))]
  const sources: Record<string, [BackupSource, { blocks: number }, HeliaNode?]> = {
    'a node': [root as any, node, node.ipfs],
    'a file of version 2 with an index': [indexed, indexed],
    'a file of version 1': [file, file]
  }
  const counts: Record<string, { opening: number, newest: number }> = {}
  for (const [name, [source, counted, ipfs]] of Object.entries(sources)) {
    const backup = await openBackup(source, { ipfs })
    const db = await backup.open<any>(backup.databases[0].address)
    const opening = counted.blocks
    let entries = 0
    for await (const entry of db.log.iterator({ amount: 10 })) entries += entry == null ? 0 : 1
    strictEqual(entries, 10)
    counts[name] = { opening, newest: counted.blocks - opening }
    await backup.close()
  }
  return counts
}
