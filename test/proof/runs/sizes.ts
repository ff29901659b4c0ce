// Unusual sizes, each in a process of its own, as memory is measured: `npm run test:sizes`
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { showHelp } from '../options.ts'

showHelp(`Writes, backs up, verifies, restores and compares entries of 32 MiB, 3,000 heads, 10,000 databases and an archive over
4 GiB. It takes about an hour and 10 GB of disk.

  entry | heads | databases [number] | archive    one of them only`)

// The helpers of the command line's tests clean up after Mocha's tests
Object.assign(globalThis, { after: () => {} })
const { largeEntries, manyHeads, measureDatabases, measureSize } = await import('../sizes.ts')

const mebibyte = 2 ** 20
// What comes with a payload in an entry of exactly 32 MiB is less than this
const margin = 2048

const sizes = {
  entry: (directory: string) => measureSize(directory, largeEntries(2, 32 * mebibyte - margin)),
  heads: (directory: string) => measureSize(directory, manyHeads(3000)),
  databases: (directory: string, count = '10000') => measureDatabases(directory, Number(count)),
  archive: (directory: string) => measureSize(directory, largeEntries(140, 30 * mebibyte))
}

const [only, count] = process.argv.slice(2) as [keyof typeof sizes, string?]
if (only == null) {
  for (const name of Object.keys(sizes)) {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [import.meta.filename, name]).catch(error => error)
    console.log(stdout, stderr)
  }
} else {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-sizes-'))
  try {
    const { name, archiveBytes, write, create, verify, restore, peakMemory } = await sizes[only](directory, count)
    console.log(`${name}: archive ${Math.round(archiveBytes / mebibyte)} MiB; written in ${write} s, create ${create} s, verify ${verify} s, restore ${restore} s${peakMemory == null ? '' : `; peak memory ${Math.round(peakMemory / mebibyte)} MiB`}`)
  } finally {
    await rm(directory, { recursive: true })
  }
  process.exit()
}
