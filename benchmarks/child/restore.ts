import { MissingSetupError, open, start, stop } from '../node.ts'
import { peakMemory } from '../parts/memory.ts'
import { programs } from '../parts/program.ts'
import { getWay } from '../ways.ts'
import type { Open, Way } from '../way.ts'
import type { MeasuredRestore, TaskOf } from './tasks.ts'

/** Restores, reads what was restored, and measures it. */
export async function restore ({ way: name, restore }: TaskOf<'restore'>): Promise<MeasuredRestore> {
  const way = getWay(name)
  const begin = performance.now()
  const passed = (): number => performance.now() - begin

  const { restored, isMissing } = await attempt(way, () => way.restore(restore))
  const measured: MeasuredRestore = { time: passed(), peakMemory: programs.areRun ? programs.peakMemory : peakMemory() }
  if (isMissing || way.isForeign === true) {
    return measured
  }

  const opened = restored ?? await open(await start(restore.target, way.orbitdb), restore.dataset)
  if (await count(opened.db.log.iterator({ amount: 1 })) > 0) {
    measured.firstRead = passed()
  }
  if (await count(opened.db.iterator()) > 0) {
    measured.completeRead = passed()
  }
  await stop(opened)
  return measured
}

/** Restores, and tells whether that is a database which can not be opened, where that is a result and no defect. */
async function attempt ({ keeps }: Way, restore: () => Promise<Open | undefined>): Promise<{ restored?: Open, isMissing: boolean }> {
  try {
    return { restored: await restore(), isMissing: false }
  } catch (error) {
    if (keeps != null || !(error instanceof MissingSetupError)) {
      throw error
    }
    return { isMissing: true }
  }
}

async function count (items: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const item of items) {
    if (item != null) count++
  }
  return count
}
