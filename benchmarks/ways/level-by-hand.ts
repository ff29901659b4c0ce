import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { Level } from 'level'
import { getBlocks, putBlocks, readBlocks, readLog, writeArtifact } from '../artifact.ts'
import { logDirectoryOf, open, setupOf, start } from '../node.ts'
import { createNode } from '../../scripts/node.ts'
import type { Log } from '../artifact.ts'
import type { Node } from '../../scripts/node.ts'
import type { Block } from '../../src/index.ts'
import type { Way } from '../way.ts'

/** Does something with the LevelDBs of a log. */
async function withLevels<Result> (directory: string, use: (heads: Level, index: Level) => Promise<Result>): Promise<Result> {
  const heads = new Level(join(directory, '_heads'))
  const index = new Level(join(directory, '_index'))
  try {
    return await use(heads, index)
  } finally {
    await heads.close()
    await index.close()
  }
}

const readLevels = (directory: string): Promise<Log> => withLevels(directory, async (heads, index) => ({
  heads: JSON.parse(await heads.get('heads') ?? '[]'),
  index: await index.keys().all()
}))

const writeLevels = (directory: string, log: Log): Promise<void> => withLevels(directory, async (heads, index) => {
  await index.batch(log.index.map(key => ({ type: 'put', key, value: 'true' })))
  await heads.put('heads', JSON.stringify(log.heads))
})

/** The blocks of a database. Who wrote it is known when its entries have been read. */
async function * blocksOf (ipfs: Node, address: string, { index }: Log): AsyncGenerator<Block> {
  yield * getBlocks(ipfs, await setupOf(ipfs, address))
  const identities = new Set<string>()
  for await (const [hash, bytes] of getBlocks(ipfs, index)) {
    identities.add(dagCbor.decode<{ identity: string }>(bytes).identity)
    yield [hash, bytes]
  }
  yield * getBlocks(ipfs, identities)
}

const way: Way = {
  name: 'LevelDB by hand',
  about: 'A script reads and writes OrbitDB\'s LevelDBs `_heads` and `_index` while it is down, and the blocks through Helia',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'nothing',
  backup: async ({ dataset, source, artifact }) => {
    const log = await readLevels(logDirectoryOf(source, dataset))
    const ipfs = await createNode(join(source, 'ipfs'))
    try {
      await writeArtifact(artifact, log, blocksOf(ipfs, dataset.address, log))
    } finally {
      await ipfs.stop()
    }
  },
  restore: async ({ dataset, artifact, target }) => {
    await writeLevels(logDirectoryOf(target, dataset), await readLog(artifact))
    const running = await start(target, 'stock')
    await putBlocks(running.ipfs, readBlocks(artifact))
    return open(running, dataset)
  }
}

export default way
