// A chart of how long each way takes to restore, and what is guaranteed then: a line for each way, in groups from most
// guaranteed to least.
import { parseHTML } from 'linkedom'
import { seconds } from './numbers.ts'
import { describeLost, guaranteeOf, guarantees, largestOf, timeToUse } from './verdict.ts'
import type { Results } from './way.ts'

// Where it seems to be run by a test, it draws all half a pixel off, but not for a screen like this
Object.assign(globalThis, { window: { devicePixelRatio: 2 } })
const Plot = await import('@observablehq/plot')
Reflect.deleteProperty(globalThis, 'window')

const [width, rowHeight, left, right, top] = [960, 26, 235, 220, 110]
const [faint, blue, gray] = ['#59636e', '#0757ba', '#59636e']

/** Draws the chart for the largest database. */
export function drawChart (results: Results): string {
  const { entries, ways: all } = largestOf(results)
  const ways = all.map(way => ({ way, key: way.name, isOurs: way.orbitdb === 'patched', time: timeToUse(way) }))
  const times = ways.map(({ time }) => time)
  // With room for what is written beside the last point
  const [first, last] = [Math.min(...times) / 1.5, Math.max(...times) * 4]
  const groups = guarantees.map(guarantee => ({
    heading: guarantee,
    rows: ways.filter(({ way }) => guaranteeOf(way) === guarantee).sort((a, b) => a.time - b.time)
  })).filter(({ rows }) => rows.length > 0)
  const keys = groups.flatMap(({ heading, rows }) => [heading, ...rows.map(({ key }) => key)])
  const rows = groups.flatMap(({ rows }) => rows)
  const head = [
    `Restoring ${entries.toLocaleString('en')} entries: how long it takes, and what is guaranteed then`,
    'Until the database is open on a new node and its first entry was read. Where there is none to read: until it is done.',
    'Blue: this package. Hollow: to back up, the node must be stopped. The scale is logarithmic.',
    'Private keys belong to a node, not to a database: most ways leave them out on purpose.'
  ]
  type Row = typeof rows[number]
  const color = ({ isOurs }: Row) => isOurs ? blue : gray
  const { document } = parseHTML('<html></html>')
  const svg = Plot.plot({
    document,
    width,
    height: top + keys.length * rowHeight + 40,
    marginLeft: left,
    marginRight: right,
    marginTop: top,
    // GitHub shows a chart on white or on almost black: with a background of its own it is legible on both
    style: { background: '#ffffff', color: '#1f2328', fontSize: '13px' },
    x: { type: 'log', domain: [first, last], label: null, grid: true, ticks: [10, 100, 1000, 10_000, 100_000, 1_000_000].filter(ms => ms > first && ms < last), tickFormat: ms => `${seconds(ms)} s` },
    y: { type: 'band', domain: keys, axis: null },
    marks: [
      ...head.map((line, i) => Plot.text([line], { frameAnchor: 'top-left', dx: 12 - left, dy: i * 18 + (i > 0 ? 30 : 22) - top, fontSize: i > 0 ? 13 : 18, fill: i > 0 ? faint : 'currentColor', fontWeight: i > 0 ? 400 : 700, textAnchor: 'start' })),
      Plot.text(['What is lost'], { frameAnchor: 'top-right', dx: 16, dy: -14, textAnchor: 'start', fill: faint, fontWeight: 700 }),
      Plot.text(groups, { y: 'heading', text: 'heading', frameAnchor: 'left', dx: 12 - left, textAnchor: 'start', fontWeight: 700 }),
      Plot.text(rows, { y: 'key', text: 'key', frameAnchor: 'left', dx: -8, textAnchor: 'end', fill: color }),
      Plot.text(rows, { y: 'key', text: ({ way }: Row) => describeLost(way), frameAnchor: 'right', dx: 16, textAnchor: 'start', fill: faint }),
      Plot.dot(rows, { y: 'key', x: 'time', r: 6, stroke: color, strokeWidth: 2, fill: (row: Row) => row.way.reads === 'stopped node' ? '#ffffff' : color(row) }),
      Plot.text(rows, { y: 'key', x: 'time', text: ({ time }: Row) => `${seconds(time)} s`, dx: 14, textAnchor: 'start' })
    ]
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}
