// Spreads the checks of signatures over threads. Whatever becomes of these, each check gets its verdict.
import { concat } from 'uint8arrays/concat'
import { packedLength } from './checks.ts'
import { cores, startThread } from './thread.ts'
import type { Means } from './means.ts'
import type { Thread } from './thread.ts'

/** Some of the checks that somebody waits for. */
interface Piece {
  packed: Uint8Array
  resolve: (verdicts: Uint8Array) => void
  reject: (error: unknown) => void
}

/** A thread, and the pieces that it was given, in the order of its answers. */
interface Worker {
  thread: Thread
  given: Piece[]
  isReady: boolean
}

/** Up to how many checks are made at once: they are not worth a piece. */
const maxAtOnce = 8

/** How many checks a piece has: a few milliseconds. */
const pieceLength = 32

/** How many pieces a thread has at a time, so that it never waits for the next. */
const piecesGiven = 2

/** How many pieces have to wait for each thread before another one is worth its start. */
const piecesForAnother = 8

/** How many threads there are at most, beside this one. */
const maxThreads = Math.max(1, cores - 1)

/** After how many milliseconds without work threads are ended. */
const patience = 10_000

/** Calls a function in the next turn of the event loop, after what is ready to run. */
const createLater = (fn: () => void): (() => void) => {
  if (globalThis.setImmediate != null) {
    return () => { setImmediate(fn) }
  }
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = fn
  return () => port2.postMessage(undefined)
}

/**
 * Creates what checks packed signatures in as many threads as there are cores. This thread is one of them:
 * it helps, a piece in each turn of its event loop, as long as pieces wait. It rejects when this thread can not check.
 */
export function createPool (means: Means): (packed: Uint8Array) => Promise<Uint8Array> {
  const waiting: Piece[] = []
  const workers = new Set<Worker>()
  let canStart = true
  let isHelping = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const give = (worker: Worker): void => {
    while (worker.isReady && worker.given.length < piecesGiven && waiting.length > 0) {
      const piece = waiting.shift()!
      worker.given.push(piece)
      worker.thread.ask(piece.packed)
    }
    worker.thread.hold(worker.given.length > 0)
  }

  /** Starts a thread, and tells whether one could be started. */
  const start = (): boolean => {
    if (!canStart) {
      return false
    }
    const worker: Worker = { given: [], isReady: false } as unknown as Worker
    try {
      worker.thread = startThread(means, {
        onReady: () => {
          worker.isReady = true
          give(worker)
        },
        onVerdicts: verdicts => {
          worker.given.shift()!.resolve(verdicts)
          give(worker)
        },
        onFailure: () => {
          // What it was given is checked here, and by those that are left
          canStart = false
          workers.delete(worker)
          worker.isReady = false
          waiting.unshift(...worker.given.splice(0))
          help()
        }
      })
      workers.add(worker)
    } catch {
      canStart = false
    }
    return canStart
  }

  const help = (): void => {
    if (!isHelping && waiting.length > 0) {
      isHelping = true
      later()
    }
  }

  const later = createLater(() => {
    isHelping = false
    const piece = waiting.shift()
    try {
      piece?.resolve(means.check(piece.packed))
    } catch (error) {
      piece?.reject(error)
    }
    help()
  })

  const endIdle = (): void => {
    for (const worker of workers) {
      if (worker.given.length === 0) {
        workers.delete(worker)
        worker.thread.end()
      }
    }
    if (workers.size > 0) endIdleLater()
  }

  const endIdleLater = (): void => {
    clearTimeout(timer)
    timer = setTimeout(endIdle, patience)
    // In Node.js it must not keep the process running
    ;(timer as { unref?: () => void }).unref?.()
  }

  return async packed => {
    if (packed.length <= maxAtOnce * packedLength) {
      return means.check(packed)
    }
    const pieces: Array<Promise<Uint8Array>> = []
    for (let at = 0; at < packed.length; at += pieceLength * packedLength) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      // A copy, as all that a part belongs to would be sent to the thread
      waiting.push({ packed: packed.slice(at, at + pieceLength * packedLength), resolve, reject })
      pieces.push(promise)
    }
    for (const worker of workers) give(worker)
    const worthIt = Math.min(maxThreads, Math.floor(waiting.length / piecesForAnother))
    while (workers.size < worthIt && start());
    help()
    if (workers.size > 0) endIdleLater()
    return concat(await Promise.all(pieces), packed.length / packedLength)
  }
}
