/**
 * Counts the writes of this process to LevelDBs, and stops them: as a process that is killed before a
 * write never begins it, one whose write never begins can be killed there. Also notes what is on the disk
 * for sure: what a LevelDB has written by the end of a write with the option `sync`.
 */
import { appendFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'

/** What is written in a directory. */
interface Writes {
  directory: string
  /** The number of the write to stop at: it, and all that come after it, never begin. */
  stopAt: number
  onStop: () => void
  count: number
  notesSyncs: boolean
}

/** The file, beside a directory, in which it is noted how much of LevelDB's log files is on the disk: a line of JSON for each. */
export const syncedFile = (directory: string): string => `${directory}.synced`

/** Notes that all is on the disk that was written to a LevelDB so far, where this is asked for. */
function noteSync ({ directory, notesSyncs }: Writes, location: string): void {
  if (!notesSyncs) return
  for (const name of readdirSync(location)) {
    if (!/^\d+\.log$/.test(name)) continue
    const path = join(location, name)
    appendFileSync(syncedFile(directory), JSON.stringify({ path, size: statSync(path).size }) + '\n')
  }
}

const watched: Writes[] = []

export interface WatchOptions {
  /** The number of the write to stop at: none by default. */
  stopAt?: number
  onStop?: () => void
  /** Whether to note what is on the disk. */
  notesSyncs?: boolean
}

/** Counts the writes below a directory, and stops before one of them. */
export function watchWrites (directory: string, { stopAt = Infinity, onStop = () => {}, notesSyncs = false }: WatchOptions = {}): Writes {
  const writes: Writes = { directory, stopAt, onStop, count: 0, notesSyncs }
  watched.push(writes)
  return writes
}

const never = new Promise<never>(() => {})

const watcherOf = (location: string): Writes | undefined => watched.find(({ directory }) => location.startsWith(directory))

async function beforeWrite (writes: Writes): Promise<void> {
  writes.count++
  if (writes.count === writes.stopAt) writes.onStop()
  if (writes.count >= writes.stopAt) await never
}

const prototype = ClassicLevel.prototype as any
for (const name of ['_put', '_del', '_batch', '_clear']) {
  const write = prototype[name]
  prototype[name] = async function (...args: any[]) {
    const writes = watcherOf(this.location)
    if (writes != null) await beforeWrite(writes)
    const result = await write.apply(this, args)
    if (writes != null && args.at(-1)?.sync === true) noteSync(writes, this.location)
    return result
  }
}
