/**
 * Runs jobs, each on a node of its own, in a process that is there to be killed. It tells its parent
 * what each has done; a job that got to the write to stop at goes no further.
 */
import { once } from 'node:events'
import { jobs } from './jobs.ts'
import { openDatabase, startNode, write } from './nodes.ts'
import { watchWrites } from './writes.ts'
import type { JobName, JobOptions } from './jobs.ts'
import type { Core, Name, RunningNode } from './nodes.ts'

export interface Task extends JobOptions {
  job: JobName
  /** Which OrbitDB does it: this one by default. */
  core?: Core
  directory: string
  /** The number of the write before which the job stops. */
  stopAt?: number
  /** Whether to note what is on the disk. */
  notesSyncs?: boolean
  /** Whether to go on when the job is over and the parent says that there is room again. */
  goesOn?: boolean
}

export type Message =
  /** The job is about to begin. */
  | { directory: string, type: 'begun' }
  /** An append has resolved. */
  | { directory: string, type: 'appended', name: Name, hash: string }
  /** The job got to the write to stop at. */
  | { directory: string, type: 'stopped' }
  /** The job has resolved, after so many writes. */
  | { directory: string, type: 'done', writes: number }
  /** The job has rejected. */
  | { directory: string, type: 'failed', error: string }
  /** What is done when there is room again is over, and whether the job has resolved then. */
  | { directory: string, type: 'over', again: boolean }

const send = (message: Message): void => { process.send!(message) }

/** Starts a node and runs a job on it. */
async function run ({ job, core, directory, stopAt, notesSyncs, ...options }: Task): Promise<RunningNode | undefined> {
  let node: RunningNode | undefined
  try {
    node = await startNode(directory, core)
    // Not before: what is stopped as a node starts can hold locks that other nodes of the process wait for
    const writes = watchWrites(directory, { stopAt, notesSyncs, onStop: () => send({ directory, type: 'stopped' }) })
    send({ directory, type: 'begun' })
    await jobs[job](node, options, (name, hash) => send({ directory, type: 'appended', name, hash }))
    send({ directory, type: 'done', writes: writes.count })
  } catch (error) {
    send({ directory, type: 'failed', error: String((error as Error).stack) })
  }
  return node
}

/** What an app does when there is room again: it goes on. What it is told then has to hold. */
async function goOn (task: Task, node: RunningNode): Promise<void> {
  const { directory, addresses, job, ...options } = task
  const attempt = async (fn: () => Promise<void>): Promise<boolean> => fn().then(() => true, () => false)
  for (const name of ['posts', 'settings'] as const) {
    await attempt(async () => {
      const db = await openDatabase(node, addresses, name)
      for (let i = 0; i < 3; i++) send({ directory, type: 'appended', name, hash: await write(db, name, `when there is room ${i}`) })
    })
  }
  const again = await attempt(() => jobs[job](node, { addresses, ...options }, (name, hash) => send({ directory, type: 'appended', name, hash })))
  send({ directory, type: 'over', again })
}

process.on('disconnect', () => process.exit()) // Don't outlive the parent
await Promise.all((JSON.parse(process.argv[2]) as Task[]).map(async task => {
  const node = await run(task)
  if (task.goesOn !== true) return
  await once(process, 'message')
  node == null ? send({ directory: task.directory, type: 'over', again: false }) : await goOn(task, node)
}))
