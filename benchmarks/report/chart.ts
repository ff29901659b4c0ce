// A chart of how long each way takes to restore, and what is guaranteed then: a line for each way, in
// groups from most guaranteed to least.
import { formatCount, formatTime } from './format.ts'
import { describeLost, guaranteeOf, guarantees, timeToUse, timeToUseInWords, waysOf } from './verdict.ts'
import type { DatasetResults, Results, Sample, WayResults } from '../results.ts'

/** A line of the chart: the heading of a group, or a way. It has no time where it was not run. */
type Row = { heading: string } | { way: WayResults, time?: Sample, skipped?: string }

// GitHub shows a chart on white or on almost black: with a background of its own it is legible on both
const colors = { background: '#ffffff', text: '#1f2328', faint: '#59636e', line: '#d1d9e0', band: '#f1f4f7', ours: '#0757ba', others: '#59636e' }

const width = 960
const rowHeight = 26
const padding = 16
const top = 134
const bottom = 36

// In milliseconds
const ticks = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000]

/** How wide the longest of some texts is, about: it depends on the fonts of who looks at it. */
const widthOf = (texts: string[], fontSize = 13): number => Math.ceil(Math.max(0, ...texts.map(({ length }) => length)) * fontSize * 0.64)

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const toText = (text: string, x: number, y: number, { fill = colors.text, size = 13, isBold = false, anchor = 'start' } = {}): string => {
  return `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}"${isBold ? ' font-weight="bold"' : ''} text-anchor="${anchor}" dominant-baseline="central">${escape(text)}</text>`
}

/** Draws the chart for the largest database of one writer; undefined where nothing was restored. */
export function drawChart (results: Results): string | undefined {
  const datasets = growing(results)
  const rows = toRows(datasets)
  const times = rows.flatMap(row => 'way' in row && row.time ? [row.time.min, row.time.max] : [])
  if (times.length === 0) {
    return undefined
  }
  const ways = rows.flatMap(row => 'way' in row ? [row.way] : [])
  const left = widthOf(ways.map(({ name }) => name)) + 2 * padding
  const right = width - Math.max(110, widthOf(ways.map(describeLost), 12)) - 2 * padding
  const height = top + rows.length * rowHeight + bottom

  // The scale is logarithmic, and has room for what is written beside the last point
  const [min, max] = [Math.min(...times) / 1.5, Math.max(...times) * 4]
  const xOf = (time: number): number => Math.round(left + (right - left) * Math.log(time / min) / Math.log(max / min))

  const drawRow = (row: Row, i: number): string[] => {
    const y = top + (i + 0.5) * rowHeight
    if ('heading' in row) {
      return [
        `<rect x="${padding}" y="${y - rowHeight / 2}" width="${width - 2 * padding}" height="${rowHeight}" fill="${colors.band}"/>`,
        toText(row.heading, padding + 8, y, { isBold: true })
      ]
    }
    const { way, time, skipped } = row
    const isOurs = way.orbitdb === 'patched'
    const color = isOurs ? colors.ours : colors.others
    return [
      toText(way.name, left - 12, y, { anchor: 'end', isBold: isOurs, fill: isOurs ? color : colors.text }),
      toText(describeLost(way), right + padding, y, { fill: colors.faint, size: 12 }),
      ...time == null
        ? [toText(skipped ?? '', left + 12, y, { fill: colors.faint })]
        : [
            `<line x1="${xOf(time.min)}" y1="${y}" x2="${xOf(time.max)}" y2="${y}" stroke="${color}" stroke-width="2"/>`,
            `<circle cx="${xOf(time.median)}" cy="${y}" r="6" fill="${way.reads === 'stopped node' ? colors.background : color}" stroke="${color}" stroke-width="2"/>`,
            toText(formatTime(time.median), Math.max(xOf(time.median), xOf(time.max)) + 14, y)
          ]
    ]
  }

  return [
    // Without quotation marks, which would have to be escaped
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="-apple-system, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="${colors.background}"/>`,
    toText(`Restoring ${formatCount(datasets.at(-1)!.entries)} entries: how long it takes, and what is guaranteed then`, padding, 26, { size: 18, isBold: true }),
    ...[
      timeToUseInWords,
      'Blue: this package. Hollow: to back up, the node must be stopped. The scale is logarithmic.',
      'Private keys belong to a node, not to a database: most ways leave them out on purpose.'
    ].map((line, i) => toText(line, padding, 52 + 18 * i, { fill: colors.faint })),
    toText('What is lost', right + padding, top - rowHeight / 2, { fill: colors.faint, isBold: true }),
    ...ticks.filter(tick => tick > min && tick < max).flatMap(tick => [
      `<line x1="${xOf(tick)}" y1="${top}" x2="${xOf(tick)}" y2="${height - bottom}" stroke="${colors.line}"/>`,
      toText(formatTime(tick).replace('.0', ''), xOf(tick), height - bottom + 16, { fill: colors.faint, anchor: 'middle' })
    ]),
    ...rows.flatMap(drawRow),
    '</svg>\n'
  ].join('\n')
}

/** The databases of one writer: they differ in size only. */
export const growing = ({ datasets }: Results): DatasetResults[] => datasets
  .filter(({ name, writers }) => writers === 1 && !name.endsWith('-indexed'))
  .sort((a, b) => a.entries - b.entries)

function toRows (datasets: DatasetResults[]): Row[] {
  const largest = datasets.at(-1)
  // What a way that was not run guarantees is known from smaller datasets
  const ways = Map.groupBy(datasets.flatMap(waysOf), ({ name }) => name)
  const rows = [...ways.values()].map((results) => {
    const way = results.at(-1)!
    return { way, time: largest?.ways.includes(way) ? timeToUse(way) : undefined, skipped: largest?.ways.find(({ name }) => name === way.name)?.skipped }
  })
  return guarantees.flatMap((guarantee) => {
    const group = rows
      .filter(({ way }) => way.restore && guaranteeOf(way) === guarantee)
      .sort((a, b) => (a.time?.median ?? Infinity) - (b.time?.median ?? Infinity) || 0)
    return group.length > 0 ? [{ heading: guarantee }, ...group] : []
  })
}
