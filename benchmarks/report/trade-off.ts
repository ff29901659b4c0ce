// A chart of how long each way takes to restore, and what is guaranteed then: a line for each way, in
// groups from most guaranteed to least.
import { colors, draw, drawnTime, fontFamily, timeAxis, title, toText, widthOf } from './chart.ts'
import { formatCount, formatTime } from './format.ts'
import { growing } from './growth.ts'
import { describeLost, guaranteeOf, guarantees, timeToUse, timeToUseInWords, waysOf } from './verdict.ts'
import type { DatasetResults, Results, Sample, WayResults } from '../results.ts'

/** A line of the chart: the heading of a group, or a way. It has no time where it was not run. */
type Row = { heading: string } | { way: WayResults, time?: Sample }

const width = 960
const rowHeight = 26
const padding = 16
// How much of the axis is kept free for what is written beside the last point
const labelRoom = 0.2

/** Draws the chart for the largest database of one writer; undefined where nothing was restored. */
export function drawTradeOff (results: Results): string | undefined {
  const datasets = growing(results)
  const rows = toRows(datasets)
  const times = rows.flatMap(row => 'way' in row && row.time ? [row.time.min, row.time.max] : [])
  if (times.length === 0) {
    return undefined
  }
  const ways = rows.flatMap(row => 'way' in row ? [row.way] : [])
  const grid = {
    left: widthOf(ways.map(({ name }) => name)) + 2 * padding,
    right: Math.max(110, widthOf(ways.map(describeLost), 12)) + 2 * padding,
    top: 134,
    bottom: 36
  }
  const height = grid.top + rows.length * rowHeight + grid.bottom

  return draw({ width, height }, (chart) => {
    chart.setOption({
      title: title(`Restoring ${formatCount(datasets.at(-1)!.entries)} entries: how long it takes, and what is guaranteed then`, [
        timeToUseInWords,
        'Blue: this package. Hollow: to back up, the node must be stopped. The scale is logarithmic.',
        'Private keys belong to a node, not to a database: most ways leave them out on purpose.'
      ]),
      grid,
      xAxis: timeAxis(times, labelRoom),
      yAxis: { type: 'value', min: 0, max: rows.length, inverse: true, show: false },
      series: toSeries(rows)
    })
    const yOf = (row: number): number => grid.top + (row + 0.5) * rowHeight
    chart.setOption({
      graphic: [
        toText('What is lost', width - grid.right + padding, grid.top - rowHeight / 2, { fill: colors.faintText, fontWeight: 'bold' }),
        ...rows.flatMap((row, i) => 'heading' in row
          ? [
              { type: 'rect', silent: true, z: 1, shape: { x: padding, y: grid.top + i * rowHeight, width: width - 2 * padding, height: rowHeight }, style: { fill: colors.band } },
              toText(row.heading, padding + 8, yOf(i), { fontWeight: 'bold', lineWidth: 0 })
            ]
          : [
              toText(row.way.name, grid.left - 12, yOf(i), { align: 'right', ...isOurs(row.way) ? { fill: colors.ours, fontWeight: 'bold' } : {} }),
              ...row.time ? [] : [toText('not run with so many entries', grid.left + 12, yOf(i), { fill: colors.faintText })],
              toText(describeLost(row.way), width - grid.right + padding, yOf(i), { fill: colors.faintText, fontSize: 12 })
            ])
      ]
    })
  })
}

const isOurs = (way: WayResults): boolean => way.orbitdb === 'patched'

function toRows (datasets: DatasetResults[]): Row[] {
  const largest = datasets.at(-1)
  // What a way that was not run guarantees is known from smaller datasets
  const ways = Map.groupBy(datasets.flatMap(waysOf), ({ name }) => name)
  const rows = [...ways.values()].map((results) => {
    const way = results.at(-1)!
    return { way, time: largest?.ways.includes(way) ? timeToUse(way) : undefined }
  })
  return guarantees.flatMap((guarantee) => {
    const group = rows
      .filter(({ way }) => way.restore && guaranteeOf(way) === guarantee)
      .sort((a, b) => (a.time?.median ?? Infinity) - (b.time?.median ?? Infinity) || 0)
    return group.length > 0 ? [{ heading: guarantee }, ...group] : []
  })
}

function toSeries (rows: Row[]) {
  return rows.flatMap((row, i) => {
    if ('heading' in row || row.time === undefined) {
      return []
    }
    const { min, median, max } = row.time
    const color = isOurs(row.way) ? colors.ours : colors.others
    const y = i + 0.5
    return [
      {
        type: 'line',
        silent: true,
        z: 2,
        symbol: 'none',
        data: [[drawnTime(min), y], [drawnTime(max), y]],
        lineStyle: { color, width: 2 }
      },
      {
        type: 'scatter',
        silent: true,
        z: 3,
        data: [[drawnTime(median), y]],
        symbolSize: 12,
        itemStyle: { color: row.way.reads === 'stopped node' ? colors.background : color, borderColor: color, borderWidth: 2, opacity: 1 },
        label: { show: true, position: 'right', distance: 10, formatter: formatTime(median), color: colors.text, fontSize: 13, fontFamily, textBorderColor: colors.background, textBorderWidth: 4 }
      }
    ]
  })
}
