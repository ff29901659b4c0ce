// Threads that check signatures: worker threads in Node.js, web workers in browsers.
import { isRight, trial } from './checks.ts'
import type { Means } from './means.ts'

export interface Thread {
  /** Has it check signatures. Verdicts come in the order in which they were asked for. */
  ask: (packed: Uint8Array) => void
  /** Sets whether it keeps the process running. */
  hold: (isHeld: boolean) => void
  end: () => void
}

export interface ThreadEvents {
  /** Called once it is known to work, before anything may be asked. */
  onReady: () => void
  onVerdicts: (verdicts: Uint8Array) => void
  /** Called when it can not be started, was wrong in a trial, or failed. It is not called after `end`. */
  onFailure: () => void
}

/** What is used of a thread of either kind. */
interface Port {
  post: (message: unknown) => void
  hold: (isHeld: boolean) => void
  end: () => void
}

type Open = (source: string, onMessage: (message: any) => void, onFailure: () => void) => Port

/** What a thread runs. It is text, as a file would have to be found by every bundler. */
const toSource = (create: Means['create']): string => `
  const create = ${create}
  const port = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort ?? globalThis
  let check
  port.onmessage = ({ data }) => {
    if (check == null) check = create(data)
    else port.postMessage(check(data))
  }
`

const workerThreads = globalThis.process?.getBuiltinModule?.('node:worker_threads')

const openInNode: Open = (source, onMessage, onFailure) => {
  const worker = new workerThreads.Worker(source, { eval: true, execArgv: [], name: 'signatures' })
  worker.unref()
  worker.on('message', onMessage)
  worker.on('messageerror', onFailure)
  worker.on('error', onFailure)
  worker.on('exit', onFailure)
  return {
    post: message => worker.postMessage(message),
    hold: isHeld => isHeld ? worker.ref() : worker.unref(),
    end: () => { worker.terminate() }
  }
}

const openInBrowser: Open = (source, onMessage, onFailure) => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  let worker: Worker
  try {
    worker = new Worker(url, { name: 'signatures' })
  } catch (error) {
    URL.revokeObjectURL(url)
    throw error
  }
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url)
    onMessage(data)
  }
  worker.onmessageerror = onFailure
  worker.onerror = event => {
    // It is no error of the page
    event.preventDefault()
    URL.revokeObjectURL(url)
    onFailure()
  }
  return {
    post: message => worker.postMessage(message),
    hold: () => {},
    end: () => worker.terminate()
  }
}

/** How many threads run at the same time. */
export const cores = globalThis.process?.getBuiltinModule?.('node:os')?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1

/**
 * Starts a thread.
 *
 * @throws Error where none can be started; some browsers tell by `onFailure`.
 */
export function startThread ({ create, data }: Pick<Means, 'create' | 'data'>, { onReady, onVerdicts, onFailure }: ThreadEvents): Thread {
  let isReady = false
  let isEnded = false
  const open = workerThreads == null ? openInBrowser : openInNode
  const fail = (): void => {
    if (isEnded) return
    end()
    onFailure()
  }
  const { post, hold, end: close } = open(toSource(create), verdicts => {
    if (isEnded) return
    if (isReady) {
      onVerdicts(verdicts)
    } else if (isRight(verdicts)) {
      isReady = true
      onReady()
    } else {
      fail()
    }
  }, fail)
  const end = (): void => {
    isEnded = true
    close()
  }
  try {
    post(data)
    post(trial)
  } catch (error) {
    end()
    throw error
  }
  const ask = (packed: Uint8Array): void => {
    try {
      post(packed)
    } catch {
      fail()
    }
  }
  return { ask, hold, end }
}
