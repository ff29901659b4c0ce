/**
 * Random sequences of writes and increments: `npm run test:increments -- --seed 1 --minutes 20`
 */
import { parseArgs } from 'node:util'
import { createNode } from '../../helpers/node.ts'
import { runIncrements } from '../increments.ts'

const { values: { help, seed, minutes } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    minutes: { type: 'string', default: '20' }
  }
})
if (help) {
  console.log(`Writes to databases as several writers, joins what they wrote, drops databases and restores them as they were, puts entries
of one into another, and backs them up whole and as what is new since others, as a seed says. Each increment must have the root of a
whole backup, restore what the log has, alone and with its bases, and be merged with all others.

  --seed <n>      what is done; the same seed does the same again
  --minutes <n>   for how long (default 20)`)
  process.exit()
}

const network = await createNode()
console.log(`seed ${seed}`)
let exitCode = 0
let [runs, steps, increments] = [0, 0, 0]
try {
  await runIncrements(network.libp2p, {
    seed: Number(seed),
    duration: Number(minutes) * 60_000,
    onRun: (count, made) => { runs++; steps += count; increments += made }
  })
} catch (error) {
  exitCode = 1
  console.log(error)
}
console.log(`${runs} sequences, ${steps} steps, ${increments} increments`)
console.log(exitCode === 0 ? 'All held' : 'Something did not hold')
process.exit(exitCode)
