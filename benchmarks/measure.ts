// Runs ways on a dataset, round by round.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { max, median, min } from 'simple-statistics'
import type { Measured, MeasuredRestore, Phase, Phases } from './child.ts'
import type { Comparison } from './compare.ts'
import type { Dataset } from './dataset.ts'
import type { Aspect, DatasetResults, Sample, WayResults } from './results.ts'
import type { Way } from './way.ts'

/** What is found out about a way in a round. */
interface Round {
  backup?: Measured
  artifactBytes?: number
  restore: MeasuredRestore
  comparison?: Comparison
}

/** A way while it is measured. */
interface Run {
  way: Way
  rounds: Round[]
  /** Why it was not run, or how it failed. */
  skipped?: string
  /** How much time it took, in milliseconds. */
  used: number
}

type Task<P extends Phase> = Parameters<Phases[P]>[0]
type Answer<P extends Phase> = Awaited<ReturnType<Phases[P]>>

// A way that took longer than that in all rounds so far, in ms, with its comparisons, is not run again
const budget = 60_000

const child = join(import.meta.dirname, 'child.ts')

// Ends all processes
const interrupted = new AbortController()

/** A process that performs tasks. */
interface Child {
  ask: <P extends Phase>(phase: P, task: Task<P>) => Promise<Answer<P>>
  stop: () => Promise<void>
}

function startChild ({ entries }: Dataset): Child {
  // Much longer than the slowest takes
  const timeout = 5 * 60_000 + entries * 60
  // What it prints is not for those who read our results
  const process = fork(child, { stdio: ['ignore', 2, 2, 'ipc'], timeout, signal: interrupted.signal, killSignal: 'SIGKILL' })
  process.on('error', () => {})
  const ended = once(process, 'exit')
  return {
    ask: async (phase, task) => {
      process.send({ phase, task })
      const [{ answer }] = await Promise.race([once(process, 'message'), ended.then(([code, signal]): never => { throw new Error(`${phase} ended with ${code ?? signal}`) })])
      return answer
    },
    stop: async () => {
      // By itself it may wait for ever
      process.kill('SIGKILL')
      await ended
    }
  }
}

/** Gives a function a temporary directory, and removes it however it ends. */
export async function withDirectory<Result> (use: (directory: string) => Promise<Result>): Promise<Result> {
  const interrupt = (signal: NodeJS.Signals): void => {
    interrupted.abort()
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, interrupt)
  const directory = mkdtempSync(join(tmpdir(), 'orbitdb-backup-benchmark-'))
  try {
    return await use(directory)
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The bytes of all files in a directory. */
async function sizeOf (directory: string): Promise<number> {
  const files = (await readdir(directory, { withFileTypes: true, recursive: true })).filter(entry => entry.isFile())
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * Measures ways on a dataset.
 *
 * @param isQuick - whether it is to be over soon, so that times mean nothing: ways are run side by side, each in one process
 */
export async function measure (dataset: Dataset, ways: Way[], rounds: number, isQuick: boolean, directory: string): Promise<{ results: DatasetResults, failures: string[] }> {
  const { name, entries, writers, heads, entryBytes } = dataset
  const runs = ways.map((way): Run => ({ way, rounds: [], skipped: way.skips?.(dataset), used: 0 }))
  const failures: string[] = []
  const contents = join(directory, 'contents.json')
  const source = await copyNode(dataset, directory)
  const nodeBytes = await sizeOf(source)
  const reader = startChild(dataset)
  await reader.ask('read', { dataset, directory: source, file: contents })
  await reader.stop()

  for (let round = 1; round <= rounds; round++) {
    const queue = new PQueue({ concurrency: isQuick ? availableParallelism() : 1 })
    await queue.addAll(runs.filter(({ used, skipped }) => used < budget && skipped == null).map(run => async () => {
      const begin = performance.now()
      try {
        run.rounds.push(await measureOnce(dataset, run.way, contents, isQuick, directory))
      } catch (error) {
        run.skipped = 'It failed'
        failures.push(`${dataset.name}: ${run.way.name} failed: ${(error as Error).message}`)
      }
      run.used += performance.now() - begin
      console.error(`${dataset.name}, round ${round}: ${run.way.name}, ${(run.used / 1000).toFixed(1)} s in all`, ...run.rounds.at(-1)?.comparison?.notes ?? [])
    }))
  }
  for (const { way, rounds } of runs) {
    const lost = rounds.length > 0 && way.isForeign !== true ? lostOf(way, toResults(way, rounds)) : []
    if (lost.length > 0) failures.push(`${dataset.name}: ${way.name} lost what it should not: ${lost.join(', ')}`)
  }
  return { results: { name, entries, writers, heads, entryBytes, nodeBytes, ways: runs.map(({ way, rounds, skipped }) => toResults(way, rounds, skipped)) }, failures }
}

async function copyNode (dataset: Dataset, directory: string): Promise<string> {
  const source = await mkdtemp(join(directory, 'source-'))
  for (const part of ['ipfs', 'orbitdb']) {
    await cp(join(dataset.directory, part), join(source, part), { recursive: true })
  }
  return source
}

async function measureOnce (dataset: Dataset, way: Way, file: string, isQuick: boolean, parent: string): Promise<Round> {
  const directory = await mkdtemp(join(parent, 'run-'))
  const children: Child[] = []
  /** A process of its own for each phase, or one for all. */
  const ask: Child['ask'] = (phase, task) => {
    if (!isQuick || children.length === 0) children.unshift(startChild(dataset))
    return children[0].ask(phase, task)
  }
  try {
    const source = await copyNode(dataset, directory)
    const [artifact, target] = ['artifact', 'target'].map(name => join(directory, name))
    await mkdir(artifact)
    await mkdir(target)
    const backup = { dataset, source, artifact }
    const measured: Partial<Round> = {}
    if (way.backup != null) {
      measured.backup = await ask('backup', { way: way.name, backup })
      measured.artifactBytes = await sizeOf(artifact)
    }
    const peer = way.isLive === true ? await ask('serve', { dataset, directory: source }) : undefined
    const restore = await ask('restore', { way: way.name, restore: { ...backup, target, peer } })
    if (way.isForeign !== true) {
      measured.comparison = await ask('compare', { dataset, directory: target, file })
    }
    return { ...measured, restore }
  } finally {
    for (const child of children) await child.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** A sample of values, of which there may be none in some rounds; undefined where there is none at all. */
function toSample (values: Array<number | undefined>): Sample | undefined {
  const known = values.filter(value => value != null)
  return known.length === 0 ? undefined : { median: median(known), min: min(known), max: max(known), values: known }
}

/** The results of a way. */
function toResults ({ name, about, orbitdb, reads, checks }: Way, rounds: Round[], skipped?: string): WayResults {
  const results: WayResults = { name, about, orbitdb, reads, checks, skipped }
  if (rounds.length === 0 || skipped != null) {
    return results
  }
  const [{ backup, comparison }] = rounds
  if (backup != null) {
    results.backup = { time: toSample(rounds.map(({ backup }) => backup?.time))!, peakMemory: toSample(rounds.map(({ backup }) => backup?.peakMemory)) }
    results.artifactBytes = rounds.at(-1)!.artifactBytes
  }
  const sample = (name: keyof MeasuredRestore) => toSample(rounds.map(({ restore }) => restore[name]))
  results.restore = { time: sample('time')!, firstRead: sample('firstRead'), completeRead: sample('completeRead'), peakMemory: sample('peakMemory') }
  if (comparison != null) {
    // What was the same each time
    const aspects = Object.keys(comparison.same) as Aspect[]
    results.same = Object.fromEntries(aspects.map(aspect => [aspect, rounds.every(({ comparison }) => comparison!.same[aspect])])) as Record<Aspect, boolean>
  }
  return results
}

/** What a way lost though it must not. */
export function lostOf ({ keeps = [] }: Pick<Way, 'keeps'>, { same }: Pick<WayResults, 'same'>): Aspect[] {
  return keeps.filter(aspect => same?.[aspect] !== true)
}
