import type { Dataset } from '../dataset.ts'

// In minutes
const maxTime = 5

/**
 * Creates what says that a way is not run on a database where it would take longer than five minutes.
 *
 * @param timeForEntry - how long it takes for an entry, in ms, which does not change with their number
 */
export const skipWhenTooLong = (timeForEntry: number) => ({ entries }: Dataset): string | undefined => {
  const time = Math.round(entries * timeForEntry / 60_000)
  return time > maxTime ? `It takes about ${timeForEntry} ms for each entry, ${time} min for all` : undefined
}
