// What restores, imports, backs up, appends and syncs, killed at some of its writes: `npm run test:kill` kills at all
import { deepStrictEqual } from 'node:assert/strict'
import { commands, killCommand, measureCommand } from './cli.ts'
import { useFixture } from './fixture.ts'
import { killAt, measure, scenarios } from './kill.ts'

describe('A process that is killed', function () {
  this.timeout(120000)
  const getFixture = useFixture(4)

  for (const name of Object.keys(scenarios)) {
    it(`in "${name}" loses nothing`, async () => {
      const fixture = getFixture()
      const writes = await measure(fixture, name)
      const points = [0.3, 0.6, 0.9].map(part => ({ write: Math.ceil(part * writes) }))
      const verdicts: unknown[] = []
      await killAt(fixture, name, points, ({ point, faults }) => {
        if (faults.length > 0) verdicts.push({ point, faults })
      })
      deepStrictEqual(verdicts, [])
    })
  }

  for (const [name, command] of Object.entries(commands)) {
    it(`in "${name}" loses nothing`, async () => {
      const fixture = getFixture()
      const { writes, duration } = await measureCommand(fixture, command)
      const points = [...[0.25, 0.5, 0.8].map(part => ({ write: Math.ceil(part * writes) })), { after: Math.round(0.7 * duration) }]
      for (const point of points) deepStrictEqual({ point, faults: await killCommand(fixture, command, point) }, { point, faults: [] })
    })
  }
})
