// What a way is good for, as far as it can be told from its results.
import { medianOf } from './numbers.ts'
import { aspects } from './way.ts'
import type { DatasetResults, Results, WayResults } from './way.ts'

/** What is lost, in words: as few as it takes. */
export function describeLost ({ same }: Pick<WayResults, 'same'>): string {
  if (same == null) return '–'
  const [kept, lost] = [true, false].map(isKept => aspects.filter(aspect => same[aspect] === isKept))
  if (kept.length === 0) return 'everything'
  return kept.length < lost.length ? `all but ${kept.join(', ')}` : lost.join(', ') || 'nothing'
}

/**
 * Until the restored database is open and its first entry was read, in ms. Some ways are done before the database is
 * open, and some open it themselves: only so they can be compared. Where there is nothing to read, until the way was done.
 */
export const timeToUse = ({ rounds }: WayResults): number => medianOf(rounds, ({ restore }) => restore.firstRead ?? restore.wall)!

/** What a restore guarantees, from most to least. */
export const guarantees = [
  'The same database, each entry verified: its hash, its signature, and that its writer may write',
  'The same database, hashes verified',
  'The same database, nothing verified',
  'All entries are there, other parts of the database are lost',
  'Entries are lost',
  'No OrbitDB database'
]

export function guaranteeOf ({ same, checks }: WayResults): string {
  if (same == null) return guarantees[5]
  if (!same.entries || !same.records) return guarantees[4]
  // Private keys are those of a node, and not part of a database
  if (aspects.some(aspect => !same[aspect] && aspect !== 'private keys')) return guarantees[3]
  return guarantees[['everything', 'hashes', 'nothing'].indexOf(checks)]
}

/** The largest database, of one writer where there is one. */
export const largestOf = ({ datasets }: Results): DatasetResults => datasets.toSorted((a, b) => a.writers - b.writers || Number(a.isIndexed ?? 0) - Number(b.isIndexed ?? 0) || b.entries - a.entries)[0]
