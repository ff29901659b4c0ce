/**
 * Random sequences of snapshots, pins and garbage collections: `npm run test:pins -- --seed 1 --minutes 10`
 */
import { kinds } from '../../helpers/helia.ts'
import { createNode } from '../../helpers/node.ts'
import { runPins } from '../pins.ts'
import { readTimedOptions } from '../options.ts'
import type { Kind } from '../pins.ts'

const { seed, minutes } = readTimedOptions({
  about: `Writes, makes and deletes snapshots, stores backups, pins and unpins their roots, drops databases and collects
garbage, as a seed says, on nodes of every kind.`,
  seedAbout: 'what is done; the same seed does the same again',
  minutes: 10
})

const network = await createNode()
const names = Object.keys(kinds) as Kind[]
console.log(`seed ${seed}`)
let exitCode = 0
for (const kind of names) {
  let [runs, steps] = [0, 0]
  const onRun = (count: number): void => { runs++; steps += count }
  try {
    await runPins(kind, network.libp2p, { seed, duration: minutes * 60_000 / names.length, onRun })
  } catch (error) {
    exitCode = 1
    console.log(error)
  }
  console.log(`${kind}: ${runs} sequences, ${steps} steps`)
}
console.log(exitCode === 0 ? 'Nothing was lost' : 'Something was lost')
process.exit(exitCode)
