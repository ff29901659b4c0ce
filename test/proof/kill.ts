// Kills processes at their writes and at other moments, and judges what they leave
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { judge } from './judge.ts'
import { forgetPeer, names } from './nodes.ts'
import { startPeer } from './peer.ts'
import { runAndKill } from './process.ts'
import type { Task } from './child.ts'
import type { Fixture } from './fixture.ts'
import type { JobName } from './jobs.ts'
import type { Core, Name } from './nodes.ts'
import type { Peer } from './peer.ts'
import type { Outcome } from './process.ts'

export interface Scenario {
  job: JobName
  /** Where it is done: on the node of the user, or on one that has nothing. */
  on: 'user' | 'empty'
  /** What has been restored when the job has resolved. */
  restores: readonly Name[]
  /** Whether entries come from a peer, which runs meanwhile. */
  hasPeer?: boolean
  /** Which OrbitDB is killed: this one by default. */
  core?: Core
}

export const scenarios: Record<string, Scenario> = {
  import: { job: 'import', on: 'user', restores: ['posts'] },
  restore: { job: 'restore', on: 'user', restores: names },
  'restore on a new node': { job: 'restore', on: 'empty', restores: names },
  'restore beside appends': { job: 'restore beside appends', on: 'user', restores: names },
  'create beside appends': { job: 'create beside appends', on: 'user', restores: [] },
  sync: { job: 'sync', on: 'user', restores: [], hasPeer: true },
  'sync of stock OrbitDB': { job: 'sync', on: 'user', restores: [], hasPeer: true, core: 'stock' }
}

/** Where to kill: at the n-th write, or so many milliseconds after it began. */
export type Point = { write: number } | { after: number }

export interface Verdict {
  scenario: string
  point: Point
  faults: string[]
}

// How many jobs are killed with one process, and how many where they dial a peer: libp2p takes five connections a second of one host
const groupSize = 16
const groupSizeWithPeer = 4

/** Runs something beside a peer that has all that is in the archive. */
async function withPeer<Result> (fixture: Fixture, { hasPeer }: Scenario, fn: (peer?: Peer) => Promise<Result>): Promise<Result> {
  if (hasPeer !== true) return fn()
  const directory = await mkdtemp(join(fixture.directory, 'peer-'))
  await cp(fixture.source, directory, { recursive: true })
  const peer = await startPeer(directory, fixture.addresses)
  try {
    return await fn(peer)
  } finally {
    await peer.stop()
    await rm(directory, { recursive: true })
  }
}

/** Runs a job to its end, and counts its writes. */
export async function measure (fixture: Fixture, name: string): Promise<number> {
  const scenario = scenarios[name]
  return withPeer(fixture, scenario, async peer => {
    const directory = await mkdtemp(join(fixture.directory, 'measured-'))
    await cp(fixture[scenario.on], directory, { recursive: true })
    const [outcome] = await runAndKill([createTask(fixture, scenario, directory, peer)])
    await rm(directory, { recursive: true })
    if (outcome.state !== 'done') throw new Error(`The job "${name}" does not work: ${outcome.error}`)
    return outcome.writes!
  })
}

/** What a child process has to do. */
export function createTask ({ addresses, archive, state }: Fixture, { job, core }: Scenario, directory: string, peer?: Peer): Task {
  return { job, core, directory, addresses, archive, state, peer: peer?.multiaddrs }
}

/** Kills a job at some points, and judges what each leaves. */
export async function killAt (fixture: Fixture, name: string, points: Point[], onVerdict: (verdict: Verdict) => void): Promise<void> {
  const scenario = scenarios[name]
  const { on, restores, core } = scenario

  const copy = async (): Promise<string> => {
    const directory = await mkdtemp(join(fixture.directory, 'killed-'))
    await cp(fixture[on], directory, { recursive: true })
    if (scenario.hasPeer === true) await forgetPeer(directory)
    return directory
  }

  await withPeer(fixture, scenario, async peer => {
    const judgeOutcome = async ({ task: { directory }, state, error, appended }: Outcome, point: Point): Promise<void> => {
      const faults = state === 'failed' ? [`the job failed by itself: ${error}`] : []
      faults.push(...await judge(directory, {
        fixture,
        before: on === 'user' ? fixture.before : undefined,
        appended,
        claimed: state === 'done' ? restores : [],
        peer,
        isOfStock: core === 'stock'
      }))
      onVerdict({ scenario: name, point, faults })
      await rm(directory, { recursive: true })
    }

    const writes = points.filter(point => 'write' in point)
    const size = peer == null ? groupSize : groupSizeWithPeer
    for (let i = 0; i < writes.length; i += size) {
      const group = writes.slice(i, i + size)
      const tasks: Task[] = []
      for (const { write } of group) tasks.push({ ...createTask(fixture, scenario, await copy(), peer), stopAt: write })
      const outcomes = await runAndKill(tasks)
      for (const [i, outcome] of outcomes.entries()) await judgeOutcome(outcome, group[i])
    }
    for (const point of points) {
      if ('write' in point) continue
      const [outcome] = await runAndKill([createTask(fixture, scenario, await copy(), peer)], point)
      await judgeOutcome(outcome, point)
    }
  })
}
