// Runs ways on a dataset, round by round.
import { join } from 'node:path'
import PQueue from 'p-queue'
import { perform, serve } from './processes.ts'
import { lostOf, toResults, toSkipped } from './record.ts'
import { nodeSizeOf, sizeOf } from './workspace.ts'
import type { Phase } from '../child/tasks.ts'
import type { Dataset } from '../dataset.ts'
import type { DatasetResults, WayResults } from '../results.ts'
import type { Way } from '../way.ts'
import type { Round } from './record.ts'
import type { Workspace } from './workspace.ts'

export interface MeasureOptions {
  rounds: number
  /** How many ways are run side by side. With more than one, times mean nothing. */
  concurrency: number
  workspace: Workspace
  onPhase: (event: PhaseEvent) => void
}

/** Tells that something was done. */
export interface PhaseEvent {
  dataset: string
  round: number
  way: string
  phase: Phase
  /** How long it took, in milliseconds. */
  time?: number
  notes?: string[]
}

export interface Measurements {
  results: DatasetResults
  /** What should not have happened. */
  failures: string[]
}

// A way that took longer than that in all rounds so far, in ms, with its comparisons, is not run again
const budget = 60_000

/** How long a phase may take, in ms: much longer than the slowest does. */
const limitOf = ({ entries }: Dataset): number => 5 * 60_000 + entries * 60

/** A way while it is measured. */
interface Run {
  way: Way
  rounds: Round[]
  /** How much time it took, in milliseconds. */
  used: number
  failure?: string
}

export async function measure (dataset: Dataset, ways: Way[], options: MeasureOptions): Promise<Measurements> {
  const skipped = new Map(ways.flatMap(way => {
    const why = way.skips?.(dataset)
    return why == null ? [] : [[way, why]]
  }))
  const runs = ways.filter(way => !skipped.has(way)).map((way): Run => ({ way, rounds: [], used: 0 }))
  const contents = await readContents(dataset, options)

  for (let round = 1; round <= options.rounds; round++) {
    const queue = new PQueue({ concurrency: options.concurrency })
    await queue.addAll(runs
      .filter(({ used, failure }) => used < budget && failure == null)
      .map(run => async () => {
        const begin = performance.now()
        try {
          run.rounds.push(await measureOnce(dataset, run.way, contents, round, options))
        } catch (error) {
          run.failure = (error as Error).message
        }
        run.used += performance.now() - begin
      }))
  }

  const failures: string[] = []
  const toWayResults = (way: Way): WayResults => {
    const why = skipped.get(way)
    if (why != null) {
      return toSkipped(way, why)
    }
    const { rounds, failure } = runs.find(run => run.way === way)!
    if (failure != null) {
      failures.push(`${dataset.name}: ${way.name} failed: ${failure}`)
      return toSkipped(way, 'It failed')
    }
    const results = toResults(way, rounds)
    const lost = lostOf(way, results)
    if (lost.length > 0 && way.isForeign !== true) {
      failures.push(`${dataset.name}: ${way.name} lost what it should not: ${lost.join(', ')}`)
    }
    return results
  }
  const { name, entries, writers, heads, entryBytes } = dataset
  const results = { name, entries, writers, heads, entryBytes, nodeBytes: await nodeSizeOf(dataset), ways: ways.map(toWayResults) }
  return { results, failures }
}

/** Reads what a dataset has, to a file. */
async function readContents (dataset: Dataset, { workspace, onPhase }: MeasureOptions): Promise<string> {
  const file = join(workspace.directory, `${dataset.name}.json`)
  const { source: directory, remove } = await workspace.createPlace(dataset)
  try {
    await perform<'read'>({ phase: 'read', dataset, directory, file }, limitOf(dataset))
  } finally {
    await remove()
  }
  onPhase({ dataset: dataset.name, round: 1, way: 'source', phase: 'read' })
  return file
}

async function measureOnce (dataset: Dataset, way: Way, contents: string, round: number, { workspace, onPhase }: MeasureOptions): Promise<Round> {
  const limit = limitOf(dataset)
  const { remove, ...place } = await workspace.createPlace(dataset)
  const tell = (phase: Phase, time?: number, notes?: string[]) => {
    onPhase({ dataset: dataset.name, round, way: way.name, phase, time, notes })
  }
  try {
    const { source, artifact, target } = place
    const backup = { dataset, source, artifact }
    const measured: Partial<Round> = {}
    if (way.backup != null) {
      measured.backup = await perform<'backup'>({ phase: 'backup', way: way.name, backup }, limit)
      measured.artifactBytes = await sizeOf(artifact)
      tell('backup', measured.backup.time)
    }

    const served = way.isLive === true ? await serve<'serve'>({ phase: 'serve', dataset, directory: source }, limit) : undefined
    let restore
    try {
      restore = await perform<'restore'>({ phase: 'restore', way: way.name, restore: { ...backup, target, peer: served?.answer } }, limit)
    } finally {
      await served?.stop()
    }
    tell('restore', restore.completeRead ?? restore.firstRead ?? restore.time)

    if (way.isForeign !== true) {
      measured.comparison = await perform<'compare'>({ phase: 'compare', dataset, directory: target, file: contents }, limit)
      tell('compare', undefined, measured.comparison.notes)
    }
    return { ...measured, restore }
  } finally {
    await remove()
  }
}
