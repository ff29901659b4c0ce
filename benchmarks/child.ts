// A process that performs tasks: it is sent one, and sends the answer.
import { compare, readSource } from './compare.ts'
import { firstWriter } from './dataset.ts'
import { peakMemory } from './memory.ts'
import { isolate, open, optionsOf, start, stop } from './node.ts'
import { ways } from './ways/index.ts'
import type { Dataset } from './dataset.ts'
import type { Backup, Open, Peer, Restore, Running, Way } from './way.ts'

/** How long something took in milliseconds, and how much memory it needed, in bytes. */
export interface Measured {
  time: number
  peakMemory?: number
}

export interface MeasuredRestore extends Measured {
  firstRead?: number
  completeRead?: number
}

const wayOf = (name: string): Way => ways.find(way => way.name === name)!

// Ways that are not OrbitDB, or only copy, are programs: their memory is not that of this process
const memoryOf = ({ reads, name }: Way): number | undefined => reads === 'stopped node' && name !== 'LevelDB by hand' ? undefined : peakMemory()

/** Backs up, and measures it. A node that has to run does so before time is taken. */
async function backUp ({ way: name, backup }: { way: string, backup: Backup }): Promise<Measured> {
  const way = wayOf(name)
  await way.prepare?.(backup)
  const opened = way.reads === 'stopped node' ? undefined : await open(await start(backup.source, way.orbitdb, { id: firstWriter }), backup.dataset)
  const begin = performance.now()
  await (way.reads === 'stopped node' ? way.backup(backup) : way.backup?.(backup, opened!))
  const measured = { time: performance.now() - begin, peakMemory: memoryOf(way) }
  if (opened != null) await stop(opened)
  return measured
}

/** Restores, reads what was restored, and measures it. */
async function restore ({ way: name, restore }: { way: string, restore: Restore }): Promise<MeasuredRestore> {
  const way = wayOf(name)
  const begin = performance.now()
  const passed = (): number => performance.now() - begin

  const restored = await way.restore(restore)
  const measured: MeasuredRestore = { time: passed(), peakMemory: memoryOf(way) }
  if (way.isForeign === true) {
    return measured
  }
  const running = restored ?? await start(restore.target, way.orbitdb)
  const opened = restored ?? await openOffline(running, restore.dataset)
  if (opened == null) {
    await stop(running)
    return measured
  }
  if (await count(opened.db.log.iterator({ amount: 1 })) > 0) {
    measured.firstRead = passed()
  }
  if (await count(opened.db.iterator()) > 0) {
    measured.completeRead = passed()
  }
  await stop(opened)
  return measured
}

/** Opens a database that was restored; undefined where that did not bring what it takes. */
async function openOffline (running: Running, dataset: Dataset): Promise<Open | undefined> {
  isolate(running.ipfs)
  return open(running, dataset).catch(() => undefined)
}

async function count (items: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const item of items) {
    if (item != null) count++
  }
  return count
}

/** Opens a database on a node that then runs, for others to get it from. */
async function serve ({ dataset, directory }: { dataset: Dataset, directory: string }): Promise<Peer> {
  const running = await start(directory, 'stock', { id: firstWriter })
  const db = await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), sync: true })
  return {
    multiaddrs: running.ipfs.libp2p.getMultiaddrs().map(String),
    heads: (await db.log.heads()).map(({ hash }) => hash)
  }
}

const phases = { read: readSource, backup: backUp, serve, restore, compare }

export type Phases = typeof phases
export type Phase = keyof Phases

// Nothing waits for an answer any more, maybe since before this was loaded
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()

process.on('message', async ({ phase, task }: { phase: Phase, task: never }) => {
  process.send!({ answer: await phases[phase](task) })
})
