// Functions that run in processes of their own, so that each begins with the same caches and the same heap.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cacheDirectory } from './dataset.ts'

/** The modules whose functions can be called. */
interface Modules {
  operations: typeof import('./operations.ts')
  phases: typeof import('./phases.ts')
}

type Args<Fn> = Fn extends (...args: infer A) => any ? A : never
type Result<Fn> = Fn extends (...args: any[]) => infer R ? Awaited<R> : never

/** What runs for that long is killed, in ms: much longer than the slowest takes. */
const timeout = 60 * 60_000

/** Starts a process that calls functions of a module as it is asked to, one after the other. */
export function startProcess<Name extends keyof Modules> (name: Name, execArgv: string[] = []) {
  // Half of what it takes to start is to strip types, and to compile
  const env = { ...globalThis.process.env, NODE_COMPILE_CACHE: join(cacheDirectory(), 'compiled') }
  // What it prints is not for those who read our results
  const process = fork(join(import.meta.dirname, 'child.ts'), [name], { execArgv, env, stdio: ['ignore', 2, 2, 'ipc'], timeout, killSignal: 'SIGKILL' })
  const ended = once(process, 'exit')
  return {
    /** @throws Error when the function does: the process prints why, and ends. */
    call: async <Fn extends keyof Modules[Name] & string>(fn: Fn, ...args: Args<Modules[Name][Fn]>): Promise<Result<Modules[Name][Fn]>> => {
      process.send({ fn, args })
      const [{ result }] = await Promise.race([once(process, 'message'), ended.then(([code, signal]): never => { throw new Error(`${fn} ended with ${code ?? signal}`) })])
      return result
    },
    stop: async (): Promise<void> => {
      // By itself it may wait for ever
      process.kill('SIGKILL')
      await ended
    }
  }
}

/** Calls one of the operations in a process of its own. */
export async function operate<Fn extends keyof Modules['operations']> (fn: Fn, args: Args<Modules['operations'][Fn]>, execArgv?: string[]): Promise<Result<Modules['operations'][Fn]>> {
  const process = startProcess('operations', execArgv)
  try {
    return await process.call(fn, ...args)
  } finally {
    await process.stop()
  }
}
