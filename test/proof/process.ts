// Runs tasks in a child process, and kills it
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'
import type { Message, Task } from './child.ts'
import type { Name } from './nodes.ts'

/** What a task has done by the time its process was killed. */
export interface Outcome {
  task: Task
  /** Whether it began, stopped, resolved or rejected, whichever was last. */
  state: Message['type'] | 'starting'
  error?: string
  /** How many writes it took, if it resolved. */
  writes?: number
  /** Hashes of the entries whose appends have resolved. */
  appended: Record<Name, string[]>
  /** Whether the job has resolved when it was done again after there was room. */
  again?: boolean
}

const script = fileURLToPath(import.meta.resolve('./child.ts'))

// What hangs, as a sync may that never comes, is killed where it is
const limit = 20000

const isOver = ({ state }: Outcome): boolean => ['stopped', 'done', 'failed'].includes(state)

/** Starts a process for tasks, and keeps what it says. */
function start (tasks: Task[], onMessage: (outcomes: Outcome[], child: ChildProcess) => void): Promise<Outcome[]> {
  const outcomes = tasks.map((task): Outcome => ({ task, state: 'starting', appended: { posts: [], settings: [], team: [] } }))
  const child = fork(script, [JSON.stringify(tasks)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  child.on('message', (message: Message) => {
    const outcome = outcomes.find(({ task }) => task.directory === message.directory)!
    if (message.type === 'appended') {
      outcome.appended[message.name].push(message.hash)
    } else if (message.type === 'over') {
      outcome.again = message.again
    } else if (outcome.state !== 'stopped') {
      outcome.state = message.type
      if (message.type === 'failed') outcome.error = message.error
      if (message.type === 'done') outcome.writes = message.writes
    }
    onMessage(outcomes, child)
  })
  const hanging = setTimeout(() => child.kill('SIGKILL'), 3 * limit)
  return once(child, 'close').then(([code, signal]) => {
    clearTimeout(hanging)
    if (!child.killed) throw new Error(`The process ended by itself, with ${code ?? signal}`)
    return outcomes
  })
}

/**
 * Runs tasks side by side in a process of their own, and kills it with SIGKILL: as soon as each has stopped,
 * resolved or rejected, or so many milliseconds after all have begun.
 */
export async function runAndKill (tasks: Task[], { after = limit }: { after?: number } = {}): Promise<Outcome[]> {
  let timer: NodeJS.Timeout | undefined
  const outcomes = await start(tasks, (outcomes, child) => {
    if (outcomes.every(isOver)) child.kill('SIGKILL')
    if (outcomes.every(({ state }) => state !== 'starting')) timer ??= setTimeout(() => child.kill('SIGKILL'), after)
  })
  clearTimeout(timer)
  return outcomes
}

/** Runs a task, makes room on the disk when it has resolved or rejected, has it go on, and kills its process. */
export async function runThroughFullDisk (task: Task, makeRoom: () => Promise<void>): Promise<Outcome> {
  let isRoomy = false
  const goOn = async (child: ChildProcess): Promise<void> => {
    await makeRoom()
    child.send('room')
  }
  const [outcome] = await start([{ ...task, goesOn: true }], ([outcome], child) => {
    if (outcome.again != null) child.kill('SIGKILL')
    if (isOver(outcome) && !isRoomy) {
      isRoomy = true
      goOn(child).catch(error => child.emit('error', error))
    }
  })
  return outcome
}
