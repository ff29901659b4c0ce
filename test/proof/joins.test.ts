// Joins beside all else that happens to a database: `npm run test:joins` goes on for as long as it is told.
import { ok } from 'node:assert/strict'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { runJoins } from './joins.ts'

describe('Joins at once with all else', () => {
  const { createReplica } = useReplicas()

  it('lose nothing, and are there as a whole or not at all', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    await connect(target, source)
    const counts = await runJoins({ source, target, seed: 20261126, isOver: rounds => rounds === 15 })
    for (const [what, least] of Object.entries({ joins: 40, 'joins refused': 40, appends: 20, imports: 2, exports: 5, closes: 20, drops: 3 })) {
      ok(counts[what] > least, `${what}: ${counts[what]}`)
    }
  }).timeout(120_000)
})
