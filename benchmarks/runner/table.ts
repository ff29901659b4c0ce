// The results as a table of text.
import type { Aspect, DatasetResults, Sample, WayResults } from '../results.ts'

type Column = [title: string, cell: (way: WayResults) => string]

const inUnit = (value: number | undefined, size: number, digits: number): string => value == null ? '-' : (value / size).toFixed(digits)

const seconds = (sample?: Sample): string => inUnit(sample?.median, 1000, 2)
const megabytes = (bytes?: number): string => inUnit(bytes, 1e6, 1)

const columns: Column[] = [
  ['way', ({ name }) => name],
  ['backup s', ({ backup }) => seconds(backup?.time)],
  ['restore s', ({ restore }) => seconds(restore?.time)],
  ['first read s', ({ restore }) => seconds(restore?.firstRead)],
  ['all read s', ({ restore }) => seconds(restore?.completeRead)],
  ['backup MB', ({ backup }) => megabytes(backup?.peakMemory?.median)],
  ['restore MB', ({ restore }) => megabytes(restore?.peakMemory?.median)],
  ['artifact MB', ({ artifactBytes }) => megabytes(artifactBytes)],
  ['checks', ({ checks }) => checks],
  ['lost', way => way.skipped ?? describeLost(way)]
]

/** A table of the ways: medians. */
export function toTable ({ name, nodeBytes, heads, ways }: DatasetResults): string {
  const rows = [columns.map(([title]) => title), ...ways.map(way => columns.map(([, cell]) => cell(way)))]
  const widths = columns.map((_, i) => Math.max(...rows.map(row => row[i].length)))
  // Text to the left, and numbers to the right
  const isText = (i: number): boolean => i === 0 || i >= columns.length - 2
  const lines = rows.map(row => row.map((cell, i) => isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ').trimEnd())
  return `${name} (${heads} ${heads === 1 ? 'head' : 'heads'}, a node of ${megabytes(nodeBytes)} MB)\n\n${lines.join('\n')}\n`
}

function describeLost ({ same }: WayResults): string {
  if (same == null) {
    return '-'
  }
  const lost = (Object.keys(same) as Aspect[]).filter(aspect => !same[aspect])
  return lost.join(', ') || 'nothing'
}
