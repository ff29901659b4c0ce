/**
 * Joins beside all else that happens to a database: `npm run test:joins -- --seed 1 --minutes 10`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from '../../helpers/node.ts'
import { createOrbitDB } from '../../../src/index.ts'
import { runJoins } from '../joins.ts'
import { readTimedOptions } from '../options.ts'
import { createReport } from '../report.ts'

const { seed, minutes } = readTimedOptions({
  about: 'Joins, appends, imports, repairs, exports, closes and drops of a database at once, as a seed says.',
  seedAbout: 'what is done first; each database, of 50 rounds, has the next one',
  minutes: 10
})

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-joins-'))
const createReplica = async (id: string) => {
  const path = join(directory, id)
  const ipfs = await createNode(join(path, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, id, directory: join(path, 'orbitdb') })
  return { directory: path, ipfs, orbitdb, stop: async () => { await orbitdb.stop(); await ipfs.stop() } }
}

const report = createReport(`joins --seed ${seed} --minutes ${minutes}`)
const end = Date.now() + minutes * 60_000
for (let next = seed; Date.now() < end; next++) {
  const [source, target] = [await createReplica(`source ${next}`), await createReplica(`target ${next}`)]
  await target.ipfs.libp2p.dial(source.ipfs.libp2p.getMultiaddrs())
  try {
    const counts = await runJoins({ source, target, seed: next, isOver: rounds => rounds === 50 || Date.now() > end })
    for (const [what, count] of Object.entries(counts)) {
      for (let i = 0; i < count; i++) report.add(what, `seed ${next}`, [])
    }
  } catch (error) {
    report.add('databases', `seed ${next}`, [String(error)])
    console.log(error)
  }
  await source.stop()
  await target.stop()
}
await rm(directory, { recursive: true })
report.end()
