/**
 * Counts the writes of this process to LevelDBs, and stops them: as a process that is killed before a
 * write never begins it, one whose write never begins can be killed there.
 */
import { ClassicLevel } from 'classic-level'

/** What is written in a directory. */
interface Writes {
  directory: string
  /** The number of the write to stop at: it, and all that come after it, never begin. */
  stopAt: number
  onStop: () => void
  count: number
}

const watched: Writes[] = []

/** Counts the writes below a directory, and stops before one of them. */
export function watchWrites (directory: string, stopAt = Infinity, onStop: () => void = () => {}): Writes {
  const writes: Writes = { directory, stopAt, onStop, count: 0 }
  watched.push(writes)
  return writes
}

const never = new Promise<never>(() => {})

async function beforeWrite (location: string): Promise<void> {
  const writes = watched.find(({ directory }) => location.startsWith(directory))
  if (writes == null) return
  writes.count++
  if (writes.count === writes.stopAt) writes.onStop()
  if (writes.count >= writes.stopAt) await never
}

const prototype = ClassicLevel.prototype as any
for (const name of ['_put', '_del', '_batch', '_clear']) {
  const write = prototype[name]
  prototype[name] = async function (...args: unknown[]) {
    await beforeWrite(this.location)
    return write.apply(this, args)
  }
}
