import { firstWriter, open, start, stop } from '../node.ts'
import { peakMemory } from '../parts/memory.ts'
import { programs } from '../parts/program.ts'
import { getWay } from '../ways.ts'
import type { Measured, TaskOf } from './tasks.ts'

/** Backs up, and measures it. A node that has to run does so before time is taken. */
export async function backUp ({ way: name, backup }: TaskOf<'backup'>): Promise<Measured> {
  const way = getWay(name)
  await way.prepare?.(backup)
  if (way.reads === 'stopped node') {
    const time = await measure(() => way.backup(backup))
    return { time, peakMemory: programs.areRun ? programs.peakMemory : peakMemory() }
  }
  const opened = await open(await start(backup.source, way.orbitdb, { id: firstWriter }), backup.dataset)
  const time = await measure(async () => way.backup?.(backup, opened))
  const measured = { time, peakMemory: peakMemory() }
  await stop(opened)
  return measured
}

async function measure (run: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await run()
  return performance.now() - begin
}
