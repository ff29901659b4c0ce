import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import fs from 'node:fs/promises'
import all from 'it-all'
import { restore, stub } from 'sinon'
import { createSpool } from '../../src/archive/create/spool.ts'
import { digestLength } from '../../src/blocks/digests.ts'

describe('What is kept of entries until they are written', () => {
  // Wherever temporary files are here
  beforeEach(() => { stub(fs, 'statfs').callsFake(async () => ({ type: 0, bsize: 4096, bavail: 1_000_000 }) as any) })

  afterEach(() => restore())

  /** Has five runs of two blocks of 1,000 bytes kept. How many blocks of them are. */
  const countKept = async (maxBytes?: number): Promise<number> => {
    const spool = createSpool(maxBytes)
    try {
      const digests = crypto.getRandomValues(new Uint8Array(10 * digestLength))
      const runs = Array.from({ length: 5 }, (_, i) => ({ start: 2 * i, blocks: [new Uint8Array(1000).fill(i), new Uint8Array(1000).fill(i)] }))
      deepStrictEqual(await all(spool.keep(digests, (async function * () { yield * runs })())), runs)
      const pieces = await all(spool.read(digests))
      for (const [i, { encoded, blocks, bytes }] of pieces.entries()) {
        strictEqual(blocks, 2)
        strictEqual(bytes, 2000)
        ok(Buffer.from(encoded).includes(Buffer.from(runs[i].blocks[1])))
      }
      return pieces.reduce((sum, { blocks }) => sum + blocks, 0)
    } finally {
      await spool.close()
    }
  }

  it('are all, where there is room', async () => {
    strictEqual(await countKept(), 10)
  })

  it('are the first ones, up to the most bytes that may be kept', async () => {
    strictEqual(await countKept(8000), 6)
    strictEqual(await countKept(1999), 0)
  })
})
