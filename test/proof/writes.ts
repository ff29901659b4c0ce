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
}

/** The file, beside a directory, in which it is noted how much of LevelDB's log files is on the disk: a line of JSON for each. */
export const syncedFile = (directory: string): string => `${directory}.synced`

/** Notes that all is on the disk that was written to a LevelDB so far. */
function noteSync (directory: string, location: string): void {
  for (const name of readdirSync(location)) {
    if (!/^\d+\.log$/.test(name)) continue
    const path = join(location, name)
    appendFileSync(syncedFile(directory), JSON.stringify({ path, size: statSync(path).size }) + '\n')
  }
}

const watched: Writes[] = []

/** Counts the writes below a directory, and stops before one of them. */
export function watchWrites (directory: string, stopAt = Infinity, onStop: () => void = () => {}): Writes {
  const writes: Writes = { directory, stopAt, onStop, count: 0 }
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
    if (writes != null && args.at(-1)?.sync === true) noteSync(writes.directory, this.location)
    return result
  }
}
