// Whatever is changed in an honest log: restore, verify, import and joins agree about it.
import { ok } from 'node:assert/strict'
import { assertAgree } from './differential.ts'
import { createVictim, stopVictim } from '../hostile/world.ts'
import type { Victim } from '../hostile/world.ts'

/** Seeds about which there was a disagreement once, and how many more to try. */
const seeds = [20263502, 20263540, 20270822, 20271932]
const count = 60

describe('All ways into a log agree', () => {
  let victim: Victim

  before(async () => { victim = await createVictim('reader') })
  after(async () => stopVictim(victim))

  it(`about ${count} random logs, each with one change`, async () => {
    const verdicts = new Map<boolean, number>()
    for (const seed of [...seeds, ...Array(count).keys()]) {
      const { isTaken } = await assertAgree(victim, seed).catch(error => { throw new Error(`npm run fuzz -- --seed ${seed} --count 1`, { cause: error }) })
      verdicts.set(isTaken, (verdicts.get(isTaken) ?? 0) + 1)
    }
    ok(verdicts.get(true)! > count / 10 && verdicts.get(false)! > count / 10, 'some are taken, and some are not')
  })
})
