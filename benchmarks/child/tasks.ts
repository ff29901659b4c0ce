import type { Dataset } from '../dataset.ts'
import type { Aspect } from '../results.ts'
import type { Backup, Peer, Restore } from '../way.ts'

/** What a child process is told to do. */
export type Task =
  /** Reads what a source has, and writes it to a file. */
  | { phase: 'read', dataset: Dataset, directory: string, file: string }
  /** Backs up in a way. */
  | { phase: 'backup', way: string, backup: Backup }
  /** Lets a node run until the process is ended. */
  | { phase: 'serve', dataset: Dataset, directory: string }
  /** Restores in a way, and reads what was restored. */
  | { phase: 'restore', way: string, restore: Restore }
  /** Compares what was restored with what the source has. */
  | { phase: 'compare', dataset: Dataset, directory: string, file: string }

export type Phase = Task['phase']

export type TaskOf<P extends Phase> = Extract<Task, { phase: P }>

/** What it answers. */
export interface Answers {
  read: undefined
  backup: Measured
  serve: Peer
  restore: MeasuredRestore
  compare: Comparison
}

/** How long something took in milliseconds, and how much memory it needed, in bytes. */
export interface Measured {
  time: number
  peakMemory?: number
}

export interface MeasuredRestore extends Measured {
  firstRead?: number
  completeRead?: number
}

export interface Comparison {
  same: Record<Aspect, boolean>
  /** What went wrong in finding out, which is why something is not the same. */
  notes: string[]
}

/** What a child process sends. */
export type Message = { answer: Answers[Phase] } | { error: string }
