/**
 * Random sequences of writes and increments: `npm run test:increments -- --seed 1 --minutes 20`
 */
import { runIncrements } from '../increments.ts'
import { readTimedOptions } from '../options.ts'

const { seed, minutes } = readTimedOptions({
  about: `Writes to databases as several writers, who may write to one of them or not, joins what they wrote, drops databases and restores them as they were, puts entries
of one into another, and backs them up whole and as what is new since others, as a seed says. Each increment must have the root of a
whole backup, restore what the log has, alone and with its bases, and be merged with all others.`,
  seedAbout: 'what is done; the same seed does the same again',
  minutes: 20
})

console.log(`seed ${seed}`)
let exitCode = 0
let [runs, steps, increments] = [0, 0, 0]
try {
  await runIncrements({
    seed,
    duration: minutes * 60_000,
    onRun: (count, made) => { runs++; steps += count; increments += made }
  })
} catch (error) {
  exitCode = 1
  console.log(error)
}
console.log(`${runs} sequences, ${steps} steps, ${increments} increments`)
console.log(exitCode === 0 ? 'All held' : 'Something did not hold')
process.exit(exitCode)
