import { join } from 'node:path'
import { LevelStorage } from '@orbitdb/core-stock'
import { extract, putBlocks, readLog } from '../artifact.ts'
import { logDirectoryOf, optionsOf, start } from '../node.ts'
import type { Way } from '../way.ts'

const way: Way = {
  name: 'custom storages',
  about: 'The entries of `log.values()` and the blocks are saved; the blocks are put back, and storages that were filled with heads and index are given to `open`',
  orbitdb: 'stock',
  reads: 'running node',
  checks: 'nothing',
  backup: extract,
  restore: async ({ dataset, artifact, target }) => {
    const running = await start(target, 'stock')
    await putBlocks(running.ipfs, artifact)

    const { heads, index } = await readLog(artifact)
    // Where OrbitDB looks for them, so that only this once they have to be given to it
    const directory = logDirectoryOf(target, dataset)
    const headsStorage = await LevelStorage({ path: join(directory, '_heads') })
    const indexStorage = await LevelStorage<unknown>({ path: join(directory, '_index') })
    await headsStorage.put('heads', new TextEncoder().encode(JSON.stringify(heads)))
    for (const hash of index) {
      await indexStorage.put(hash, true)
    }
    return { ...running, db: await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), headsStorage, indexStorage }) }
  }
}

export default way
