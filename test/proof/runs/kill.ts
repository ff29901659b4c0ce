/**
 * Kills processes at each of their writes and at random moments: `npm run test:kill -- --help`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFixture } from '../fixture.ts'
import { killAt, measure, scenarios } from '../kill.ts'
import { createRandom } from '../random.ts'
import { createReport } from '../report.ts'
import type { Point } from '../kill.ts'

const { values: { help, size, every, random, seed, only } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    size: { type: 'string', default: '10' },
    every: { type: 'string', default: '1' },
    random: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    only: { type: 'string', multiple: true }
  }
})
if (help) {
  console.log(`Kills what restores, imports, backs up, appends and syncs, and judges what it leaves.

  --size <n>      entries that user and archive share (default 10; the archive has three times as many more)
  --every <n>     kill at every n-th write (default 1)
  --random <n>    kill each scenario at so many random moments, too (default 20)
  --seed <n>      of the random moments
  --only <name>   one scenario, can be repeated: ${Object.keys(scenarios).join(', ')}, orbitdb-backup …`)
  process.exit()
}

// The helpers of the command line's tests clean up after Mocha's tests
Object.assign(globalThis, { after: () => {} })
const { commands, killCommand, measureCommand } = await import('../cli.ts')

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-kill-'))
const fixture = await createFixture(directory, Number(size))
const { below } = createRandom(Number(seed))
const report = createReport(`kill --size ${size} --every ${every} --random ${random} --seed ${seed}`)
const isWanted = (name: string): boolean => only?.includes(name) ?? true

/** Where to kill what takes so many writes, and about so many milliseconds. */
const pointsOf = (writes: number, duration: number): Point[] => [
  ...Array.from({ length: Math.ceil((writes + 1) / Number(every)) }, (_, i) => ({ write: 1 + i * Number(every) })),
  ...Array.from({ length: Number(random) }, () => ({ after: below(duration) }))
]

for (const name of Object.keys(scenarios).filter(isWanted)) {
  await killAt(fixture, name, pointsOf(await measure(fixture, name), 20 + 10 * Number(size)), ({ point, faults }) => report.add(name, JSON.stringify(point), faults))
}
for (const [name, command] of Object.entries(commands).filter(([name]) => isWanted(name))) {
  const { writes, duration } = await measureCommand(fixture, command)
  for (const point of pointsOf(writes, duration)) report.add(name, JSON.stringify(point), await killCommand(fixture, command, point))
}
await rm(directory, { recursive: true })
report.end()
