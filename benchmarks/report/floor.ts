// What a backup and a restore take, beside what they can not do without, and beside git.
import { formatCount } from './format.ts'
import { toTable } from './table.ts'
import type { Taken } from '../clock.ts'

/** What is in `results/floor.json`. */
export interface FloorResults {
  date: string
  entries: number
  entryBytes: number
  rounds: number
  /** How many entries the increment has. */
  appended: number
  /** Medians, in ms for all entries. Names of what belongs to the floor start with what for: `create: `, `restore: ` or `both: `. */
  taken: Record<string, Taken>
}

/** The table of what makes up the floor, and that of what stands on it: microseconds of CPU an entry. */
export function toFloorTables ({ date, entries, entryBytes, rounds, appended, taken }: FloorResults): string {
  const each = (name: string): number => taken[name].cpu * 1000 / entries
  const floorOf = (operation: string): number => Object.keys(taken)
    .filter(name => name.startsWith(`${operation}:`) || name.startsWith('both:'))
    .reduce((sum, name) => sum + each(name), 0)
  const rows: Array<[what: string, name: string, operation: string, git: string]> = [
    ['create', 'createBackup', 'create', 'git bundle create'],
    [`an increment of ${appended}`, `createBackup of ${appended} more`, 'create', 'git bundle create'],
    ['restore, `verify: false`', 'restoreBackup, verify: false', 'restore', 'git clone'],
    ['restore, verified, addon', 'restoreBackup, addon', 'restore', 'git clone'],
    ['restore, verified, WebAssembly', 'restoreBackup, WebAssembly', 'restore', 'git clone']
  ]
  const ratio = (a: number, b: number): string => (a / b).toFixed(a / b < 0.995 ? 2 : 1)
  const parts = Object.keys(taken).filter(name => /^(create|restore|both|signatures)[:,] /.test(name))
  return [
    `${formatCount(entries)} entries of ${formatCount(entryBytes)} bytes on ${date.slice(0, 10)}, medians of ${formatCount(rounds)} rounds of \`npm run bench:floor\`; CPU of all threads in microseconds an entry:`,
    toTable(['what can not be done without', ''], [1], [
      ...parts.map(name => [name, each(name).toFixed(1)]),
      ['**the floor of a backup**', `**${floorOf('create').toFixed(1)}**`],
      ['**the floor of a restore**, without signatures', `**${floorOf('restore').toFixed(1)}**`]
    ]),
    toTable(['', 'us an entry', 'times the floor', 'times git'], [1, 2, 3], [
      ...rows.map(([what, name, operation, git]) => [what, each(name).toFixed(1), ratio(each(name), floorOf(operation)), ratio(each(name), each(git))]),
      ...['git bundle create', 'git clone'].map(name => [`\`${name}\``, each(name).toFixed(1), '', ''])
    ])
  ].join('\n\n')
}
