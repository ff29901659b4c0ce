import { parseArgs } from 'node:util'

/** What a run is like that takes a seed and some time. */
export interface TimedRun {
  /** What it does, for its help. */
  about: string
  /** What its seed says. */
  seedAbout: string
  /** For how long it runs by default. */
  minutes: number
}

/** Reads the options of a run, or shows its help and ends. */
export function readTimedOptions ({ about, seedAbout, minutes: defaultMinutes }: TimedRun): { seed: number, minutes: number } {
  const { values: { help, seed, minutes } } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1e6) },
      minutes: { type: 'string', default: String(defaultMinutes) }
    }
  })
  if (help) {
    console.log(`${about}

  --seed <n>      ${seedAbout}
  --minutes <n>   for how long (default ${defaultMinutes})`)
    process.exit()
  }
  return { seed: Number(seed), minutes: Number(minutes) }
}
