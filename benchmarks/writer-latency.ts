// How long is a writer held up by an export?
//
//   npm run bench:writer-latency -- [entries]
//
// Fills an events database, then appends to it for a while alone, and for a while beside exports that run
// one after the other (heads, index and all blocks), and prints the latency of the appends of both.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrbitDB, Entry, IPFSBlockStorage } from '../src/index.ts'
import { createNode } from '../test/helpers/node.ts'
import type { Database, OrbitDB } from '../src/index.ts'

const entries = Number(process.argv[2] ?? 100_000)
const appends = 500

/** The chain of a log with one writer, put into the blockstore and restored: much faster than to append it. */
async function fill (orbitdb: OrbitDB, address: string): Promise<void> {
  const { identity } = orbitdb
  const storage = await IPFSBlockStorage({ ipfs: orbitdb.ipfs })
  const index: string[] = []
  let next: string[] = []
  for (let time = 1; time <= entries; time++) {
    const entry = await Entry.create(identity, address, { op: 'ADD', key: null, value: 'x'.repeat(1500) }, undefined, { id: identity.publicKey, time }, next)
    const { hash, bytes } = await Entry.encode(entry)
    await storage.put(hash, bytes)
    index.push(hash)
    next = [hash]
  }
  await orbitdb.open(address, { sync: false, restore: { heads: next, index, verify: false } })
}

/** The sorted latencies, in milliseconds, of appends one after the other. */
async function latencies (db: Database): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < appends; i++) {
    const start = performance.now()
    await db.addOperation({ op: 'ADD', key: null, value: i })
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)
}

/** Runs something while a task runs beside it, until it is over. */
async function beside<T> (task: (isOver: () => boolean) => Promise<void>, run: () => Promise<T>): Promise<T> {
  let over = false
  const running = task(() => over)
  const result = await run()
  over = true
  await running
  return result
}

function print (what: string, times: number[]): void {
  const at = (quantile: number): string => times[Math.ceil(quantile * times.length) - 1].toFixed(1)
  console.log(`${what.padEnd(24)} median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`)
}

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
const ipfs = await createNode(join(directory, 'ipfs'))
const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
try {
  const db = await orbitdb.open('log', { sync: false })
  await fill(orbitdb, db.address)
  console.log(`${entries} entries, ${appends} appends each`)

  await latencies(db) // warm up
  print('alone', await latencies(db))

  let exports = 0
  print('beside log.export()', await beside(async (isOver) => {
    while (!isOver()) {
      await db.log.export()
      exports++
    }
  }, () => latencies(db)))
  console.log(`${exports} exports of heads and index ran meanwhile`)

  const { blocks } = await db.export()
  let read = 0
  print('beside reading blocks', await beside(async (isOver) => {
    for await (const block of blocks) {
      if (isOver()) break
      read += block[1].length
    }
  }, () => latencies(db)))
  console.log(`${read} bytes of blocks were read meanwhile`)
} finally {
  await orbitdb.stop()
  await ipfs.stop()
  await rm(directory, { recursive: true })
}
process.exit()
