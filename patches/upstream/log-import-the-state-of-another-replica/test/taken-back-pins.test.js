import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { PendingPins, keepPins, pinAll, removePins } from '../src/utils/pins.js'

describe('Pins that are taken back', function () {
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const nothing = async () => {}

  it('are pinned again before what needs them is committed, also where that was begun before', async () => {
    const calls = []
    const pin = async () => { calls.push('pin') }
    const commit = async () => { calls.push('commit') }
    await keepPins(pin)(commit, [])
    deepStrictEqual(calls, ['commit'])

    let end
    const removing = removePins(() => new Promise(resolve => { end = resolve }))
    const commitPinned = keepPins(pin)
    const committing = commitPinned(commit, [])
    await turn()
    deepStrictEqual(calls, ['commit'])
    end()
    await Promise.all([removing, committing])
    deepStrictEqual(calls, ['commit', 'pin', 'commit'])
    await commitPinned(commit, [])
    deepStrictEqual(calls, ['commit', 'pin', 'commit', 'commit'])
    await removePins(nothing)
    await commitPinned(commit, [])
    deepStrictEqual(calls, ['commit', 'pin', 'commit', 'commit', 'pin', 'commit'])
  })

  it('are waited for no longer than until a signal is aborted, and nothing is committed then', async () => {
    let end
    let committed = 0
    const removing = removePins(() => new Promise(resolve => { end = resolve }))
    const controller = new AbortController()
    const committing = keepPins(nothing)(async () => { committed++ }, [], controller.signal)
    controller.abort(new Error('aborted'))
    await rejects(committing, { message: 'aborted' })
    strictEqual(committed, 0)
    end()
    await removing
  })

  it('are taken back when what is being committed is', async () => {
    let end
    let removed = 0
    const committing = keepPins(nothing)(() => new Promise(resolve => { end = resolve }), [])
    const removing = removePins(async () => { removed++ })
    await turn()
    strictEqual(removed, 0)
    end()
    await Promise.all([committing, removing])
    strictEqual(removed, 1)
  })

  it('are none of a storage that is aborted as it pins many, as nobody would know', async () => {
    const controller = new AbortController()
    const storage = {
      persistMany: async (hashes, signal) => {
        controller.abort(new Error('aborted'))
        signal?.throwIfAborted()
        return hashes
      }
    }
    deepStrictEqual(await pinAll(storage, ['hash'], controller.signal), ['hash'])
    await rejects(pinAll(storage, ['hash'], controller.signal), { message: 'aborted' })
  })

  it('are none that what was committed meanwhile needs', async () => {
    const commit = (hash) => keepPins(nothing)(nothing, [hash])
    const areNeeded = ({ isNeeded }) => ['before', 'meanwhile', 'failed', 'after'].filter(isNeeded)
    await commit('before')
    const [one, two] = [PendingPins(), PendingPins()]
    await commit('meanwhile')
    await rejects(keepPins(nothing)(async () => { throw new Error('failed') }, ['failed']), { message: 'failed' })
    deepStrictEqual(areNeeded(one), ['meanwhile'])
    one.end()
    deepStrictEqual(areNeeded(two), ['meanwhile'])
    two.end()
    await commit('after')
    const three = PendingPins()
    deepStrictEqual(areNeeded(three), [])
    three.end()
  })
})
