import { max, median, min } from 'simple-statistics'
import type { Sample } from '../results.ts'

/** A sample of values, of which there may be none in some rounds; undefined where there is none at all. */
export function toSample (values: Array<number | undefined>): Sample | undefined {
  const known = values.filter(value => value != null)
  return known.length === 0
    ? undefined
    : { median: median(known), min: min(known), max: max(known), values: known }
}
