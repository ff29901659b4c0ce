// Numbers as people write them.
type Units = Array<[name: string, size: number]>

// From small to large
const times: Units = [['ms', 1], ['s', 1000], ['min', 60_000], ['h', 3_600_000]]
const sizes: Units = [['B', 1], ['kB', 1e3], ['MB', 1e6], ['GB', 1e9]]

/** 1422 as 1,422. */
export const formatCount = (count: number): string => count.toLocaleString('en')

/** About two digits: more would change from run to run. */
const round = (number: number): string => number < 0.95
  ? number.toLocaleString('en', { maximumSignificantDigits: 2 })
  : number < 9.95 ? number.toFixed(1) : formatCount(Math.round(number))

/** In the largest unit that it is at least one of, when it is rounded. */
const formatIn = (units: Units) => (number: number): string => {
  const [name, size] = units.findLast(([, size]) => Number((number / size).toPrecision(2)) >= 1) ?? units[0]
  return `${round(number / size)} ${name}`
}

/** Milliseconds as 3.2 s. */
export const formatTime = formatIn(times)

/** Bytes as 3.2 MB. */
export const formatBytes = formatIn(sizes)

/** How many times as much as something else, as ×12. */
export const formatRatio = (number: number, other: number): string => `×${round(number / other)}`
