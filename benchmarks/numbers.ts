import { median } from 'simple-statistics'

/** About two digits: more would change from run to run. */
export const round = (number: number): string => number < 9.95
  ? number.toLocaleString('en', { maximumSignificantDigits: 2 })
  : Math.round(number).toLocaleString('en')

/** Milliseconds in seconds. */
export const seconds = (ms: number): string => round(ms / 1000)

/** The median of what some rounds have; undefined where none has it. */
export function medianOf<Round> (rounds: Round[], of: (round: Round) => number | undefined): number | undefined {
  const values = rounds.map(of).filter(value => value != null)
  return values.length === 0 ? undefined : median(values)
}
