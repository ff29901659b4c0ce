// Tells on stderr how far a benchmark has come: a bar on a terminal, and otherwise a line for each thing.
import { SingleBar } from 'cli-progress'
import type { Way } from '../way.ts'
import type { PhaseEvent } from './measure.ts'

export interface Progress {
  /** Called as the entries of a dataset are written. */
  onEntry: (dataset: string, done: number, total: number) => void
  onPhase: (event: PhaseEvent) => void
  stop: () => void
}

// Where there is no terminal, it is told this often that entries were written
const entriesPerLine = 10_000

export function createProgress (ways: Way[], rounds: number): Progress {
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
  // It starts again for each dataset
  const bar = new SingleBar({ format: '{bar} {what}', barsize: 20, clearOnComplete: true, linewrap: true })
  let current: string | undefined
  const show = (subject: string, total: number, done: number, what: string): void => {
    if (current !== subject) {
      bar.stop()
      bar.start(total, done, { what })
      current = subject
    }
    bar.update(done, { what })
  }
  let phases = 0
  return {
    onEntry: (dataset, done, total) => show(`writing ${dataset}`, total, done, `writing ${dataset}`),
    onPhase: event => {
      phases = current === event.dataset ? phases + 1 : 1
      show(event.dataset, 1 + rounds * ways.reduce((sum, way) => sum + phasesOf(way), 0), phases, describe({ ...event, notes: [] }))
    },
    stop: () => bar.stop()
  }
}

const phasesOf = ({ backup, isForeign = false }: Way): number => 1 + (backup == null ? 0 : 1) + (isForeign ? 0 : 1)

function describe ({ dataset, round, way, phase, time, notes = [] }: PhaseEvent): string {
  const line = `${dataset}, round ${round}: ${way}: ${phase}${time == null ? '' : ` ${time.toFixed(0)} ms`}`
  return [line, ...notes].join('\n  ')
}
