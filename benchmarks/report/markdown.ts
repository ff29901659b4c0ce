// The results as Markdown, as GitHub shows it.
import { formatBytes, formatCount, formatRatio, formatSpread, formatTime } from './format.ts'
import { titleOf } from './table.ts'
import { baseline, describeLost, waysOf } from './verdict.ts'
import type { DatasetResults, Results, Sample, WayResults } from '../results.ts'

/** What of a way is compared with the baseline. */
type TimeOf = (way: WayResults) => Sample | undefined

const times: Record<string, TimeOf> = {
  'back up': way => way.backup?.time,
  restore: way => way.restore?.time,
  'first entry read': way => way.restore?.firstRead,
  'all entries read': way => way.restore?.completeRead
}

/** A chart that was drawn, and what it shows. */
export interface Picture {
  file: string
  shows: string
}

export function toMarkdown (results: Results, pictures: Picture[]): string {
  return [
    '# Results',
    ...pictures.map(({ file, shows }) => `![${shows}](${file})`),
    toSetting(results),
    toLegend(),
    ...results.datasets.flatMap(toDataset),
    '## The ways',
    toAbout(results)
  ].join('\n\n') + '\n'
}

function toSetting ({ date, command, machine, versions, rounds }: Results): string {
  const { cpu, cores, memoryBytes, os, fileSystem } = machine
  return toTable([['measured', ''], ...Object.entries({
    on: date.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC'),
    by: `\`${command}\``,
    rounds: `up to ${formatCount(rounds)} for each way`,
    machine: [cpu, `${formatCount(cores)} cores`, `${formatBytes(memoryBytes)} memory`, os, ...fileSystem ? [fileSystem] : []].join(', '),
    versions: Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')
  })], 0)
}

function toLegend (): string {
  return [
    '## How to read the tables',
    [
      '- Each number is a median; below it, in small, is what the fastest and the slowest run had.',
      `- **×2** is twice as much time as \`${baseline}\` took for the same.`,
      '- **restore** is until the way was done. Some ways have the database open then, others have not; **first entry read** is until it is open and an entry was read, and **all entries read** until all were. Both are from the beginning of the restore.',
      '- **lost** is what is not the same as in the source after a restore. Private keys belong to a node, not to a database; most ways leave them out on purpose.',
      '- **checked** is what a restore verifies, at most: "hashes" of blocks, or "everything": signatures and write access as well.',
      '- **memory** is the most that the process had at a time, with the node in it.',
      '- **node** is what the node of the source has to be while it is backed up.',
      '- "–" is what there is none of, such as entries to read where what is restored is no database.'
    ].join('\n')
  ].join('\n\n')
}

function toDataset (dataset: DatasetResults): string[] {
  const ways = waysOf(dataset)
  const skipped = dataset.ways.filter(({ skipped }) => skipped !== undefined)
  return [
    `## ${titleOf(dataset)}`,
    `An entry has ${formatBytes(dataset.entryBytes)}, the node's directory ${formatBytes(dataset.nodeBytes)}.`,
    ...ways.length > 0 ? [toTimes(ways), toRest(ways)] : [],
    ...skipped.length > 0 ? ['Not run:', skipped.map(({ name, skipped }) => `- **${escape(name)}**: ${escape(skipped!)}`).join('\n')] : []
  ]
}

function toTimes (ways: WayResults[]): string {
  const base = ways.find(({ name }) => name === baseline)
  return toTable([
    ['', ...Object.keys(times)],
    ...ways.map(way => [nameOf(way), ...Object.values(times).map(timeOf => toTime(timeOf(way), base && timeOf(base)))])
  ])
}

function toTime (sample: Sample | undefined, base: Sample | undefined): string {
  if (sample === undefined) {
    return '–'
  }
  const ratio = base && sample !== base ? ` ${formatRatio(sample.median, base.median)}` : ''
  return toNumber(sample, formatTime, ratio)
}

/** A median, and the spread below it. Neither is broken into lines. */
function toNumber (sample: Sample, format: (number: number) => string, more = ''): string {
  const spread = formatSpread(sample, format)
  return unbroken(`${format(sample.median)}${more}`) + (spread ? `<br><sub>${unbroken(spread)}</sub>` : '')
}

/** Without places where a browser may break the line: with spaces and joiners that look as usual in the file. */
const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0').replaceAll('–', '–\u2060')

function toRest (ways: WayResults[]): string {
  const memory = (sample?: Sample): string => sample ? toNumber(sample, formatBytes) : '–'
  return toTable([
    ['', 'backup size', 'memory, back up', 'memory, restore', 'lost', 'checked', 'node'],
    ...ways.map(way => [
      nameOf(way),
      way.artifactBytes === undefined ? '–' : unbroken(formatBytes(way.artifactBytes)),
      memory(way.backup?.peakMemory),
      memory(way.restore?.peakMemory),
      describeLost(way),
      way.checks,
      way.reads === 'stopped node' ? 'stopped' : unbroken('may run')
    ])
  ], 3)
}

function toAbout ({ datasets }: Results): string {
  const ways = new Map(datasets.flatMap(({ ways }) => ways.map(way => [way.name, way])))
  return [...ways.values()]
    .map(way => `- ${nameOf(way)}${way.orbitdb === 'patched' ? ' (this package)' : ''}: ${escape(way.about)}${way.about.endsWith('.') ? '' : '.'}`)
    .join('\n')
}

/** In bold where it is of this package. */
const nameOf = ({ name, orbitdb }: WayResults): string => orbitdb === 'patched' ? `**${escape(name)}**` : escape(name)

/** The first column holds names, then come some of numbers. */
function toTable ([head, ...rows]: string[][], numbers = head.length - 1): string {
  const toRow = (cells: string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => column > 0 && column <= numbers ? '--:' : '---')
  return [head, rule, ...rows].map(toRow).join('\n')
}

/** Text that could be taken for a part of a table, or for HTML. */
const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ')
