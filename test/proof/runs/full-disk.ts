/**
 * Fills disks: `npm run test:full-disk -- --help`. It needs root, to mount small ones.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { canMount } from '../disk.ts'
import { createFixture } from '../fixture.ts'
import { createReport } from '../report.ts'

const { values: { help, size, points, only } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    size: { type: 'string', default: '20' },
    points: { type: 'string', default: '20' },
    only: { type: 'string', multiple: true }
  }
})

// The helpers of the command line's tests clean up after Mocha's tests
Object.assign(globalThis, { after: () => {} })
const { createOnFullDisk, fillDisk, jobs, measureRoom, restoreOnFullDisk } = await import('../full-disk.ts')

if (help) {
  console.log(`Fills the disk while something is restored, backed up or appended, makes room, and judges what is left.

  --size <n>      entries that user and archive share (default 20)
  --points <n>    how many sizes of disks, each (default 20)
  --only <name>   one of ${jobs.join(', ')}, orbitdb-backup restore, orbitdb-backup create`)
  process.exit()
}
if (!canMount) {
  console.log('Skipped: only root can mount a small disk')
  process.exit()
}

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-full-disk-'))
const fixture = await createFixture(directory, Number(size))
const report = createReport(`full disk --size ${size} --points ${points}`)
const isWanted = (name: string): boolean => only?.includes(name) ?? true
const parts = Array.from({ length: Number(points) }, (_, i) => i / Number(points))

for (const name of jobs.filter(isWanted)) {
  const room = await measureRoom(fixture, name)
  for (const part of parts) {
    const { state, error, faults } = await fillDisk(fixture, name, Math.floor(part * room))
    report.add(name, `${Math.floor(part * room)} of ${room} bytes (${state}${error == null ? '' : `: ${error.split('\n')[0]}`})`, faults)
  }
}
const ofCommands = { 'orbitdb-backup restore': restoreOnFullDisk, 'orbitdb-backup create': createOnFullDisk }
for (const [name, fill] of Object.entries(ofCommands).filter(([name]) => isWanted(name))) {
  for (const part of parts) {
    const room = Math.floor(part * 200000 * Number(size) / 20)
    report.add(name, `${room} bytes`, await fill(fixture, room))
  }
}
await rm(directory, { recursive: true })
report.end()
