import { deepStrictEqual, strictEqual } from 'assert'
import { PendingPins, keepPins, needPins, removePins } from '../src/utils/pins.js'

describe('Pins that are taken back', function () {
  it('are pinned again by who needs them, also where that was begun before', async () => {
    let pinned = 0
    const pin = async () => { pinned++ }
    await keepPins(pin)()
    strictEqual(pinned, 0)

    let end
    const removing = removePins(() => new Promise(resolve => { end = resolve }))
    const keep = keepPins(pin)
    const keeping = keep()
    await new Promise(resolve => setImmediate(resolve))
    strictEqual(pinned, 0)
    end()
    await Promise.all([removing, keeping])
    strictEqual(pinned, 1)
    await keep()
    strictEqual(pinned, 1)
    await removePins(async () => {})
    await keep()
    strictEqual(pinned, 2)
  })

  it('are none that others need, until all that might take them back has ended', () => {
    needPins(['before'])
    const [one, two] = [PendingPins(), PendingPins()]
    one.need(['one', 'both'])
    two.need(['two', 'both'])
    needPins(['needed'])
    const areNeeded = ({ isNeeded }) => ['before', 'one', 'two', 'both', 'needed'].filter(isNeeded)
    deepStrictEqual(areNeeded(one), ['two', 'both', 'needed'])
    deepStrictEqual(areNeeded(two), ['one', 'both', 'needed'])
    one.end(true)
    deepStrictEqual(areNeeded(two), ['one', 'both', 'needed'])
    two.end(false)
    const three = PendingPins()
    deepStrictEqual(areNeeded(three), [])
    three.end(false)
  })
})
