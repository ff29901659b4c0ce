import { deepStrictEqual, match, strictEqual } from 'node:assert'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lostOf } from '../benchmarks/measure.ts'
import filesystemCopy from '../benchmarks/ways/filesystem-copy.ts'
import { useReplicas } from './helpers/replicas.ts'
import { startScript } from './helpers/scripts.ts'
import type { Aspect, Results } from '../benchmarks/way.ts'

describe('benchmarks', function () {
  this.timeout(120_000)

  const { createDirectory } = useReplicas()

  let directory: string
  let temporary: string

  beforeEach(async () => {
    directory = await createDirectory()
    temporary = join(directory, 'tmp')
    await mkdir(temporary)
  })

  /** Starts the quick benchmark of a small database, with directories of its own. */
  const start = (...args: string[]) => startScript(['benchmarks/run.ts', '--quick', '--entries', '25', ...args], {
    temporary,
    env: { ORBITDB_BACKUP_CACHE: join(directory, 'cache') }
  })

  it('tell what a way loses', async () => {
    const { code, stdout, stderr } = await start('--ways', 'copy', '--ways', '@helia/car', '--ways', 'createBackup', '--results', directory).ended
    strictEqual(code, 0, stderr)
    match(stdout, /^\| filesystem copy \| .* \| nothing \| nothing \| stopped \|$/m)

    const results: Results = JSON.parse(await readFile(join(directory, 'results.json'), 'utf8'))
    const lost = Object.fromEntries(results.datasets[0].ways.map(({ name, same }) => {
      return [name, (Object.keys(same!) as Aspect[]).filter(aspect => !same![aspect])]
    }))
    deepStrictEqual(lost, {
      'filesystem copy': [],
      '@helia/car': ['entries', 'heads', 'index', 'records', 'access controller', 'identities', 'pins', 'private keys'],
      createBackup: ['private keys'],
      'createBackup, with secp256k1': ['private keys'],
      'createBackup, verify: false': ['private keys']
    })
    deepStrictEqual(await readdir(temporary), [])
  })

  it('find fault when a way loses what it must not', () => {
    const same = { entries: true, heads: true, index: true, records: true, 'access controller': true, identities: true, pins: true, 'private keys': false }
    deepStrictEqual(lostOf(filesystemCopy, { same }), ['private keys'])
    deepStrictEqual(lostOf({ keeps: ['entries', 'pins'] }, { same }), [])
    deepStrictEqual(lostOf({ keeps: ['entries'] }, {}), ['entries'])
  })
})
