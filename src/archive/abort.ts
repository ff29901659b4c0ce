/**
 * Waits for a promise, but no longer than until a signal is aborted: what a source does then that never
 * answers is left to itself.
 */
export async function untilAborted<Value> (promise: Promise<Value> | PromiseLike<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal == null) {
    return promise
  }
  return new Promise<Value>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) {
      Promise.resolve(promise).catch(() => {})
      return abort()
    }
    signal.addEventListener('abort', abort, { once: true })
    Promise.resolve(promise).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Iterates over what a source gives, until a signal is aborted. A source that was left is told so, and not waited for. */
export async function * iterateUntilAborted<Value> (source: Iterable<Value> | AsyncIterable<Value>, signal: AbortSignal | undefined): AsyncGenerator<Value, void, undefined> {
  signal?.throwIfAborted()
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let isDone = false
  try {
    for (;;) {
      const next = await untilAborted(Promise.resolve(iterator.next()), signal)
      if (next.done === true) {
        isDone = true
        return
      }
      yield next.value
    }
  } catch (error) {
    isDone = isDone || !(signal?.aborted ?? false)
    throw error
  } finally {
    if (!isDone) {
      const closed = Promise.resolve(iterator.return?.()).catch(() => {})
      if (signal?.aborted !== true) {
        await untilAborted(closed, signal).catch(() => {})
      }
    }
  }
}
