import { readFileSync } from 'node:fs'
import { median } from 'simple-statistics'

/** Milliseconds: as they pass, and those of all cores. */
export interface Taken {
  wall: number
  cpu: number
}

// In a second, as Linux counts
const ticks = 100

/** The CPU time of the programs that were run and have ended, in ms: 0 where there is no /proc. */
function cpuOfPrograms (): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')
    return (Number(fields[13]) + Number(fields[14])) * 1000 / ticks
  } catch {
    return 0
  }
}

/** Does something, and tells how long it took, in all threads and in programs that it ran. */
export async function take<Result> (fn: () => Result | Promise<Result>): Promise<Taken & { result: Result }> {
  const programs = cpuOfPrograms()
  const usage = process.cpuUsage()
  const start = performance.now()
  const result = await fn()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(usage)
  return { result, wall, cpu: (user + system) / 1000 + cpuOfPrograms() - programs }
}

/** Notes how long some things take, each several times. */
export function createClock () {
  const all = new Map<string, Taken[]>()
  return {
    /** Does something, and notes how long it takes. */
    time: async <Result> (what: string, fn: () => Result | Promise<Result>): Promise<Result> => {
      const { result, ...taken } = await take(fn)
      all.set(what, [...all.get(what) ?? [], taken])
      return result
    },
    /** What was noted, in its order. */
    names: () => [...all.keys()],
    /** The medians of what some things took together. */
    medianOf: (...names: string[]): Taken => {
      const sum = (of: keyof Taken): number => names.reduce((sum, name) => sum + median(all.get(name)!.map(taken => taken[of])), 0)
      return { wall: sum('wall'), cpu: sum('cpu') }
    }
  }
}
