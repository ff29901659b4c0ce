import { deepStrictEqual, match, rejects, strictEqual, throws } from 'node:assert'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createCommandLine } from '../scripts/demo/command-line.ts'
import { checkArchive, readPackages, write } from '../scripts/demo/steps.ts'
import { itOnPosix } from './helpers/posix.ts'
import { useReplicas } from './helpers/replicas.ts'
import { root, startScript } from './helpers/scripts.ts'
import type { Package } from '../scripts/demo/steps.ts'

const lockfileOfProject = join(root, 'package-lock.json')

describe('demo', () => {
  const { createDirectory } = useReplicas()

  let directory: string
  let temporary: string

  beforeEach(async () => {
    directory = await createDirectory()
    temporary = join(directory, 'tmp')
    await mkdir(temporary)
  })

  /** What is left in it, but for what Node.js keeps there to start faster. */
  const left = async () => (await readdir(temporary)).filter(name => name !== 'node-compile-cache')

  /** Starts the demo, with a temporary directory of its own. */
  const start = (lockfile: string, env?: Record<string, string>) => startScript(['scripts/demo.ts', '--packages', lockfile], { temporary, env })

  const createLockfile = async (json: string): Promise<string> => {
    const path = join(directory, 'package-lock.json')
    await writeFile(path, json)
    return path
  }

  /** Writes a lockfile with some packages of that of the project. */
  const createLockfileOf = async (count: number): Promise<string> => {
    const { packages } = JSON.parse(await readFile(lockfileOfProject, 'utf8'))
    return createLockfile(JSON.stringify({ packages: Object.fromEntries(Object.entries(packages).slice(0, count + 1)) }))
  }

  it('restores what two writers wrote, all of it', async () => {
    const { code, stdout, stderr } = await start(await createLockfileOf(20)).ended

    strictEqual(code, 0, stderr)
    deepStrictEqual(stdout.match(/^\w+/gm), ['Packages', 'Write', 'Back', 'Verify', 'Inspect', 'Delete', 'Restore', 'Compare', 'Pin', 'Delete', 'Restore'])
    match(stdout, /^Packages +20 /m)
    match(stdout, /^Back up +\$ orbitdb-backup create packages -d first -o packages\.car\n +packages\.car: 1 database, 20 entries, .* root bafy/m)
    match(stdout, /^Verify +\$ orbitdb-backup verify packages\.car\n +packages\.car: valid, 1 database, 20 entries, root bafy/m)
    match(stdout, /^Inspect +\$ orbitdb-backup inspect packages\.car --json\n +20 entries .*writers: 2\)/m)
    match(stdout, /^Restore +\$ orbitdb-backup restore packages\.car -d third\n +packages: documents, 20 entries, /m)
    match(stdout, /^Compare +20 documents .*: all are the same /m)
    match(stdout, /^Pin .* by pins\.add\(bafy/m)
    match(stdout, /^Restore +2 databases on a new node, from nothing but bafy.*: all documents are the same /m)
    deepStrictEqual(await left(), [])
  })

  it('fails when a document is not as in the lockfile', async () => {
    // DAG-CBOR has no negative zero
    const lockfile = await createLockfile('{ "packages": { "node_modules/a": { "n": 0 }, "node_modules/b": { "n": -0 } } }')
    const { code, stdout, stderr } = await start(lockfile).ended

    strictEqual(code, 1)
    match(stderr, /The demo failed.*1 of 2 documents differ: node_modules\/b$/m)
    strictEqual(stdout.includes('Compare'), false)
    deepStrictEqual(await left(), [])
  })

  it('fails when there are no packages', async () => {
    const { code, stderr } = await start(await createLockfile('{ "packages": { "": {} } }')).ended
    strictEqual(code, 1)
    match(stderr, /The demo failed.*There are no packages in /)
    deepStrictEqual(await left(), [])
  })

  itOnPosix('leaves nothing behind when it is interrupted', async () => {
    const { child, ended } = start(lockfileOfProject)
    await once(child.stderr, 'data')
    strictEqual((await readdir(temporary)).length, 1)

    child.kill('SIGINT')
    strictEqual((await ended).code, 130)
    deepStrictEqual(await left(), [])
  })

  itOnPosix('stops the command that is running when it is interrupted', async () => {
    // The command tells its process id when it starts, and is held up then
    const pidFile = join(directory, 'pid')
    const preload = `
      import { writeFileSync } from 'node:fs'
      if (process.argv[1].endsWith('index.ts')) {
        writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))
        await new Promise(resolve => setTimeout(resolve, 60_000))
      }`
    const { child, ended } = start(await createLockfileOf(2), { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` })
    let pid = NaN
    while (Number.isNaN(pid)) {
      await setTimeout(50)
      pid = parseInt(await readFile(pidFile, 'utf8').catch(() => ''))
    }

    child.kill('SIGINT')
    const { code, stderr } = await ended
    strictEqual(code, 130)
    strictEqual(stderr.includes('failed'), false)
    throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    deepStrictEqual(await left(), [])
  })

  describe('the archive', () => {
    const run = (command: string) => createCommandLine(directory).run(command)
    let packages: Package[]
    let address: string

    beforeEach(async () => {
      packages = (await readPackages(lockfileOfProject)).slice(0, 4)
      address = await write(packages, [join(directory, 'first'), join(directory, 'second')])
      await run('create packages -d first -o packages.car')
    })

    it('is restored in no part when it was tampered with, for the reason that the command gives', async () => {
      const archive = join(directory, 'packages.car')
      const car = await readFile(archive)
      car[car.length - 1] ^= 1
      await writeFile(archive, car)

      await rejects(run('restore packages.car -d third'), {
        message: /^"orbitdb-backup restore packages\.car -d third" ended with exit code 5: error: The archive is damaged: /
      })
      strictEqual((await readdir(directory)).includes('third'), false)
    })

    it('must be of what was written', async () => {
      const summary = JSON.parse(await run('inspect packages.car --json'))
      strictEqual(checkArchive(summary, address, packages).writers, 2)
      throws(() => checkArchive(summary, address, packages.slice(1)), { message: 'The archive has 4 entries, not 3' })
      throws(() => checkArchive(summary, '/orbitdb/other', packages), { message: `The archive is of ${address}, not of /orbitdb/other` })
    })
  })
})
