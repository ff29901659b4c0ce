import { readFileSync } from 'node:fs'

/**
 * The most memory that a process has had, in bytes; undefined when it is over, and where there is no
 * /proc. It is that of the program: what `process.resourceUsage` tells counts what started it, too.
 */
export function peakMemoryOf (pid: number | 'self'): number | undefined {
  try {
    const [, kilobytes] = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmHWM:\s*(\d+) kB$/m) ?? []
    return kilobytes == null ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

/** The most memory that this process has had, in bytes. */
export const peakMemory = (): number => peakMemoryOf('self') ?? process.resourceUsage().maxRSS * 1024
