/**
 * Takes away what was not synced, record by record: `npm run test:power-loss -- --help`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFixture } from '../fixture.ts'
import { measure } from '../kill.ts'
import { createScene, lose, planLosses } from '../power-loss.ts'
import { createRandom } from '../random.ts'
import { createReport } from '../report.ts'

const jobs = ['import', 'restore', 'restore on a new node']

const { values: { help, size, moments, random, seed, only } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    size: { type: 'string', default: '10' },
    moments: { type: 'string', default: '4' },
    random: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    only: { type: 'string', multiple: true }
  }
})
if (help) {
  console.log(`Cuts the log file of each LevelDB at each write that was not synced, after an import or a restore and in the middle of one.

  --size <n>      entries that user and archive share (default 10)
  --moments <n>   at how many moments, the end is one of them (default 4)
  --random <n>    how many random cuts of all files at each (default 10)
  --seed <n>      of the random cuts
  --only <name>   one of ${jobs.join(', ')}`)
  process.exit()
}

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-power-loss-'))
const fixture = await createFixture(directory, Number(size))
const report = createReport(`power loss --size ${size} --moments ${moments} --random ${random} --seed ${seed}`)
const numbers = createRandom(Number(seed))

for (const name of jobs.filter(name => only?.includes(name) ?? true)) {
  const writes = await measure(fixture, name)
  for (let i = 1; i <= Number(moments); i++) {
    const stopAt = i === Number(moments) ? undefined : Math.round(writes * i / Number(moments))
    const scene = await createScene(fixture, name, stopAt)
    for (const loss of planLosses(scene, numbers, Number(random))) {
      report.add(name, `${stopAt == null ? 'at its end' : `before write ${stopAt}`}, left: ${JSON.stringify(loss)}`, await lose(fixture, scene, loss))
    }
    await rm(scene.directory, { recursive: true })
  }
}
await rm(directory, { recursive: true })
report.end()
