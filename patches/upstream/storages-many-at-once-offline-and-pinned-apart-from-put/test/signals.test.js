import { deepStrictEqual, rejects, strictEqual } from 'assert'
import abortable from '../src/utils/abortable.js'
import anySignal from '../src/utils/any-signal.js'

describe('Signals', function () {
  const countListeners = (signal) => {
    const { addEventListener, removeEventListener } = signal
    const count = { now: 0 }
    signal.addEventListener = (...args) => {
      count.now++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args) => {
      count.now--
      removeEventListener.apply(signal, args)
    }
    return count
  }

  it('have one listener, however many wait for them', async () => {
    const controller = new AbortController()
    const count = countListeners(controller.signal)
    const waiting = Array.from({ length: 50 }, () => abortable(new Promise(() => {}), controller.signal))
    const combined = Array.from({ length: 50 }, () => anySignal([controller.signal, undefined, new AbortController().signal]))
    await abortable(Promise.resolve(), controller.signal)
    strictEqual(count.now, 1)

    combined.slice(1).forEach(({ clear }) => clear())
    controller.abort(new Error('aborted'))

    await Promise.all(waiting.map(promise => rejects(promise, { message: 'aborted' })))
    deepStrictEqual(combined.map(({ aborted }) => aborted), [true, ...Array(49).fill(false)])
    strictEqual(combined[0].reason.message, 'aborted')
    strictEqual(anySignal([controller.signal]).reason.message, 'aborted')
  })

  it('have none when nobody waits any more', async () => {
    const { signal } = new AbortController()
    const count = countListeners(signal)
    const combined = anySignal([signal])
    strictEqual(await abortable(Promise.resolve(1), signal), 1)
    combined.clear()
    strictEqual(count.now, 0)
  })
})
