import { cidOf } from './cids.ts'
import { digestLength } from './digests.ts'
import type { BlockRun, BlocksOptions, CIDBytes } from './blocks.ts'

// How many blocks are read at once, at most, and about how many bytes
const maxLength = 1000
const maxBytes = 2 ** 22

/** Some items at a time, as they come: as many as are asked for, but for the last ones. */
export async function * inBatches<Item> (items: Iterable<Item> | AsyncIterable<Item>, length: number): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    if (batch.push(item) === length) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** Reads blocks in batches of about as many bytes as those of the last one suggest. */
export async function * readInBatches (
  digests: Uint8Array,
  read: (cids: CIDBytes[]) => Promise<Array<Uint8Array | undefined>>,
  { signal }: BlocksOptions = {}
): AsyncGenerator<BlockRun> {
  const count = digests.length / digestLength
  let length = 100
  let at = 0
  const readNext = async (): Promise<BlockRun> => {
    const start = at
    at = Math.min(count, at + length)
    const cids = Array.from({ length: at - start }, (_, i) => cidOf(digests, (start + i) * digestLength))
    return { start, blocks: await read(cids) }
  }

  // The next batch is read while this one is worked on
  let next = count > 0 ? readNext() : undefined
  while (next != null) {
    const run = await next
    signal?.throwIfAborted()
    const bytes = run.blocks.reduce((bytes, block) => bytes + (block?.length ?? 0), 1)
    length = Math.max(1, Math.min(maxLength, Math.floor(maxBytes * run.blocks.length / bytes)))
    next = at < count ? readNext() : undefined
    next?.catch(() => {})
    yield run
  }
}
