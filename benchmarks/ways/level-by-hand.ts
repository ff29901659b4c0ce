import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { Level } from 'level'
import { getBlocks, putBlocks, readLog, writeArtifact } from '../artifact.ts'
import { logDirectoryOf, open, setupOf, start } from '../node.ts'
import { createNode } from '../../scripts/node.ts'
import type { Log } from '../artifact.ts'
import type { Node } from '../../scripts/node.ts'
import type { Block } from '../../src/index.ts'
import type { Way } from '../way.ts'

/** Does something with a LevelDB of a log. */
async function withLevel<Result> (directory: string, name: '_heads' | '_index', use: (level: Level) => Promise<Result>): Promise<Result> {
  const level = new Level(join(directory, name))
  try {
    return await use(level)
  } finally {
    await level.close()
  }
}

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
    const directory = logDirectoryOf(source, dataset)
    const log: Log = {
      heads: JSON.parse(await withLevel(directory, '_heads', level => level.get('heads')) ?? '[]'),
      index: await withLevel(directory, '_index', level => level.keys().all())
    }
    const ipfs = await createNode(join(source, 'ipfs'))
    await writeArtifact(artifact, log, blocksOf(ipfs, dataset.address, log))
    await ipfs.stop()
  },
  restore: async ({ dataset, artifact, target }) => {
    const directory = logDirectoryOf(target, dataset)
    const { heads, index } = await readLog(artifact)
    await withLevel(directory, '_index', level => level.batch(index.map(key => ({ type: 'put', key, value: 'true' }))))
    await withLevel(directory, '_heads', level => level.put('heads', JSON.stringify(heads)))
    const running = await start(target, 'stock')
    await putBlocks(running.ipfs, artifact)
    return open(running, dataset)
  }
}

export default way
