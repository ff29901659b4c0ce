// What is done with a way, each to be called in a process of its own.
import { compareWithSource } from './compare.ts'
import { firstWriter } from './dataset.ts'
import { isolate, open, optionsOf, start, stop } from './node.ts'
import { take } from './take.ts'
import { ways } from './ways/index.ts'
import type { Source } from './compare.ts'
import type { Dataset } from './dataset.ts'
import type { Taken } from './take.ts'
import type { Backup, Open, Peer, Restore, Round, Way } from './way.ts'

const wayOf = (name: string): Way => ways.find(way => way.name === name)!

/** Backs up. A node that has to run does so before time is taken. */
export async function backUp (name: string, backup: Backup): Promise<Taken> {
  const way = wayOf(name)
  const opened = way.reads === 'running node' ? await open(await start(backup.source, way.orbitdb, { id: firstWriter }), backup.dataset) : undefined
  const taken = await take(() => way.backup!(backup, opened!))
  if (opened != null) await stop(opened)
  return taken
}

/** Restores, reads what was restored, and compares it with what the source has. */
export async function restore (name: string, restore: Restore, source: Source): Promise<Pick<Round, 'restore' | 'same'>> {
  const way = wayOf(name)
  const begin = performance.now()
  let restored: Open | undefined
  const measured: Round['restore'] = await take(async () => { restored = await way.restore(restore) ?? undefined })
  if (restored == null && way.reads === 'stopped node') delete measured.peak
  if (way.isForeign === true) return { restore: measured }

  restored ??= await openOffline(way, restore)
  if (restored != null) {
    const { db } = restored
    if (await count(db.log.iterator({ amount: 1 })) > 0) measured.firstRead = performance.now() - begin
    if (await count(db.iterator()) > 0) measured.completeRead = performance.now() - begin
    await stop(restored)
  }
  return { restore: measured, same: await compareWithSource(source, restore.dataset, restore.target) }
}

/** Opens a database that was restored; undefined where that did not bring what it takes. */
async function openOffline ({ orbitdb }: Way, { target, dataset }: Restore): Promise<Open | undefined> {
  const running = await start(target, orbitdb)
  isolate(running.ipfs)
  try {
    return await open(running, dataset)
  } catch {
    await stop(running)
    return undefined
  }
}

async function count (items: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const item of items) {
    if (item != null) count++
  }
  return count
}

/** Opens a database on a node that then runs, for others to get it from. */
export async function serve (dataset: Dataset, directory: string): Promise<Peer> {
  const running = await start(directory, 'stock', { id: firstWriter })
  const db = await running.orbitdb.open(dataset.address, { ...optionsOf(running, dataset), sync: true })
  return {
    multiaddrs: running.ipfs.libp2p.getMultiaddrs().map(String),
    heads: (await db.log.heads()).map(({ hash }) => hash)
  }
}
