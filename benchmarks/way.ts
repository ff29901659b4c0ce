import type { Dataset } from './dataset.ts'
import type { KeyValue, OrbitDB } from '../src/index.ts'
import type { Node } from '../scripts/node.ts'

/** A node with OrbitDB on it. */
export interface Running {
  ipfs: Node
  orbitdb: OrbitDB
}

/** A database that is open. */
export interface Open extends Running {
  db: KeyValue<string>
}

/** What a way is given to back up. */
export interface Backup {
  dataset: Dataset
  /** The directory of a node to back up: a copy, which the way may open. */
  source: string
  /** An empty directory, for what is made. */
  artifact: string
}

/** What a way is given to restore. */
export interface Restore extends Backup {
  /** An empty directory, for a new node. */
  target: string
}

/** A way to back up a database and to restore it, on another machine. */
export interface Way {
  /** As it is called in results, tables and charts. */
  name: string
  /** What it is, in a sentence. */
  about: string
  /** Which OrbitDB it uses: the one that users have, or the one with export and import. */
  orbitdb: 'stock' | 'patched'
  /** What the backup reads: a node that runs, or the directory of one that was stopped. */
  reads: 'running node' | 'stopped node'
  /** What a restore checks, at most: of blocks their hashes, or of entries signatures and write access as well. */
  checks: 'nothing' | 'hashes' | 'everything'
  /** Why it is not run on a database, such as that it would take hours; undefined to run it. */
  skips?: (dataset: Dataset) => string | undefined
  /** Makes what the backup needs, before time is taken. */
  prepare?: (backup: Backup) => Promise<void>
  /** Backs up a database that is open where the way reads a running node. None when nothing is kept. */
  backup?: (backup: Backup, open?: Open) => Promise<void>
  /**
   * Restores to the target. It opens the database itself where it has to, with `start` and `open` of
   * node.ts; where it returns nothing, it is opened then, and that time counts as well.
   */
  restore: (restore: Restore) => Promise<Open | undefined>
  /** Whether what is restored is not a database, and can not be compared with one. */
  isForeign?: boolean
}
