// Numbers as people write them.
interface Unit {
  name: string
  size: number
}

// From small to large
const times: Unit[] = [{ name: 'ms', size: 1 }, { name: 's', size: 1000 }, { name: 'min', size: 60_000 }, { name: 'h', size: 3_600_000 }]
const sizes: Unit[] = [{ name: 'B', size: 1 }, { name: 'kB', size: 1e3 }, { name: 'MB', size: 1e6 }, { name: 'GB', size: 1e9 }]

/** About two digits: more would change from run to run. */
function round (number: number): string {
  if (number < 0.95) {
    return number.toLocaleString('en', { maximumSignificantDigits: 2 })
  }
  return number < 9.95 ? number.toFixed(1) : formatCount(Math.round(number))
}

/** The largest unit that a number is at least one of, when it is rounded. */
function unitOf (number: number, units: Unit[]): Unit {
  return units.findLast(({ size }) => Number((number / size).toPrecision(2)) >= 1) ?? units[0]
}

/** 1422 as 1,422. */
export const formatCount = (count: number): string => count.toLocaleString('en')

function formatWith (units: Unit[], number: number): string {
  const { name, size } = unitOf(number, units)
  return `${round(number / size)} ${name}`
}

/** Milliseconds as 3.2 s. */
export const formatTime = (ms: number): string => formatWith(times, ms)

/** Bytes as 3.2 MB. */
export const formatBytes = (bytes: number): string => formatWith(sizes, bytes)

/** How many times as much as something else, as ×12. */
export const formatRatio = (number: number, other: number): string => `×${round(number / other)}`
