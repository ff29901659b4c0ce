// Sizes that are unusual, on a small scale: `npm run test:sizes` has the large ones
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { largeEntries, manyDatabases, manyHeads, measureSize } from './sizes.ts'

describe('A backup restores', function () {
  this.timeout(120000)

  let directory: string
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-sizes-')) })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  for (const size of [largeEntries(1, 2 ** 25 - 2048), manyHeads(100), manyDatabases(50)]) {
    it(size.name, async () => { await measureSize(directory, size) })
  }
})
