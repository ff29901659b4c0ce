// What is found out about a way on a dataset, round by round.
import { toSample } from './sample.ts'
import type { Comparison, Measured, MeasuredRestore } from '../child/tasks.ts'
import type { Aspect, WayResults } from '../results.ts'
import type { Way } from '../way.ts'

/** What is found out about a way in a round. */
export interface Round {
  backup?: Measured
  artifactBytes?: number
  restore: MeasuredRestore
  comparison?: Comparison
}

const describe = ({ name, about, orbitdb, reads, checks }: Way): WayResults => ({ name, about, orbitdb, reads, checks })

/** The results of a way that is not run, or that failed. */
export const toSkipped = (way: Way, why: string): WayResults => ({ ...describe(way), skipped: why })

/** The results of a way. */
export function toResults (way: Way, rounds: Round[]): WayResults {
  const results = describe(way)
  const backups = rounds.flatMap(({ backup }) => backup ?? [])
  if (backups.length > 0) {
    results.backup = {
      time: toSample(backups.map(({ time }) => time))!,
      peakMemory: toSample(backups.map(({ peakMemory }) => peakMemory))
    }
    results.artifactBytes = rounds.at(-1)!.artifactBytes
  }
  const sample = (name: keyof MeasuredRestore) => toSample(rounds.map(({ restore }) => restore[name]))
  results.restore = {
    time: sample('time')!,
    firstRead: sample('firstRead'),
    completeRead: sample('completeRead'),
    peakMemory: sample('peakMemory')
  }
  const comparisons = rounds.flatMap(({ comparison }) => comparison ?? [])
  if (comparisons.length > 0) {
    results.same = intersect(comparisons.map(({ same }) => same))
  }
  return results
}

/** What was the same each time. */
function intersect (all: Array<Record<Aspect, boolean>>): Record<Aspect, boolean> {
  const aspects = Object.keys(all[0]) as Aspect[]
  return Object.fromEntries(aspects.map(aspect => [aspect, all.every(same => same[aspect])])) as Record<Aspect, boolean>
}

/** What a way lost though it must not. */
export function lostOf ({ keeps = [] }: Pick<Way, 'keeps'>, { same }: Pick<WayResults, 'same'>): Aspect[] {
  return keeps.filter(aspect => same?.[aspect] !== true)
}
