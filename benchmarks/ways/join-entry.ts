import { extract, putBlocks, readLog } from '../artifact.ts'
import { open, start } from '../node.ts'
import type { Log } from '../artifact.ts'
import type { Open, Restore, Way } from '../way.ts'

/** Stores the blocks, and joins some of the entries. */
async function restore ({ dataset, artifact, target }: Restore, choose: (log: Log) => string[]): Promise<Open> {
  const running = await start(target, 'stock')
  await putBlocks(running.ipfs, artifact)
  const opened = await open(running, dataset)
  for (const hash of choose(await readLog(artifact))) {
    const entry = await opened.db.log.get(hash)
    await opened.db.log.joinEntry(entry!)
  }
  return opened
}

const common = { orbitdb: 'stock', reads: 'running node', checks: 'everything', backup: extract } as const

const ways: Way[] = [
  {
    ...common,
    name: 'joinEntry of each entry',
    about: 'The entries of `log.values()` and the blocks are saved; the blocks are put back, and `log.joinEntry` is called for each entry, oldest first',
    restore: params => restore(params, ({ index }) => index)
  },
  {
    ...common,
    name: 'joinEntry of the heads',
    about: 'The same, but `log.joinEntry` is called for the heads only, and finds the other entries by their links',
    restore: params => restore(params, ({ heads }) => heads.map(({ hash }) => hash))
  }
]

export default ways
