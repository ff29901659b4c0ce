import type { Dataset } from './dataset.ts'
import type { Aspect } from './results.ts'
import type { Node } from '../scripts/node.ts'
import type { KeyValue, OrbitDB } from '../src/index.ts'

/** All that a database is. Private keys belong to a node. */
export const partsOfDatabase: readonly Aspect[] = ['entries', 'heads', 'index', 'records', 'access controller', 'identities', 'pins']

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

interface AnyWay {
  /** As it is called in results, tables and charts. */
  name: string
  /** What it is, in a sentence. */
  about: string
  /** Which OrbitDB it uses. */
  orbitdb: Core
  /** What a restore checks, at most: of blocks their hashes, or of entries signatures and write access as well. */
  checks: 'nothing' | 'hashes' | 'everything'
  /** Makes what the backup needs, before time is taken. */
  prepare?: (backup: Backup) => Promise<void>
  /**
   * Restores to the target. It opens the database itself where it has to, with `start` and `open` of
   * node.ts; where it returns nothing, it is opened once it is done, before the first entry is read.
   */
  restore: (restore: Restore) => Promise<Open | undefined>
  /** Whether the restore is from a node that runs. It is started before time is taken. */
  isLive?: boolean
  /** Whether what is restored is not a database, and can not be compared with one. */
  isForeign?: boolean
  /** What has to be the same after a restore. By default that is to be found out, and nothing fails. */
  keeps?: readonly Aspect[]
}

/** A way that backs up a database that is open. */
interface RunningWay extends AnyWay {
  reads: 'running node'
  /** None when nothing is kept. */
  backup?: (backup: Backup, open: Open) => Promise<void>
}

/** A way that backs up the directory of a node that was stopped. */
interface StoppedWay extends AnyWay {
  reads: 'stopped node'
  backup: (backup: Backup) => Promise<void>
}

/** A way to back up a database and to restore it, on another machine. */
export type Way = RunningWay | StoppedWay
