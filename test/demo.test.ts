import { deepStrictEqual, match, rejects, strictEqual } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { backUp, readPackages, restore, write } from '../scripts/demo/steps.ts'
import { useReplicas } from './helpers/replicas.ts'

const root = join(import.meta.dirname, '..')
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

  /** Starts the demo, with a temporary directory of its own. */
  const start = (lockfile: string) => {
    const child = spawn(process.execPath, ['scripts/demo.ts', '--packages', lockfile], {
      cwd: root,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
      .then(([[code], stdout, stderr]) => ({ code, stdout, stderr }))
    return { child, ended }
  }

  const createLockfile = async (json: string): Promise<string> => {
    const path = join(directory, 'package-lock.json')
    await writeFile(path, json)
    return path
  }

  it('restores what two writers wrote, all of it', async () => {
    const { packages } = JSON.parse(await readFile(lockfileOfProject, 'utf8'))
    const some = Object.fromEntries(Object.entries(packages).slice(0, 21))
    const { code, stdout, stderr } = await start(await createLockfile(JSON.stringify({ packages: some }))).ended

    strictEqual(code, 0, stderr)
    deepStrictEqual(stdout.match(/^\w+/gm), ['Packages', 'Write', 'Back', 'Delete', 'Restore', 'Compare'])
    match(stdout, /^Packages +20 /m)
    match(stdout, /^Back up +20 entries .*writers: 2\)/m)
    match(stdout, /^Compare +20 documents .*: all are the same /m)
    deepStrictEqual(await readdir(temporary), [])
  })

  it('fails when a document is not as in the lockfile', async () => {
    // DAG-CBOR has no negative zero
    const lockfile = await createLockfile('{ "packages": { "node_modules/a": { "n": 0 }, "node_modules/b": { "n": -0 } } }')
    const { code, stdout, stderr } = await start(lockfile).ended

    strictEqual(code, 1)
    match(stderr, /The demo failed.*1 of 2 documents differ: node_modules\/b$/m)
    strictEqual(stdout.includes('Compare'), false)
    deepStrictEqual(await readdir(temporary), [])
  })

  it('fails when there are no packages', async () => {
    const { code, stderr } = await start(await createLockfile('{ "packages": { "": {} } }')).ended
    strictEqual(code, 1)
    match(stderr, /The demo failed.*There are no packages in /)
    deepStrictEqual(await readdir(temporary), [])
  })

  it('leaves nothing behind when it is interrupted', async () => {
    const { child, ended } = start(lockfileOfProject)
    await once(child.stderr, 'data')
    strictEqual((await readdir(temporary)).length, 1)

    child.kill('SIGINT')
    strictEqual((await ended).code, 130)
    deepStrictEqual(await readdir(temporary), [])
  })

  it('restores nothing from an archive that was tampered with', async () => {
    const [first, second, third, archive] = ['first', 'second', 'third', 'packages.car'].map(name => join(directory, name))
    const packages = await readPackages(lockfileOfProject)
    const address = await write(packages.slice(0, 4), [first, second])
    await backUp(address, first, archive)

    const car = await readFile(archive)
    car[car.length - 1] ^= 1
    await writeFile(archive, car)
    await rejects(restore(archive, third), { name: 'DamagedArchiveError' })
  })
})
