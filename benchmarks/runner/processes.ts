// The child processes of a benchmark: one for each thing that is measured.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'
import type { Answers, Message, Phase, TaskOf } from '../child/tasks.ts'

const child = fileURLToPath(new URL('../child/index.ts', import.meta.url))

const running = new Set<ChildProcess>()

/** A process that has answered, and runs on. */
export interface Served<Answer> {
  answer: Answer
  stop: () => Promise<void>
}

/**
 * Performs a task in a process of its own, and ends that. By itself it does not always end: Node.js may
 * wait for ever for a thread that compiles and waits for garbage collection.
 */
export async function perform<P extends Phase> (task: TaskOf<P>, limit: number): Promise<Answers[P]> {
  const { answer, stop } = await serve(task, limit)
  await stop()
  return answer
}

/**
 * Performs a task in a process of its own, which runs on.
 *
 * @param limit - how long it may take to answer, in ms
 * @throws Error when it fails, ends, or takes too long
 */
export async function serve<P extends Phase> (task: TaskOf<P>, limit: number): Promise<Served<Answers[P]>> {
  // What it prints is not for those who read our results
  const process = fork(child, { stdio: ['ignore', 2, 2, 'ipc'] })
  running.add(process)
  const closed = once(process, 'close').finally(() => running.delete(process))
  const timer = setTimeout(() => process.kill('SIGKILL'), limit)
  const stop = async (): Promise<void> => {
    process.kill('SIGKILL')
    await closed
  }
  try {
    process.send(task)
    const [message] = await Promise.race([
      once(process, 'message') as Promise<[Message]>,
      closed.then(([code, signal]): never => { throw new Error(`The process ended with ${code ?? signal}, or took longer than ${limit / 1000} s`) })
    ])
    if ('error' in message) {
      throw new Error(message.error)
    }
    return { answer: message.answer as Answers[P], stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Ends all processes at once. */
export function killAll (): void {
  for (const process of running) process.kill('SIGKILL')
}
