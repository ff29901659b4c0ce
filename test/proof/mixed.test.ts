// A few rounds of the mixed run: `npm run test:mixed` goes on for as long as it is told
import { deepStrictEqual, ok } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMixed } from './mixed.ts'

it('Replicas that write, sync, back up, restore, drop, restart and are killed lose nothing', async function () {
  this.timeout(120000)
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-mixed-'))
  const faults: string[] = []
  const counts = await runMixed({ directory, seed: 1, replicas: 2, checkEvery: 4, isOver: rounds => rounds === 8, onFault: fault => faults.push(fault) })
  deepStrictEqual(faults, [])
  ok(counts['compare all'] === 3)
  ok(counts['back up what is new'] >= 3 && counts['restore of several'] >= 3)
  await rm(directory, { recursive: true })
})
