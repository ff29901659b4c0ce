import type { Dataset } from './dataset.ts'
import type { Taken } from './take.ts'
import type { Node } from '../scripts/node.ts'
import type { KeyValue, OrbitDB } from '../src/index.ts'

/** All that a database is. */
export const partsOfDatabase = ['entries', 'heads', 'index', 'records', 'access controller', 'identities', 'pins'] as const

/** What a restored database is compared in. Private keys belong to a node. */
export const aspects = [...partsOfDatabase, 'private keys'] as const
export type Aspect = typeof aspects[number]

/** Which OrbitDB: the one that users have, or the one with export and import. */
export type Core = 'stock' | 'patched'

/** A node with OrbitDB on it. */
export interface Running {
  core: Core
  ipfs: Node
  orbitdb: OrbitDB
}

/** A database that is open. */
export interface Open extends Running {
  db: KeyValue<string>
}

/** A node that has the database and runs, in a process of its own. */
export interface Peer {
  multiaddrs: string[]
  /** The hashes of the heads that its database has. */
  heads: string[]
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
  /** The node that was the source, where the way restores from one that runs. */
  peer?: Peer
}

/** What is told of a way. */
export interface Description {
  /** As it is called in results, tables and charts. */
  name: string
  /** What it is, in a sentence. */
  about: string
  orbitdb: Core
  /** What the node has to be while it is backed up. */
  reads: 'running node' | 'stopped node'
  /** What a restore checks, at most: of blocks their hashes, or of entries signatures and write access as well. */
  checks: 'nothing' | 'hashes' | 'everything'
}

/** A way to back up a database and to restore it, on another machine. */
export interface Way extends Description {
  /** Makes what the backup needs, before time is taken. */
  prepare?: (dataset: Dataset) => Promise<unknown>
  /** None when nothing is kept. The database is open where the way reads a running node. */
  backup?: (backup: Backup, open: Open) => Promise<void>
  /**
   * Restores to the target. It opens the database itself where it has to, with `start` and `open` of
   * node.ts; where it returns nothing, it is opened once it is done, before the first entry is read.
   */
  restore: (restore: Restore) => Promise<Open | undefined | void>
  /** Whether the restore is from a node that runs. It is started before time is taken. */
  isLive?: boolean
  /** Whether what is restored is not a database, and can not be compared with one. */
  isForeign?: boolean
  /** What has to be the same after a restore. By default that is to be found out, and nothing fails. */
  keeps?: readonly Aspect[]
}

/** What is found out about a way in a round. Times are in milliseconds, memory and sizes in bytes. */
export interface Round {
  /** None for ways that keep nothing. */
  backup?: Taken
  artifactBytes?: number
  restore: Taken & {
    /** Until the database was open and its first entry was read. None where there is nothing to read. */
    firstRead?: number
    /** Until all of it was read. */
    completeRead?: number
  }
  /** What was compared with the source, and whether it is the same. None for what is no database. */
  same?: Record<Aspect, boolean>
}

/** The results of a way for a dataset. */
export interface WayResults extends Description {
  rounds: Round[]
  /** What was the same in all rounds. */
  same?: Record<Aspect, boolean>
}

export interface DatasetResults extends Omit<Dataset, 'directory' | 'address'> {
  /** The bytes of the files in the node's directory. */
  nodeBytes: number
  ways: WayResults[]
}

/** What is in `results/results.json`. */
export interface Results {
  /** When it was measured, as ISO 8601. */
  date: string
  /** The command that did it. */
  command: string
  machine: { cpu: string, cores: number, memoryBytes: number, os: string }
  versions: Record<'node' | 'orbitdb-backup' | '@orbitdb/core' | 'helia' | 'level' | 'git', string>
  datasets: DatasetResults[]
}
