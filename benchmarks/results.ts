/** What is measured, as it is in the files of `results/`. */
export interface Results {
  /** When it was measured, as ISO 8601. */
  date: string
  /** The command that did it. */
  command: string
  machine: { cpu: string, cores: number, memoryBytes: number, os: string }
  versions: Record<'node' | 'orbitdb-backup' | '@orbitdb/core' | 'helia' | 'level' | 'git', string>
  /** How many times each way was run, at most. */
  rounds: number
  datasets: DatasetResults[]
}

export interface DatasetResults {
  name: string
  entries: number
  writers: number
  heads: number
  entryBytes: number
  /** The bytes of the files in the node's directory. */
  nodeBytes: number
  ways: WayResults[]
}

/** The results of a way for a dataset. Times are in milliseconds, memory and sizes in bytes. */
export interface WayResults {
  name: string
  about: string
  orbitdb: 'stock' | 'patched'
  reads: 'running node' | 'stopped node'
  checks: 'nothing' | 'hashes' | 'everything'
  /** Why it was not run. Nothing else is there then. */
  skipped?: string
  /** None for ways that keep nothing. */
  backup?: { time: Sample, peakMemory?: Sample }
  artifactBytes?: number
  restore?: {
    /** Until the way was done. */
    time: Sample
    /** Until the database was open and its first entry was read. None where there is nothing to read. */
    firstRead?: Sample
    /** Until all of it was read. */
    completeRead?: Sample
    peakMemory?: Sample
  }
  /** What was compared with the source, and whether it is the same. None for what is no database. */
  same?: Record<Aspect, boolean>
}

/** What a restored database is compared in. */
export type Aspect = 'entries' | 'heads' | 'index' | 'records' | 'access controller' | 'identities' | 'pins' | 'private keys'

/** Some values that were measured one after the other. */
export interface Sample {
  median: number
  min: number
  max: number
  values: number[]
}
