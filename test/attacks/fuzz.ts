import { parseArgs } from 'node:util'
import { assertAgree } from './differential.ts'
import { createVictim, stopVictim } from '../hostile/world.ts'

const usage = `Changes one thing in random logs, and fails where restore, verify, import and joins do not agree about it.

Usage: npm run fuzz -- [--seed N] [--minutes N | --count N]

  --seed     where to begin: a random number by default
  --minutes  how long: 1 by default
  --count    how many logs instead`

/** How many logs the same node is given: its blocks are in memory. */
const logsOfNode = 500

const { values: { help, seed, minutes, count } } = parseArgs({
  options: { help: { type: 'boolean' }, seed: { type: 'string' }, minutes: { type: 'string', default: '1' }, count: { type: 'string' } }
})
if (help === true) {
  console.log(usage)
  process.exit()
}

const first = seed == null ? Math.floor(Math.random() * 2 ** 31) : Number(seed)
const until = Date.now() + Number(minutes) * 60_000
const last = count == null ? Infinity : first + Number(count)
const verdicts: Record<string, number[]> = {}
const failures: number[] = []
let at = first
const isDone = (): boolean => at >= last || (count == null && Date.now() >= until)
while (!isDone()) {
  const victim = await createVictim('reader')
  for (let i = 0; i < logsOfNode && !isDone(); i++, at++) {
    try {
      const { mutation, isTaken } = await assertAgree(victim, at)
      const counts = verdicts[mutation] ??= [0, 0]
      counts[isTaken ? 0 : 1]++
    } catch (error) {
      failures.push(at)
      console.error(`seed ${at}:`, error)
    }
  }
  await stopVictim(victim)
}
for (const [mutation, [taken, refused]] of Object.entries(verdicts).sort()) console.log(`${mutation}: ${taken} taken, ${refused} refused`)
console.log(`${at - first} logs from seed ${first}: ${failures.length === 0 ? 'all ways agree' : `no agreement about ${failures.join(', ')}`}`)
process.exit(failures.length === 0 ? 0 : 1)
