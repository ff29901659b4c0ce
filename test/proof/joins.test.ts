// Joins beside all else that happens to a database: `npm run test:joins` goes on for as long as it is told.
import { ok } from 'node:assert/strict'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { runJoins } from './joins.ts'

describe('Joins at once with all else', () => {
  const { createReplica } = useReplicas()

  it('lose nothing, and are there as a whole or not at all', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    await connect(target, source)
    const counts = await runJoins({ source, target, seed: 20261126, isOver: rounds => rounds === 8 })
    for (const [what, least] of Object.entries({ joins: 20, 'joins refused': 10, appends: 10, imports: 1, exports: 2, closes: 8, drops: 0 })) {
      ok(counts[what] > least, `${what}: ${counts[what]}`)
    }
  }).timeout(240_000)
})
