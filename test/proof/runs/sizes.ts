/**
 * Entries of 32 MiB, 3,000 heads, 10,000 databases, an archive over 4 GiB: `npm run test:sizes`, which
 * takes about 20 minutes and 10 GB of disk; each is in a process of its own, as memory is measured.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { largeEntries, manyDatabases, manyHeads, measureSize } from '../sizes.ts'

const mebibyte = 2 ** 20
// What comes with a payload in an entry of exactly 32 MiB is less than this
const margin = 2048

const sizes = {
  entry: largeEntries(2, 32 * mebibyte - margin),
  heads: manyHeads(3000),
  databases: manyDatabases(10000),
  archive: largeEntries(140, 30 * mebibyte)
}

const [only] = process.argv.slice(2) as Array<keyof typeof sizes>
if (only == null) {
  for (const name of Object.keys(sizes)) {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [import.meta.filename, name]).catch(error => error)
    console.log(stdout, stderr)
  }
} else {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-sizes-'))
  try {
    const { name, archiveBytes, write, create, verify, restore, peakMemory } = await measureSize(directory, sizes[only])
    console.log(`${name}: archive ${Math.round(archiveBytes / mebibyte)} MiB; written in ${write} s, create ${create} s, verify ${verify} s, restore ${restore} s; peak memory ${Math.round(peakMemory / mebibyte)} MiB`)
  } finally {
    await rm(directory, { recursive: true })
  }
  process.exit()
}
