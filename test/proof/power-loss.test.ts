// What a machine that loses its power may lose, restored again: `npm run test:power-loss` takes away more
import { deepStrictEqual, ok } from 'node:assert/strict'
import { useFixture } from './fixture.ts'
import { findWrites } from './leveldb.ts'
import { createScene, lose, planLosses } from './power-loss.ts'
import { createRandom } from './random.ts'

describe('A loss of power', function () {
  this.timeout(120000)
  const getFixture = useFixture(4)

  for (const name of ['import', 'restore', 'restore on a new node']) {
    it(`after "${name}" is mended by another restore`, async () => {
      const scene = await createScene(getFixture(), name)
      ok(scene.files.length > 0, 'there is something to lose')
      const losses = planLosses(scene, createRandom(1), 2)
      // All that can be lost, and some of the rest
      for (const loss of [losses[0], ...losses.slice(1).filter((_, i) => i % 4 === 0)].slice(0, 6)) {
        deepStrictEqual({ loss, faults: await lose(getFixture(), scene, loss) }, { loss, faults: [] })
      }
    })
  }

  it('cuts log files where writes end', () => {
    const record = (type: number, length: number): number[] => [0, 0, 0, 0, length % 256, length >> 8, type, ...new Array<number>(length).fill(1)]
    // A write that is in two blocks, after which there is no room for another header in the first one
    const bytes = new Uint8Array([...record(1, 10), ...record(2, 32768 - 17 - 7), ...record(4, 5), ...record(1, 32768 - 12 - 7 - 3), 0, 0, 0, ...record(1, 1), 9, 9])
    deepStrictEqual(findWrites(bytes), [17, 32768 + 12, 65536 - 3, 65536 + 8])
  })
})
