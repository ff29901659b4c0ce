// What a way is good for, as far as it can be told from its results.
import type { Aspect, DatasetResults, WayResults } from '../results.ts'

/** The way that all others are compared with: nothing can be much faster. */
export const baseline = 'filesystem copy'

/** What is not as it was after a restore; undefined for what is no database. */
function lostBy ({ same }: WayResults): Aspect[] | undefined {
  return same && (Object.keys(same) as Aspect[]).filter(aspect => !same[aspect])
}

/** What is lost, in words: as few as it takes. */
export function describeLost (way: WayResults): string {
  const lost = lostBy(way)
  if (lost === undefined) {
    return '–'
  }
  const kept = (Object.keys(way.same!) as Aspect[]).filter(aspect => !lost.includes(aspect))
  if (kept.length === 0) {
    return 'everything'
  }
  return kept.length < lost.length ? `all but ${kept.join(', ')}` : lost.join(', ') || 'nothing'
}

/**
 * Until the restored database is open and its first entry was read. Some ways are done before the
 * database is open, and some open it themselves: only so they can be compared. Where there is nothing to
 * read, until the way was done.
 */
export const timeToUse = ({ restore }: WayResults) => restore?.firstRead ?? restore?.time

/** The same in words, for charts. */
export const timeToUseInWords = 'Until the database is open on a new node and its first entry was read. Where there is none to read: until it is done.'

/** What a restore guarantees, from most to least. */
export const guarantees = [
  'The same database, each entry verified: its hash, its signature, and that its writer may write',
  'The same database, hashes verified',
  'The same database, nothing verified',
  'All entries are there, other parts of the database are lost',
  'Entries are lost',
  'No OrbitDB database'
] as const

type Guarantee = typeof guarantees[number]

export function guaranteeOf (way: WayResults): Guarantee {
  const lost = lostBy(way)
  if (lost === undefined) {
    return 'No OrbitDB database'
  }
  if (lost.includes('entries') || lost.includes('records')) {
    return 'Entries are lost'
  }
  // Private keys are those of a node, and not part of a database
  if (lost.some(aspect => aspect !== 'private keys')) {
    return 'All entries are there, other parts of the database are lost'
  }
  return {
    everything: guarantees[0],
    hashes: guarantees[1],
    nothing: guarantees[2]
  }[way.checks]
}

/** Those that were run. */
export const waysOf = ({ ways }: DatasetResults): WayResults[] => ways.filter(({ skipped }) => skipped === undefined)
