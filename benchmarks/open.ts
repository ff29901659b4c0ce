// How many blocks does it take to open a backup, and to read the newest ten entries of a log?
//
//   npm run bench:open -- [entries]...      1000, 10000 and 100000 by default
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { getDataset } from './dataset.ts'
import { start, stop } from './node.ts'
import { copy } from './programs.ts'
import { countBlocks } from '../test/helpers/opened.ts'
import { createBackup } from '../src/index.ts'

const rows: Record<string, Record<string, string>> = {}
for (const entries of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 10_000, 100_000]) {
  const { address, directory: source } = await getDataset({ entries, writers: 1 })
  const parent = await mkdtemp(join(tmpdir(), 'orbitdb-backup-open-'))
  try {
    const directory = join(parent, 'node')
    await copy([source], directory)
    const running = await start(directory, 'patched')
    const bytes = concat(await all(createBackup(await running.orbitdb.open(address, { sync: false }))))
    await stop(running)
    const counts = await countBlocks(bytes)
    rows[entries] = Object.fromEntries(Object.entries(counts).map(([name, { opening, newest }]) => [name, `${opening} + ${newest}`]))
  } finally {
    await rm(parent, { recursive: true })
  }
}
console.log('Blocks read to open a database of a backup, and for the newest ten entries:')
console.table(rows)
