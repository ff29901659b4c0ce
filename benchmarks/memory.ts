import { readFileSync } from 'node:fs'

/**
 * The most memory that this process has had, in bytes: where there is no /proc, with that of what started it.
 */
export function peakMemory (): number {
  try {
    const [, kilobytes] = readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)!
    return Number(kilobytes) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
