// Increments against whole backups of the same logs, whatever happened to these. `npm run test:increments` goes on for as long as
// it is told.
import { ok } from 'node:assert/strict'
import { runIncrements } from './increments.ts'

describe('Increments', () => {
  it('of logs that many write to, that join late, are dropped and restored are what whole backups are', async () => {
    let increments = 0
    await runIncrements({ runs: 12, onRun: (steps, count) => { increments += count } })
    ok(increments > 0)
  }).timeout(120_000)
})
