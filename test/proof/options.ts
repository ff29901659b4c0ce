import { parseArgs } from 'node:util'

/** Shows the help of a run, and ends, where that is asked for. */
export function showHelp (help: string): void {
  if (process.argv.includes('--help')) {
    console.log(help)
    process.exit()
  }
}

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
  showHelp(`${about}

  --seed <n>      ${seedAbout}
  --minutes <n>   for how long (default ${defaultMinutes})`)
  const { values: { seed, minutes } } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1e6) },
      minutes: { type: 'string', default: String(defaultMinutes) }
    }
  })
  return { seed: Number(seed), minutes: Number(minutes) }
}
