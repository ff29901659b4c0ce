// Says of each line of a chart which it is, where the line ends.
import { colors, toText, widthOf } from './chart.ts'
import { spread } from './spread.ts'

/** A line that was drawn. */
export interface DrawnLine {
  name: string
  /** What its last point is. */
  time: string
  color: string
  isBold: boolean
  /** Where its points are in the picture, from left to right. */
  pixels: Array<[x: number, y: number]>
}

const lineHeight = 19

// How far right of the end of a line its time ends, and its name begins
const timeEnd = 84
const nameBegin = 92

/** How much room is needed right of the lines. */
export const labelsWidth = (names: string[]): number => nameBegin + widthOf(names) + 16

/** Labels the lines in a part of a picture: beside it those that end at its right, the others in it. */
export function labelLines (lines: DrawnLine[], left: number, right: number, top: number, bottom: number) {
  const columns = Map.groupBy(lines, line => Math.round(endOf(line)[0]))
  // What no label may cover
  const taken = lines.map(({ pixels }) => pixels)
  return [...columns].sort(([a], [b]) => a - b).flatMap(([x, column]) => x === Math.round(right)
    ? labelBeside(column, top, bottom)
    : labelAbove(column, left, taken))
}

const endOf = ({ pixels }: DrawnLine) => pixels.at(-1)!

/** Labels one below the other, in the order in which the lines end. */
function labelBeside (lines: DrawnLine[], top: number, bottom: number) {
  const ys = spread(lines.map(line => endOf(line)[1]), lineHeight, top, bottom)
  return lines.flatMap((line, i) => {
    const [x, y] = endOf(line)
    return [
      toLeader(line, [[x + 9, y], [x + 28, ys[i]]]),
      toText(line.time, x + timeEnd, ys[i], { fill: colors.faintText, align: 'right' }),
      toText(line.name, x + nameBegin, ys[i], styleOf(line))
    ]
  })
}

/** Labels above all lines that are there: those that end early are slow, so that they are on top mostly. */
function labelAbove (lines: DrawnLine[], left: number, taken: DrawnLine['pixels'][]) {
  const toLabel = ({ name, time }: DrawnLine): string => `${name}  ${time}`
  const x = endOf(lines[0])[0]
  const width = widthOf(lines.map(toLabel))
  const isBefore = x - width > left
  const [from, to] = isBefore ? [x - width, x] : [x, x + width]
  const free = topOf(taken, from, to) - lineHeight
  const top = free - (lines.length - 1) * lineHeight
  taken.push([[from, top], [to, top]])

  return lines.toSorted((a, b) => endOf(b)[1] - endOf(a)[1]).flatMap((line, i) => {
    const y = free - i * lineHeight
    return [
      toLeader(line, [[x, endOf(line)[1] - 8], [x, y - 6]]),
      toText(toLabel(line), isBefore ? x - 6 : x + 6, y, { ...styleOf(line), align: isBefore ? 'right' : 'left' })
    ]
  })
}

/** Where the highest of some lines is, from one place to another. */
function topOf (lines: DrawnLine['pixels'][], from: number, to: number): number {
  return Math.min(...lines.flatMap(pixels => pixels.flatMap(([x, y], i) => {
    const [nextX, nextY] = pixels[i + 1] ?? [x, y]
    const at = (place: number): number => y + (nextY - y) * (place - x) / (nextX - x)
    return [...x >= from && x <= to ? [y] : [], ...[from, to].filter(place => place > x && place < nextX).map(at)]
  })))
}

const styleOf = ({ color, isBold }: DrawnLine) => ({ fill: color, fontWeight: isBold ? 'bold' : 'normal' })

const toLeader = ({ color }: DrawnLine, points: number[][]) => ({
  type: 'polyline',
  silent: true,
  shape: { points },
  style: { stroke: color, lineWidth: 1, fill: 'none' }
})
