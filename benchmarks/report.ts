// Writes the results of the benchmarks for people: as Markdown, as GitHub shows it, and as a chart.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawChart, growing } from './report/chart.ts'
import { formatBytes, formatCount, formatRatio, formatTime } from './report/format.ts'
import { toTable } from './report/table.ts'
import { baseline, describeLost, timeToUse, waysOf } from './report/verdict.ts'
import type { DatasetResults, Results, Sample, WayResults } from './results.ts'

/** Writes results.json, results.md and the chart that it shows to a directory. The same results give the same bytes. */
export async function report (results: Results, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const chart = drawChart(results)
  if (chart != null) {
    await writeFile(join(directory, 'trade-off.svg'), chart)
  }
  await writeFile(join(directory, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(join(directory, 'results.md'), toMarkdown(results, chart != null))
}

/** A table for each dataset. */
export const toTables = ({ datasets }: Results): string => datasets.map(toDataset).join('\n\n')

/** A short table of the largest database of one writer. */
export function toSummary (results: Results): string {
  const dataset = growing(results).at(-1)!
  const rows = dataset.ways.map(way => way.restore == null
    ? [nameOf(way), way.skipped!, '', '', '']
    : [nameOf(way), way.backup == null ? '–' : formatTime(way.backup.time.median), formatTime(timeToUse(way)!.median), describeLost(way), way.checks])
  return [
    `${formatCount(dataset.entries)} entries of ${formatBytes(dataset.entryBytes)}, on ${results.date.slice(0, 10)}:`,
    toTable(['', 'back up', 'restore, and read an entry', 'lost', 'checked'], [1, 2], rows)
  ].join('\n\n')
}

function toMarkdown (results: Results, hasChart: boolean): string {
  const { date, command, machine: { cpu, cores, memoryBytes, os }, versions, rounds } = results
  return [
    '# Results',
    ...hasChart ? ['![How long each way takes to restore, and what is guaranteed then](trade-off.svg)'] : [],
    `Measured on ${date.slice(0, 10)} by \`${command}\`, ${rounds === 1 ? 'once' : `up to ${rounds} times`} each way, on ${cpu}, ${cores} cores, ${formatBytes(memoryBytes)} memory, ${os}, with ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}.${rounds === 1 ? '' : ' Each number is a median.'}`,
    [
      `- **×2** is twice as much time as \`${baseline}\` took for the same.`,
      '- **restore** is until the way was done. Some ways have the database open then, others have not; **first entry read** is until it is open and an entry was read, and **all entries read** until all were. Both are from the beginning of the restore.',
      '- **memory** is the most that the process had at a time while it restored, with the node in it.',
      '- **lost** is what is not the same as in the source after a restore, of 20,000 entries at most: of more it is what was lost of fewer. Private keys belong to a node, not to a database; most ways leave them out on purpose.',
      '- **checked** is what a restore verifies, at most: "hashes" of blocks, or "everything": signatures and write access as well.',
      '- **node** is what the node of the source has to be while it is backed up.',
      '- "–" is what there is none of, such as entries to read where what is restored is no database.'
    ].join('\n'),
    toTables(results),
    '## The ways',
    [...new Map(results.datasets.flatMap(({ ways }) => ways.map(way => [way.name, way]))).values()]
      .map(way => `- ${nameOf(way)}${way.orbitdb === 'patched' ? ' (this package)' : ''}: ${escape(way.about)}.`)
      .join('\n')
  ].join('\n\n') + '\n'
}

function toDataset (dataset: DatasetResults): string {
  const { name, entries, writers, heads, entryBytes, nodeBytes } = dataset
  const ways = waysOf(dataset)
  const base = ways.find(({ name }) => name === baseline)
  const time = (of: (way: WayResults) => Sample | undefined, way: WayResults): string => {
    const [sample, other] = [of(way), base == null || way === base ? undefined : of(base)]
    return sample == null ? '–' : `${formatTime(sample.median)}${other == null ? '' : ` ${formatRatio(sample.median, other.median)}`}`
  }
  const rows = ways.map(way => [
    nameOf(way),
    time(({ backup }) => backup?.time, way),
    time(({ restore }) => restore?.time, way),
    time(({ restore }) => restore?.firstRead, way),
    time(({ restore }) => restore?.completeRead, way),
    way.artifactBytes == null ? '–' : formatBytes(way.artifactBytes),
    way.restore?.peakMemory == null ? '–' : formatBytes(way.restore.peakMemory.median),
    describeLost(way),
    way.checks,
    way.reads === 'stopped node' ? 'stopped' : 'may run'
  ])
  const head = ['', 'back up', 'restore', 'first entry read', 'all entries read', 'size', 'memory', 'lost', 'checked', 'node']
  const skipped = dataset.ways.filter(({ skipped }) => skipped != null).map(({ name, skipped }) => `- **${escape(name)}**: ${escape(skipped!)}`)
  return [
    `## ${formatCount(entries)} entries, ${count(writers, 'writer')}, ${count(heads, 'head')}${name.endsWith('-indexed') ? ', KeyValueIndexed' : ''}`,
    `An entry has ${formatBytes(entryBytes)}, the node's directory ${formatBytes(nodeBytes)}.`,
    ...rows.length > 0 ? [toTable(head, [1, 2, 3, 4, 5, 6], rows)] : [],
    ...skipped.length > 0 ? ['Not run:', skipped.join('\n')] : []
  ].join('\n\n')
}

const count = (number: number, what: string): string => `${formatCount(number)} ${what}${number === 1 ? '' : 's'}`

/** In bold where it is of this package. */
const nameOf = ({ name, orbitdb }: WayResults): string => orbitdb === 'patched' ? `**${escape(name)}**` : escape(name)

/** Text that could be taken for a part of a table, or for HTML. */
const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ')
