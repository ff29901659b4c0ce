import { existsSync, readFileSync } from 'node:fs'

/** What something took: milliseconds, as they passed and of all cores, and bytes. */
export interface Taken {
  wall: number
  cpu: number
  /** The most memory that the process has had: nothing where it left all to a program. */
  peak?: number
  /** The most memory in use over that before, where garbage can be collected (`--expose-gc`). */
  used: number
}

/** What Linux tells of this process, and nothing elsewhere. */
const readProc = (name: string): string => existsSync('/proc/self') ? readFileSync(`/proc/self/${name}`, 'utf8') : ''

/** The CPU time of the programs that were run and have ended, in ms: Linux counts it in hundredths of a second. */
function cpuOfPrograms (): number {
  const [user = 0, system = 0] = readProc('stat').split(') ').at(-1)!.split(' ').slice(13, 15).map(Number)
  return (user + system) * 10
}

// Elsewhere it is that of what started the process, if that had more
const peakMemory = (): number => Number(/^VmHWM:\s*(\d+) kB$/m.exec(readProc('status'))?.[1] ?? process.resourceUsage().maxRSS) * 1024

/** How many bytes are in use once garbage is collected, where it can be. */
function measureUsed (): number {
  // What is outside of the heap is counted until the next collection
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Does something, and tells what it took, in all threads and in programs that it ran. */
export async function take (fn: () => unknown): Promise<Taken> {
  const before = measureUsed()
  let most = before
  let timer: NodeJS.Timeout | undefined
  const sample = (): void => {
    const begin = performance.now()
    most = Math.max(most, measureUsed())
    // To collect garbage takes a fifth of the time, however much there is
    timer = setTimeout(sample, 4 * (performance.now() - begin))
  }
  if (globalThis.gc != null) sample()
  const programs = cpuOfPrograms()
  const usage = process.cpuUsage()
  const start = performance.now()
  await fn()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(usage)
  clearTimeout(timer)
  return { wall, cpu: (user + system) / 1000 + cpuOfPrograms() - programs, peak: peakMemory(), used: most - before }
}
