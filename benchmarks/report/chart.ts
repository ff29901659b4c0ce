// What all charts have in common.
import { LineChart, ScatterChart } from 'echarts/charts'
import { GraphicComponent, GridComponent, TitleComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { formatTime } from './format.ts'

echarts.use([LineChart, ScatterChart, GraphicComponent, GridComponent, TitleComponent, SVGRenderer])

export type Chart = echarts.EChartsType

// GitHub shows a chart on white or on almost black: with a background of its own it is legible on both
export const colors = { background: '#ffffff', text: '#1f2328', faintText: '#59636e', line: '#d1d9e0', band: '#f1f4f7', ours: '#0757ba', others: '#59636e' }

// Without quotation marks, which the SVG would not escape
export const fontFamily = '-apple-system, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif'

export const title = (text: string, lines: string[]) => ({
  text,
  subtext: lines.join('\n'),
  left: 16,
  top: 12,
  itemGap: 6,
  textStyle: { fontSize: 18, color: colors.text, fontFamily },
  subtextStyle: { fontSize: 13, lineHeight: 18, color: colors.faintText, fontFamily }
})

// In milliseconds
const timeTicks = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000]

/** Where a time is drawn: the scale has no zero, and what takes less than this takes no time. */
export const drawnTime = (ms: number): number => Math.max(ms, timeTicks[0])

/** How wide the longest of some texts is, about: it depends on the fonts of who looks at it. */
export const widthOf = (texts: string[], fontSize = 13): number => {
  return Math.ceil(Math.max(0, ...texts.map(({ length }) => length)) * fontSize * 0.58)
}

/** Text at a place in the picture. Its edge keeps lines away. */
export const toText = (text: string, x: number, y: number, style: object) => ({
  type: 'text',
  silent: true,
  x,
  y,
  z: 10,
  style: { text, verticalAlign: 'middle', fontSize: 13, fontFamily, fill: colors.text, stroke: colors.background, lineWidth: 4, ...style }
})

/** An axis of times with ticks where people expect them. Some of it may be kept free beyond the last time. */
export function timeAxis (times: number[], room = 0) {
  const drawn = times.map(drawnTime)
  const [min, max] = [Math.min(...drawn), Math.max(...drawn)]
  return {
    type: 'log' as const,
    min: min / 1.5,
    max: max * Math.max(1.5, (max / min) ** room),
    axisLine: { show: false },
    axisTick: { show: false, customValues: timeTicks },
    axisLabel: { customValues: timeTicks, formatter: (ms: number) => formatTime(ms).replace('.0', ''), color: colors.faintText, fontSize: 13 },
    splitLine: { lineStyle: { color: colors.line } }
  }
}

/** Draws a chart. What it is given while it is set up may depend on where earlier things are. */
export function draw (size: { width: number, height: number }, setUp: (chart: Chart) => void): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  try {
    chart.setOption({ animation: false, backgroundColor: colors.background, textStyle: { fontFamily, color: colors.text } })
    setUp(chart)
    return clean(chart.renderToSVGString())
  } finally {
    chart.dispose()
  }
}

/**
 * Leaves out what is for pointers, as this is a picture. The names of its styles, and of what it clips,
 * hold a number of what was drawn before: without it, the same results are the same bytes.
 */
function clean (svg: string): string {
  return svg
    .replace(/<style.*?<\/style>\n?/s, '')
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, '')
}
