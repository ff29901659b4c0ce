import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ways } from '../ways.ts'
import type { Shape } from '../dataset.ts'
import type { Way } from '../way.ts'

export const usage = `Usage: npm run bench -- [options]

  --full          100,000 entries, too
  --quick         a few entries and one round, to see that all ways work
  --entries <n>   a database of n entries instead
  --writers <n>   written by n writers
  --indexed       that is a KeyValueIndexed, with one writer
  --ways <name>   only ways whose name has this in it; may be repeated
  --rounds <n>    how many times each way is run (3)
  --results <dir> where to write the results
  --resume        go on with the results that are there
`

export interface Options {
  shapes: Shape[]
  ways: Way[]
  rounds: number
  /** Whether it is only to see that all ways work. */
  isQuick: boolean
  /** Where the results are written, if they are. */
  results?: string
  /** Whether databases that are in the results already are not measured again. */
  isResumed: boolean
  isHelp: boolean
}

/** Where the results of a complete run are. */
const ownResults = join(import.meta.dirname, '../results')

const shapes: Shape[] = [
  { entries: 1000, writers: 1 },
  { entries: 1000, writers: 4 },
  { entries: 1000, writers: 1, isIndexed: true },
  { entries: 10_000, writers: 1 },
  { entries: 10_000, writers: 4 }
]

const largest: Shape = { entries: 100_000, writers: 1 }

/** @throws TypeError when the arguments are wrong. */
export function readOptions (args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      entries: { type: 'string' },
      writers: { type: 'string' },
      indexed: { type: 'boolean', default: false },
      ways: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      results: { type: 'string' },
      resume: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  const isOwnShape = values.entries != null || values.writers != null || values.indexed
  const own = {
    entries: toCount('entries', values.entries ?? (values.quick ? '200' : '1000')),
    writers: toCount('writers', values.writers ?? (values.quick && !values.indexed ? '4' : '1')),
    isIndexed: values.indexed
  }
  if (own.isIndexed && own.writers > 1) {
    // They get each other's entries by `log.joinEntry`, which leaves that index as it is
    throw new TypeError('--indexed is for one writer')
  }
  const chosen = ways.filter(({ name }) => values.ways?.some(part => name.toLowerCase().includes(part.toLowerCase())) ?? true)
  if (chosen.length === 0) {
    throw new TypeError(`There is no such way. These are: ${ways.map(({ name }) => name).join('; ')}`)
  }
  const isComplete = !isOwnShape && !values.quick && values.ways == null && values.rounds == null
  return {
    shapes: isOwnShape || values.quick ? [own] : [...shapes, ...values.full ? [largest] : []],
    ways: chosen,
    rounds: toCount('rounds', values.rounds ?? (values.quick ? '1' : '3')),
    isQuick: values.quick,
    // What is not complete does not replace what is
    results: values.results ?? (isComplete ? ownResults : undefined),
    isResumed: values.resume,
    isHelp: values.help
  }
}

function toCount (name: string, value: string): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < 1) {
    throw new TypeError(`--${name} has to be a number`)
  }
  return count
}
