/**
 * A long mixed run: `npm run test:mixed -- --seed 1 --minutes 30`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runMixed } from '../mixed.ts'

const { values: { help, seed, minutes, replicas } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    minutes: { type: 'string', default: '30' },
    replicas: { type: 'string', default: '3' }
  }
})
if (help) {
  console.log(`Replicas write, sync, back up, restore, drop, collect garbage, restart and are killed, as a seed says.

  --seed <n>      what is done; the same seed does the same again
  --minutes <n>   for how long (default 30)
  --replicas <n>  how many processes (default 3)`)
  process.exit()
}

console.log(`seed ${seed}`)
const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-mixed-'))
const end = Date.now() + Number(minutes) * 60000
let faults = 0
const counts = await runMixed({
  directory,
  seed: Number(seed),
  replicas: Number(replicas),
  isOver: () => Date.now() > end,
  onFault: fault => {
    faults++
    console.log(fault)
  }
})
console.log(`\nmixed --seed ${seed} --minutes ${minutes} --replicas ${replicas}`)
for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(6)}  ${what}`)
console.log(faults === 0 ? 'All held' : `${faults} did not hold; what is there is in ${directory}`)
if (faults === 0) await rm(directory, { recursive: true })
process.exit(faults === 0 ? 0 : 1)
