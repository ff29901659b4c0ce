// Writes the results of `npm run bench` for people: as Markdown, as GitHub shows it, and as a chart.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawChart } from './chart.ts'
import { medianOf, round, seconds } from './numbers.ts'
import { toTable } from './tables.ts'
import { describeLost, largestOf, timeToUse } from './verdict.ts'
import type { DatasetResults, Results, Round, WayResults } from './way.ts'

/** The way that all others are compared with: nothing can be much faster. */
const baseline = 'filesystem copy'

/** Writes results.json, results.md and the chart that it shows to a directory. The same results give the same bytes. */
export async function report (results: Results, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'trade-off.svg'), drawChart(results))
  await writeFile(join(directory, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(join(directory, 'results.md'), toMarkdown(results))
}

/** A table for each dataset. */
export const toTables = ({ datasets }: Results): string => datasets.map(toDataset).join('\n\n')

/** A short table of the largest database. */
export function toSummary (results: Results): string {
  const { entries, entryBytes, ways } = largestOf(results)
  return [
    `${entries.toLocaleString('en')} entries of ${entryBytes.toLocaleString('en')} bytes, on ${results.date.slice(0, 10)}, seconds:`,
    toTable(['', 'back up', 'restore, and read an entry', 'lost', 'checked'], [1, 2], ways.map(way => [
      nameOf(way), time(({ backup }) => backup?.wall, way), seconds(timeToUse(way)), describeLost(way), way.checks
    ]))
  ].join('\n\n')
}

function toMarkdown (results: Results): string {
  const { date, command, machine: { cpu, cores, memoryBytes, os }, versions, datasets } = results
  return [
    '# Results',
    '![How long each way takes to restore, and what is guaranteed then](trade-off.svg)',
    `Measured on ${date.slice(0, 10)} by \`${command}\` on ${cpu}, ${cores} cores, ${megabytes(memoryBytes)} MB memory, ${os}, with ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}. Where a way was run several times, each number is a median.`,
    [
      `- Times are in seconds, sizes in MB. **×2** is twice as much time as \`${baseline}\` took for the same.`,
      '- **restore** is until the way was done. Some ways have the database open then, others have not; **first entry read** is until it is open and an entry was read, and **all entries read** until all were. Both are from the beginning of the restore.',
      '- **memory** is the most that the process had at a time while it restored, with the node in it.',
      '- **lost** is what is not the same as in the source after a restore. Private keys belong to a node, not to a database; most ways leave them out on purpose.',
      '- **checked** is what a restore verifies, at most: "hashes" of blocks, or "everything": signatures and write access as well.',
      '- **node** is what the node of the source has to be while it is backed up.',
      '- "–" is what there is none of, such as entries to read where what is restored is no database.'
    ].join('\n'),
    toTables(results),
    '## The ways',
    [...new Map(datasets.flatMap(({ ways }) => ways.map(way => [way.name, way]))).values()]
      .map(way => `- ${nameOf(way)}${way.orbitdb === 'patched' ? ' (this package)' : ''}: ${escape(way.about)}.`)
      .join('\n')
  ].join('\n\n') + '\n'
}

function toDataset ({ entries, writers, heads, isIndexed, entryBytes, nodeBytes, ways }: DatasetResults): string {
  const base = ways.find(({ name }) => name === baseline)
  const rows = ways.map(way => [
    nameOf(way),
    time(({ backup }) => backup?.wall, way, base),
    time(({ restore }) => restore.wall, way, base),
    time(({ restore }) => restore.firstRead, way, base),
    time(({ restore }) => restore.completeRead, way, base),
    megabytes(medianOf(way.rounds, ({ artifactBytes }) => artifactBytes)),
    megabytes(medianOf(way.rounds, ({ restore }) => restore.peak)),
    describeLost(way),
    way.checks,
    way.reads === 'stopped node' ? 'stopped' : 'may run'
  ])
  const head = ['', 'back up', 'restore', 'first entry read', 'all entries read', 'size', 'memory', 'lost', 'checked', 'node']
  return [
    `## ${entries.toLocaleString('en')} entries, ${count(writers, 'writer')}, ${count(heads, 'head')}${isIndexed ? ', KeyValueIndexed' : ''}`,
    `An entry has ${entryBytes.toLocaleString('en')} bytes, the node's directory ${megabytes(nodeBytes)} MB.`,
    toTable(head, [1, 2, 3, 4, 5, 6], rows)
  ].join('\n\n')
}

/** A time, and how many times that of another way it is. */
function time (of: (round: Round) => number | undefined, way: WayResults, base?: WayResults): string {
  const [median, other] = [way, base].map(way => medianOf(way?.rounds ?? [], of))
  if (median == null) return '–'
  return seconds(median) + (other == null || way === base ? '' : ` ×${round(median / other)}`)
}

const megabytes = (bytes?: number): string => bytes == null ? '–' : round(bytes / 1e6)

const count = (number: number, what: string): string => `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`

/** In bold where it is of this package. */
const nameOf = ({ name, orbitdb }: WayResults): string => orbitdb === 'patched' ? `**${escape(name)}**` : escape(name)

/** Text that could be taken for a part of a table, or for HTML. */
const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ')
