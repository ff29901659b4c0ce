// Tells on stderr how far a benchmark has come: a bar on a terminal, and otherwise a line for each thing.
import { SingleBar } from 'cli-progress'
import type { PhaseEvent } from './measure.ts'

export interface Progress {
  /** Called as the entries of a dataset are written. */
  onEntry: (dataset: string, done: number, total: number) => void
  onPhase: (event: PhaseEvent) => void
  stop: () => void
}

// Where there is no terminal, it is told this often that entries were written
const entriesPerLine = 10_000

/** @param rounds - how many rounds there are, in all datasets */
export function createProgress (rounds: number): Progress {
  if (!process.stderr.isTTY) {
    return {
      onEntry: (dataset, done, total) => {
        if (done % entriesPerLine === 0 || done === total) {
          console.error(`${dataset}: ${done} of ${total} entries written`)
        }
      },
      onPhase: event => console.error(describe(event)),
      stop: () => {}
    }
  }
  // It starts again for each dataset that has to be written, and for each that is measured
  const bar = new SingleBar({ format: '{bar} {what}', clearOnComplete: true, linewrap: true })
  const show = (total: number, done: number, what: string): void => {
    if (!bar.isActive) bar.start(total, 0, { what })
    bar.setTotal(total)
    bar.update(done, { what })
  }
  return {
    onEntry: (dataset, done, total) => show(total, done, `writing ${dataset}`),
    onPhase: event => show(rounds, event.round, describe(event)),
    stop: () => bar.stop()
  }
}

function describe ({ dataset, round, way, phase, time, notes = [] }: PhaseEvent): string {
  const line = `${dataset}, round ${round}: ${way}: ${phase}${time == null ? '' : ` ${time.toFixed(0)} ms`}`
  return [line, ...notes].join('\n  ')
}
