import { deepStrictEqual, rejects, strictEqual } from 'assert'
import FairQueue from '../src/utils/fair-queue.js'

/** Tasks that note when they start, and end when they are told to. */
function createTasks () {
  const started = []
  const ends = new Map()
  const create = (name) => () => new Promise(resolve => {
    started.push(name)
    ends.set(name, () => resolve(name))
  })
  const end = async (name) => {
    ends.get(name)()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { started, create, end }
}

describe('Fair queue', function () {
  it('runs so many tasks of an owner and of all, next those of who has the fewest', async () => {
    const { started, create, end } = createTasks()
    const queue = FairQueue({ concurrency: 4, perOwner: 3, maxSize: 100 })
    const adds = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'c1'].map(name => queue.add(name[0], 1, create(name)))
    deepStrictEqual(started, ['a1', 'a2', 'a3', 'b1'])
    await end('a1')
    deepStrictEqual(started.slice(4), ['c1'])
    await end('a2')
    deepStrictEqual(started.slice(5), ['b2'])
    await end('c1')
    deepStrictEqual(started.slice(6), ['a4'])
    for (const name of ['a3', 'a4', 'b1', 'b2']) await end(name)
    await end('a5')
    deepStrictEqual(await Promise.all(adds), ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'c1'])
  })

  it('goes on after tasks that fail', async () => {
    const queue = FairQueue({ concurrency: 1, perOwner: 1, maxSize: 100 })
    const failing = [async () => { throw new Error('async') }, () => { throw new Error('sync') }].map(task => queue.add('a', 1, task))
    const added = queue.add('a', 1, async () => 'done')
    await rejects(failing[0], { message: 'async' })
    await rejects(failing[1], { message: 'sync' })
    strictEqual(await added, 'done')
  })

  it('drops the oldest of the owner of whom most is waiting, once it is too much', async () => {
    const { started, create, end } = createTasks()
    const queue = FairQueue({ concurrency: 1, perOwner: 1, maxSize: 10 })
    const add = (name, size) => queue.add(name[0], size, create(name)).catch(() => `no ${name}`)
    const adds = [add('a1', 1000), add('a2', 4), add('a3', 4), add('b1', 2), add('b2', 1), add('a4', 3), add('c1', 11)]
    deepStrictEqual(await Promise.all([adds[1], adds[6]]), ['no a2', 'no c1'])
    for (const name of ['a1', 'b1', 'a3', 'b2', 'a4']) {
      strictEqual(started.at(-1), name)
      await end(name)
    }
    deepStrictEqual(await Promise.all(adds), ['a1', 'no a2', 'a3', 'b1', 'b2', 'a4', 'no c1'])
  })
})
