// The tables of what is measured of single operations.
import { round, seconds } from './numbers.ts'
import type { Taken } from './take.ts'

/** A table in Markdown, some of whose columns are numbers. */
export const toTable = (head: string[], numbers: number[], rows: string[][]): string =>
  [head, head.map((_, i) => numbers.includes(i) ? '--:' : '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const dayOf = ({ date }: { date: string }): string => date.slice(0, 10)

/** What is in `results/floor.json`. */
export interface FloorResults {
  date: string
  entries: number
  entryBytes: number
  rounds: number
  /** Medians, in ms for all entries, by names. */
  taken: Record<string, Pick<Taken, 'wall' | 'cpu'>>
}

/** What each thing is compared with, and what it is to be at most: times the CPU of the floor, and times git. */
const comparisons: Record<string, { floor: string[], git: string, most?: string }> = {
  create: { floor: ['floor of a backup'], git: 'git bundle create', most: 'floor × 1.8, git × 0.75' },
  'increment of 100': { floor: ['create'], git: 'git bundle create', most: 'create × 0.05' },
  'restore, nothing verified': { floor: ['floor of a restore'], git: 'git clone', most: 'floor × 1.8, git × 0.65' },
  'restore, addon': { floor: ['floor of a restore', 'signatures, addon'], git: 'git clone', most: 'git × 1.2' },
  'restore, WebAssembly': { floor: ['floor of a restore', 'signatures, WebAssembly'], git: 'git clone', most: 'git × 2' }
}

/** What backups and restores take, beside what they can not do without, and beside git. */
export function toFloorTable (results: FloorResults): string {
  const { entries, entryBytes, rounds, taken } = results
  const ratio = (name: string, to: string[], of: 'wall' | 'cpu'): string => (taken[name][of] / to.reduce((sum, name) => sum + taken[name][of], 0)).toFixed(2)
  return [
    `${entries.toLocaleString('en')} entries of ${entryBytes.toLocaleString('en')} bytes on ${dayOf(results)}, medians of ${rounds} rounds of \`npm run bench:floor\`; CPU of all threads:`,
    toTable(['', 'CPU, us an entry', 's', 'CPU, times the floor', 'CPU, times git', 's, times git', 'target'], [1, 2, 3, 4, 5], Object.entries(taken).map(([name, { wall, cpu }]) => {
      const { floor, git, most } = comparisons[name] ?? {}
      return [
        most == null ? name : `**${name}**`, (cpu * 1000 / entries).toFixed(1), seconds(wall),
        ...floor == null ? ['', '', '', ''] : [`${ratio(name, floor, 'cpu')}${name.startsWith('increment') ? ' (of create)' : ''}`, ratio(name, [git], 'cpu'), ratio(name, [git], 'wall'), most!]
      ]
    }))
  ].join('\n\n')
}

/** What is in `results/size.json` and `results/memory.json`. */
export interface SizeResults {
  date: string
  rows: Array<Taken & { operation: string, entries: number }>
}

/** How time and memory grow. */
export const toSizeTable = (results: SizeResults): string => [
  `On ${dayOf(results)}, by \`npm run bench:size\`:`,
  toTable(['', 'entries', 's', 'CPU, us an entry', 'MB in all'], [1, 2, 3, 4], results.rows.map(({ operation, entries, wall, cpu, peak }) =>
    [operation, entries.toLocaleString('en'), seconds(wall), round(cpu * 1000 / entries), round(peak! / 1e6)]))
].join('\n\n')

/** How much memory grows from the first size to the last, for each entry. */
export function toMemoryTable (results: SizeResults): string {
  const rows = Object.entries(Object.groupBy(results.rows, ({ operation }) => operation)).map(([operation, all]) => {
    const [first, last] = [all![0], all!.at(-1)!]
    return [operation, ...[first, last].map(({ used }) => (used / 1e6).toFixed(1)), ((last.used - first.used) / (last.entries - first.entries)).toFixed(0)]
  })
  const sizes = [...new Set(results.rows.map(({ entries }) => entries))]
  return [
    `On ${dayOf(results)}, by \`npm run bench:memory\`:`,
    toTable(['', ...[sizes[0], sizes.at(-1)!].map(size => `MB for ${size.toLocaleString('en')}`), 'bytes an entry more'], [1, 2, 3], rows)
  ].join('\n\n')
}
