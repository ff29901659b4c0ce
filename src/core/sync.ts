import type { Emitter } from './emitter.ts'
import type { Entry } from './entry.ts'

/** Events of the sync with other peers. */
export interface SyncEvents {
  /** A peer has connected, and heads have been exchanged. */
  join: (peerId: string, heads: Entry[]) => void
  /** A peer has disconnected. */
  leave: (peerId: string) => void
  /** An exchange with a peer has failed. */
  error: (error: Error) => void
}

/** Exchanges a log's heads with other peers. */
export interface Sync {
  /** Publishes an entry to the peers, when started. */
  add (entry: Entry): Promise<void>
  /** Starts to sync. */
  start (): Promise<void>
  /** Stops to sync. */
  stop (): Promise<void>
  readonly events: Emitter<SyncEvents>
  /** Ids of the connected peers. */
  readonly peers: Set<string>
}
