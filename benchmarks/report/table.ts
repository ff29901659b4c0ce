// The results as plain text, for a terminal.
import { formatBytes, formatCount, formatTime } from './format.ts'
import { describeLost, waysOf } from './verdict.ts'
import type { DatasetResults, Results, Sample } from '../results.ts'

const head = ['', 'backup', 'restore', 'complete read', 'size', 'lost']

/** The medians, a table for each dataset. */
export const formatTable = ({ datasets }: Results): string => datasets.map(formatDataset).join('\n\n')

function formatDataset (dataset: DatasetResults): string {
  const time = (sample?: Sample): string => sample ? formatTime(sample.median) : '–'
  const rows = waysOf(dataset).map(way => [
    way.name,
    time(way.backup?.time),
    time(way.restore?.time),
    time(way.restore?.completeRead),
    way.artifactBytes === undefined ? '–' : formatBytes(way.artifactBytes),
    describeLost(way)
  ])
  const skipped = dataset.ways.filter(({ skipped }) => skipped !== undefined)
  return [
    titleOf(dataset),
    ...align([head, ...rows]),
    ...skipped.map(({ name, skipped }) => `${name}: not run, ${skipped}`)
  ].join('\n')
}

/** What a database is like, in words. */
export function titleOf ({ name, entries, writers, heads }: DatasetResults): string {
  const kind = name.endsWith('-indexed') ? ', KeyValueIndexed' : ''
  return `${formatCount(entries)} entries, ${count(writers, 'writer')}, ${count(heads, 'head')}${kind}`
}

const count = (number: number, what: string): string => `${formatCount(number)} ${what}${number === 1 ? '' : 's'}`

/** Names and what is lost to the left, numbers to the right. */
function align (rows: string[][]): string[] {
  const widths = head.map((_, column) => Math.max(...rows.map(row => row[column].length)))
  return rows.map(row => row
    .map((cell, column) => column === 0 || column === row.length - 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
    .join('  ')
    .trimEnd())
}
