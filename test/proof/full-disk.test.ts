// What restores, backs up and appends on a disk that is full for a while: `npm run test:full-disk` fills more of them
import { deepStrictEqual } from 'node:assert/strict'
import { canMount } from './disk.ts'
import { useFixture } from './fixture.ts'
import { createOnFullDisk, fillDisk, jobs, measureRoom, restoreOnFullDisk } from './full-disk.ts'

describe('A disk that is full', function () {
  this.timeout(120000)
  before(function () {
    if (!canMount) this.skip() // Only root can mount a small one
  })
  const getFixture = useFixture(6)

  for (const name of jobs) {
    it(`in "${name}" loses nothing that was there or resolved, also when there is room again`, async () => {
      const fixture = getFixture()
      const room = await measureRoom(fixture, name)
      const { faults } = await fillDisk(fixture, name, Math.floor(room / 2))
      deepStrictEqual(faults, [])
    })
  }

  it('in "orbitdb-backup restore" loses nothing', async () => {
    deepStrictEqual(await restoreOnFullDisk(getFixture(), 20000), [])
  })

  it('in "orbitdb-backup create" leaves no part of an archive', async () => {
    deepStrictEqual(await createOnFullDisk(getFixture(), 8192), [])
  })
})
