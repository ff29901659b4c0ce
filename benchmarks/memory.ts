// How much memory do a backup and a restore take, over that of the node?
//
//   npm run bench:memory
//
// For databases of 10,000 and of 100,000 entries, each in a process of its own: collects garbage again and
// again while a backup is created or restored, and notes the most that is left. What that grows by from
// one database to the other is what an entry takes.
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createNode } from '../scripts/node.ts'
import { createBackup, createOrbitDB, restoreBackup } from '../src/index.ts'
import { getDataset } from './dataset.ts'

const sizes = [10_000, 100_000]

// In milliseconds
const samplingInterval = 20

/** How many bytes are in use, once garbage is collected. */
function measure (): number {
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Runs something, and returns the most bytes in use meanwhile over those before. */
async function peakOf (run: () => Promise<unknown>): Promise<number> {
  const before = measure()
  let peak = before
  const timer = setInterval(() => { peak = Math.max(peak, measure()) }, samplingInterval)
  await run()
  clearInterval(timer)
  return peak - before
}

async function start (directory: string) {
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
  return {
    orbitdb,
    stop: async () => {
      await orbitdb.stop()
      await ipfs.stop()
    }
  }
}

const operations = {
  create: async (directory: string, archive: string, address: string): Promise<number> => {
    const { orbitdb, stop } = await start(directory)
    const db = await orbitdb.open(address, { sync: false })
    const peak = await peakOf(() => pipeline(createBackup(db), createWriteStream(archive)))
    await stop()
    return peak
  },
  restore: async (directory: string, archive: string): Promise<number> => {
    const { orbitdb, stop } = await start(`${directory}-restored`)
    const peak = await peakOf(() => restoreBackup(orbitdb, createReadStream(archive), { sync: false }))
    await stop()
    return peak
  }
}

type Operation = keyof typeof operations

/** Runs an operation in a process of its own. */
function runApart (operation: Operation, directory: string, archive: string, address: string): number {
  const args = ['--expose-gc', import.meta.filename, operation, directory, archive, address]
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (status !== 0) {
    throw new Error(`${operation} failed`)
  }
  return Number(stdout)
}

async function measureAll (): Promise<void> {
  const peaks: Record<Operation, number[]> = { create: [], restore: [] }
  for (const entries of sizes) {
    const { address, directory } = await getDataset({ entries, writers: 1 })
    const temporary = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    try {
      const copy = join(temporary, 'node')
      await cp(directory, copy, { recursive: true })
      for (const operation of Object.keys(operations) as Operation[]) {
        const peak = runApart(operation, copy, join(temporary, 'archive.car'), address)
        console.log(`${operation.padEnd(8)} ${entries} entries: ${(peak / 1e6).toFixed(1)} MB over the node's own`)
        peaks[operation].push(peak)
      }
    } finally {
      await rm(temporary, { recursive: true })
    }
  }
  for (const [operation, [few, many]] of Object.entries(peaks)) {
    console.log(`${operation.padEnd(8)} ${Math.round((many - few) / (sizes[1] - sizes[0]))} bytes an entry`)
  }
}

const [operation, directory, archive, address] = process.argv.slice(2)
if (operation == null) {
  await measureAll()
} else {
  console.log(await operations[operation as Operation](directory, archive, address))
}
process.exit()
