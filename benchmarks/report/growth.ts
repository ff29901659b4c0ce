// A chart of how a time grows with the entries, with a line for each way.
import { colors, draw, drawnTime, timeAxis, title } from './chart.ts'
import { formatCount, formatTime } from './format.ts'
import { labelLines, labelsWidth } from './line-labels.ts'
import { hasEntries, timeToUse, timeToUseInWords } from './verdict.ts'
import type { DatasetResults, Results, Sample, WayResults } from '../results.ts'

/** A line: where it goes, and how it looks. */
interface Line {
  name: string
  points: Array<[entries: number, time: number]>
  color: string
  symbol: string
  isHollow: boolean
  isOurs: boolean
  isDashed: boolean
}

// Dark enough to be read on white. There are not as many as symbols, so that lines that share a color do
// not share a symbol.
const lineColors = {
  patched: ['#0757ba', '#0a3069', '#2f8fee', '#087e8b'],
  stock: ['#b35900', '#1a7f37', '#8250df', '#a40e26', '#6e7781', '#bf3989', '#7a5c00', '#1f2328', '#5a8f00']
}
const symbols = [
  'circle', 'rect', 'triangle', 'diamond',
  'path://M0,0L10,0L5,9Z', // a triangle upside down
  'path://M3,0L7,0L7,3L10,3L10,7L7,7L7,10L3,10L3,7L0,7L0,3L3,3Z', // a plus
  'path://M5,0L6.2,3.5L10,3.6L7,5.9L8.1,9.5L5,7.4L1.9,9.5L3,5.9L0,3.6L3.8,3.5Z', // a star
  'path://M2.5,0L7.5,0L10,5L7.5,10L2.5,10L0,5Z' // a hexagon
]

const width = 960
const height = 620
const margin = { left: 76, top: 124, bottom: 56 }

/** The databases of one writer: they differ in size only. */
export const growing = ({ datasets }: Results): DatasetResults[] => datasets
  .filter(({ name, writers }) => writers === 1 && !name.endsWith('-indexed'))
  .sort((a, b) => a.entries - b.entries)

type TimeOf = (way: WayResults) => Sample | undefined

const legend = 'Thick: this package. Hollow: to back up, the node must be stopped.'
const scales = 'Both scales are logarithmic. Lines that end early were not run with more entries.'

/** Time to back up; undefined where nothing was measured. */
export const drawBackup = (results: Results): string | undefined => drawGrowth(
  results,
  'Time to back up',
  ['Until all is in the backup.', legend, scales],
  way => way.backup?.time,
  () => false
)

/** Time to restore; undefined where nothing was measured. */
export const drawRestore = (results: Results): string | undefined => drawGrowth(
  results,
  'Time to restore',
  [
    timeToUseInWords,
    `${legend} Dashed: entries are lost, or it is no OrbitDB database.`,
    scales
  ],
  timeToUse,
  way => !hasEntries(way)
)

function drawGrowth (results: Results, text: string, subtext: string[], timeOf: TimeOf, isDashed: (way: WayResults) => boolean): string | undefined {
  const datasets = growing(results)
  const lines = toLines(datasets, timeOf, isDashed)
  if (lines.length === 0) {
    return undefined
  }
  const right = labelsWidth(lines.map(({ name }) => name))
  const sizes = datasets.map(({ entries }) => entries)
  return draw({ width, height }, (chart) => {
    chart.setOption({
      title: title(text, subtext),
      grid: { ...margin, right },
      xAxis: {
        type: 'log',
        min: sizes[0] / 1.5,
        max: sizes.at(-1),
        name: 'entries',
        nameLocation: 'middle',
        nameGap: 32,
        nameTextStyle: { color: colors.faintText, fontSize: 13 },
        axisLine: { lineStyle: { color: colors.line } },
        axisTick: { customValues: sizes },
        axisLabel: { customValues: sizes, formatter: formatCount, color: colors.faintText, fontSize: 13 },
        splitLine: { show: false }
      },
      yAxis: timeAxis(lines.flatMap(({ points }) => points.map(([, time]) => time))),
      series: lines.map(toSeries)
    })
    const toPixel = (point: [number, number]) => chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, point) as [number, number]
    const ended = lines.map(({ name, points, color, isOurs }) => ({
      name,
      time: formatTime(points.at(-1)![1]),
      color,
      isBold: isOurs,
      pixels: points.map(([entries, time]) => toPixel([entries, drawnTime(time)]))
    }))
    chart.setOption({ graphic: labelLines(ended, margin.left, width - right, margin.top, height - margin.bottom) })
  })
}

function toLines (datasets: DatasetResults[], timeOf: TimeOf, isDashed: (way: WayResults) => boolean): Line[] {
  const ways = datasets.flatMap(({ entries, ways }) => ways.map(way => ({ entries, way, time: timeOf(way)?.median })))
  const count = { patched: 0, stock: 0 }
  return [...Map.groupBy(ways, ({ way }) => way.name)].flatMap(([name, points]) => {
    const [{ way }] = points
    // Counted with those that have no time, so that a way looks the same in all charts
    const i = count[way.orbitdb]++
    const measured = points.filter(({ time }) => time !== undefined)
    return measured.length === 0
      ? []
      : [{
          name,
          points: measured.map(({ entries, time }): [number, number] => [entries, time!]),
          color: lineColors[way.orbitdb][i % lineColors[way.orbitdb].length],
          symbol: symbols[i % symbols.length],
          isHollow: way.reads === 'stopped node',
          isOurs: way.orbitdb === 'patched',
          isDashed: measured.some(({ way }) => isDashed(way))
        }]
  })
}

const toSeries = ({ name, points, color, symbol, isHollow, isOurs, isDashed }: Line) => ({
  type: 'line',
  name,
  silent: true,
  data: points.map(([entries, time]) => [entries, drawnTime(time)]),
  symbol,
  symbolSize: isOurs ? 11 : 9,
  showAllSymbol: true,
  clip: false,
  itemStyle: { color: isHollow ? colors.background : color, borderColor: color, borderWidth: 1.5, opacity: 1 },
  lineStyle: { color, width: isOurs ? 3 : 1.5, type: isDashed ? [5, 4] : 'solid' },
  z: isOurs ? 3 : 2
})
