/**
 * Joins beside all else that happens to a database: `npm run test:joins -- --seed 1 --minutes 10`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createNode } from '../../helpers/node.ts'
import { createOrbitDB } from '../../../src/index.ts'
import { runJoins } from '../joins.ts'
import { createReport } from '../report.ts'

const { values: { help, seed, minutes } } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    minutes: { type: 'string', default: '10' }
  }
})
if (help) {
  console.log(`Joins, appends, imports, repairs, exports, closes and drops of a database at once, as a seed says.

  --seed <n>      what is done first; each database, of 50 rounds, has the next one
  --minutes <n>   for how long (default 10)`)
  process.exit()
}

const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-joins-'))
const createReplica = async (id: string) => {
  const path = join(directory, id)
  const ipfs = await createNode(join(path, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, id, directory: join(path, 'orbitdb') })
  return { directory: path, ipfs, orbitdb, stop: async () => { await orbitdb.stop(); await ipfs.stop() } }
}

const report = createReport(`joins --seed ${seed} --minutes ${minutes}`)
const end = Date.now() + Number(minutes) * 60_000
for (let next = Number(seed); Date.now() < end; next++) {
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
