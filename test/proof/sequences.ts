import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'

export interface SequencesOptions {
  /** What is done; the same seed does the same again. */
  seed?: number
  /** How many sequences, or for how many ms. */
  runs?: number
  duration?: number
}

/**
 * Performs random sequences, in a directory that is removed in the end. What goes wrong is shown by the shortest sequence that was
 * found.
 */
export async function runSequences<Step> (
  name: string,
  steps: fc.Arbitrary<Step[]>,
  perform: (steps: Step[], directory: string) => Promise<void>,
  { seed, runs = Infinity, duration = 50_000 }: SequencesOptions
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), `orbitdb-backup-${name}-`))
  let last: Promise<void> | undefined
  try {
    await fc.assert(fc.asyncProperty(steps, steps => (last = perform(steps, directory))), { seed, numRuns: runs, interruptAfterTimeLimit: duration })
  } finally {
    // Which is not waited for when the time is over
    await last?.catch(() => {})
    await rm(directory, { recursive: true, force: true })
  }
}
