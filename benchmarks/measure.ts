// Runs ways on a dataset, round by round.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { max, median, min } from 'simple-statistics'
import { cacheDirectory } from './dataset.ts'
import { formatCount, formatTime } from './report/format.ts'
import type { Measured, MeasuredRestore, Phase, Phases } from './child.ts'
import type { Dataset } from './dataset.ts'
import type { Aspect, DatasetResults, Sample, WayResults } from './results.ts'
import type { Way } from './way.ts'

/** What is found out about a way in a round. */
interface Round {
  backup?: Measured
  artifactBytes?: number
  restore: MeasuredRestore
  same?: Record<Aspect, boolean>
}

type Task<P extends Phase> = Parameters<Phases[P]>[0]
type Answer<P extends Phase> = Awaited<ReturnType<Phases[P]>>

// A way that took longer than that in all rounds so far, in ms, is not run again
const budget = 60_000

// A way that would take longer than that, in ms, by what it took with fewer entries, is not run at all
const most = 120_000

// To compare takes longer than most ways: what is lost of fewer entries is lost of more as well
const mostCompared = 20_000

/** A process that performs tasks. */
interface Child {
  ask: <P extends Phase>(phase: P, task: Task<P>) => Promise<Answer<P>>
  stop: () => Promise<void>
}

function startChild ({ entries }: Dataset, tasks = 1): Child {
  // Much longer than the slowest takes
  const timeout = (5 * 60_000 + entries * 60) * tasks
  // Half of what it takes to start is to strip types, and to compile
  const env = { ...globalThis.process.env, NODE_COMPILE_CACHE: join(cacheDirectory(), 'compiled') }
  // What it prints is not for those who read our results
  const process = fork(join(import.meta.dirname, 'child.ts'), { env, stdio: ['ignore', 2, 2, 'ipc'], timeout, killSignal: 'SIGKILL' })
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
async function withDirectory<Result> (use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-benchmark-'))
  try {
    return await use(directory)
  } finally {
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
 * @param smaller - the results for datasets that have fewer entries, and are the same otherwise
 * @param isQuick - whether it is to be over soon, so that times mean nothing: ways are run side by side, each in one process
 * @throws Error when a way fails, or loses what it must not.
 */
export const measure = (dataset: Dataset, ways: Way[], rounds: number, smaller: DatasetResults[], isQuick: boolean): Promise<DatasetResults> => withDirectory(async directory => {
  const { name, entries, writers, heads, entryBytes } = dataset
  const source = await copyNode(dataset, join(directory, 'source'))
  const nodeBytes = await sizeOf(source)
  const isCompared = entries <= mostCompared || smaller.length === 0
  const contents = isCompared ? join(directory, 'contents.json') : undefined
  const judge = startChild(dataset, 1 + ways.length * rounds)
  if (contents != null) await judge.ask('read', { dataset, directory: source, file: contents })

  const runs = ways.map(way => ({ way, rounds: [] as Round[], used: 0, before: beforeOf(way, smaller) }))
  for (let round = 1; round <= rounds; round++) {
    const queue = new PQueue({ concurrency: isQuick ? availableParallelism() : 1 })
    await queue.addAll(runs.filter(({ used, before }) => used < budget && expected(before, entries) <= most).map(run => async () => {
      const begin = performance.now()
      run.rounds.push(await measureOnce(dataset, run.way, contents, isQuick ? undefined : judge))
      run.used += performance.now() - begin
      console.error(`${name}, round ${round}: ${run.way.name}, ${(run.used / 1000).toFixed(1)} s in all`)
    }))
  }
  await judge.stop()
  const results = runs.map(({ way, rounds, before }) => toResults(way, rounds, before))
  const faults = runs.map(({ way, rounds }, i) => ({ name: way.name, lost: rounds.length > 0 ? lostOf(way, results[i]) : [] })).filter(({ lost }) => lost.length > 0)
  if (faults.length > 0) {
    throw new Error(faults.map(({ name, lost }) => `${name} lost what it should not: ${lost.join(', ')}`).join('\n'))
  }
  return { name, entries, writers, heads, entryBytes, nodeBytes, ways: results }
})

/** What a way took for fewer entries. */
interface Before {
  entries: number
  results: WayResults
}

/** What a way took for the most entries that it was run with. */
function beforeOf ({ name }: Way, smaller: DatasetResults[]): Before | undefined {
  const found = smaller.map(({ entries, ways }) => ({ entries, results: ways.find(way => way.name === name) }))
    .filter((before): before is Before => before.results?.restore != null)
  return found.sort((a, b) => a.entries - b.entries).at(-1)
}

const timeOf = ({ backup, restore }: WayResults): number => (backup?.time.median ?? 0) + (restore!.completeRead ?? restore!.time).median

/** How long a way would take, in ms. */
const expected = (before: Before | undefined, entries: number): number => before == null ? 0 : timeOf(before.results) * entries / before.entries

async function copyNode ({ directory }: Dataset, to: string): Promise<string> {
  for (const part of ['ipfs', 'orbitdb']) {
    await cp(join(directory, part), join(to, part), { recursive: true })
  }
  return to
}

const measureOnce = (dataset: Dataset, way: Way, file: string | undefined, judge?: Child): Promise<Round> => withDirectory(async directory => {
  const children: Child[] = []
  /** A process of its own for each phase, or one for all where nobody else judges. */
  const ask: Child['ask'] = (phase, task) => {
    if (judge != null || children.length === 0) children.unshift(startChild(dataset))
    return children[0].ask(phase, task)
  }
  try {
    const [artifact, target] = ['artifact', 'target'].map(name => join(directory, name))
    await mkdir(artifact)
    await mkdir(target)
    const backup = { dataset, source: await copyNode(dataset, join(directory, 'source')), artifact }
    const measured: Partial<Round> = {}
    if (way.backup != null) {
      measured.backup = await ask('backup', { way: way.name, backup })
      measured.artifactBytes = await sizeOf(artifact)
    }
    const peer = way.isLive === true ? await ask('serve', { dataset, directory: backup.source }) : undefined
    const restore = await ask('restore', { way: way.name, restore: { ...backup, target, peer } })
    if (file != null && way.isForeign !== true) {
      measured.same = await (judge?.ask ?? ask)('compare', { dataset, directory: target, file })
    }
    return { ...measured, restore }
  } finally {
    for (const child of children) await child.stop()
  }
})

/** A sample of values, of which there may be none in some rounds; undefined where there is none at all. */
function toSample (values: Array<number | undefined>): Sample | undefined {
  const known = values.filter(value => value != null)
  return known.length === 0 ? undefined : { median: median(known), min: min(known), max: max(known), values: known }
}

/** The results of a way. */
function toResults ({ name, about, orbitdb, reads, checks }: Way, rounds: Round[], before: Before | undefined): WayResults {
  const way = { name, about, orbitdb, reads, checks }
  if (rounds.length === 0) {
    return { ...way, skipped: `not run: ${formatTime(timeOf(before!.results))} for ${formatCount(before!.entries)} already` }
  }
  const sample = (of: (round: Round) => number | undefined): Sample | undefined => toSample(rounds.map(of))
  const [{ backup, same, artifactBytes }] = rounds
  // What was the same each time
  const aspects = Object.keys(same ?? {}) as Aspect[]
  const isSame = same && Object.fromEntries(aspects.map(aspect => [aspect, rounds.every(({ same }) => same![aspect])])) as Record<Aspect, boolean>
  return {
    ...way,
    backup: backup && { time: sample(({ backup }) => backup!.time)!, peakMemory: sample(({ backup }) => backup!.peakMemory) },
    artifactBytes,
    restore: {
      time: sample(({ restore }) => restore.time)!,
      firstRead: sample(({ restore }) => restore.firstRead),
      completeRead: sample(({ restore }) => restore.completeRead),
      peakMemory: sample(({ restore }) => restore.peakMemory)
    },
    same: isSame ?? before?.results.same
  }
}

/** What a way lost though it must not. */
export function lostOf ({ keeps = [] }: Pick<Way, 'keeps'>, { same }: Pick<WayResults, 'same'>): Aspect[] {
  return keeps.filter(aspect => same?.[aspect] !== true)
}
