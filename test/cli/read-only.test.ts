import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'

/** Each file in a directory, with its size and when it was changed. */
async function readStats (directory: string): Promise<string[]> {
  const all = []
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const { size, mtimeMs, ino } = await stat(path)
    all.push(`${path} ${size} ${mtimeMs} ${ino}`)
  }
  return all.sort()
}

/** Says so when a LevelDB of which there is a view is opened, and waits until its file grows. */
const waitForWrite = (path: string) => `
  import { setTimeout } from 'node:timers/promises'
  import { stat } from 'node:fs/promises'
  const { Level } = await import('file://${join(import.meta.dirname, '../../node_modules/level/index.js')}')
  const { open } = Level.prototype
  let written
  const waitForWrite = async () => {
    const { size } = await stat('${path}')
    process.stderr.write('opened\\n')
    while ((await stat('${path}')).size === size) await setTimeout(10)
  }
  Level.prototype.open = async function (options) {
    if (this.location.startsWith('${tmpdir()}/orbitdb-backup-')) await (written ??= waitForWrite())
    return open.call(this, options)
  }`

describe('orbitdb-backup reads directories that it can not write to', () => {
  const createDirectory = useDirectories()

  /** Makes what can not be written to out of a copy of a directory, and what runs a command there. */
  const ways: Record<string, { skip: () => boolean, freeze: (directory: string) => Promise<string>, wrapper: string[], undo: (directory: string) => void }> = {
    'of another user': {
      skip: () => process.getuid?.() !== 0,
      freeze: async directory => {
        execFileSync('chmod', ['-R', 'a+rX', directory])
        return directory
      },
      wrapper: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
      undo: () => {}
    },
    'of a file system that is mounted read-only': {
      skip: () => process.getuid?.() !== 0 || !canMount(),
      freeze: async directory => {
        const mounted = await createDirectory()
        mountReadOnly(directory, mounted)
        return mounted
      },
      wrapper: [],
      undo: directory => execFileSync('umount', [directory])
    },
    'without write permission': {
      skip: () => process.getuid?.() === 0,
      freeze: async directory => {
        execFileSync('chmod', ['-R', 'a-w', directory])
        return directory
      },
      wrapper: [],
      undo: directory => execFileSync('chmod', ['-R', 'u+w', directory])
    }
  }

  const mountReadOnly = (from: string, to: string): void => {
    execFileSync('mount', ['--bind', from, to], { stdio: 'pipe' })
    execFileSync('mount', ['-o', 'remount,ro,bind', to], { stdio: 'pipe' })
  }

  const canMount = (): boolean => {
    try {
      execFileSync('unshare', ['--mount', 'true'], { stdio: 'pipe' })
      return true
    } catch {
      return false
    }
  }

  for (const stores of ['level', 'fs'] as const) {
    let directory: string
    let expected: Buffer
    let listed: string

    before(async () => {
      directory = await createDirectory()
      await withOrbitDB(directory, writeFixture, stores)
      const path = join(await createDirectory(), 'all.car')
      strictEqual((await runCLI(['create', '--all', '-d', directory, '-o', path])).code, 0)
      expected = await readFile(path)
      listed = (await runCLI(['list', '-d', directory, '--json'])).stdout
    })

    for (const [name, { skip, freeze, wrapper, undo }] of Object.entries(ways)) {
      it(`${name}, with stores of ${stores}`, async function () {
        if (skip()) this.skip()
        const copy = await createDirectory()
        // The times are kept, as a snapshot has them
        await cp(directory, copy, { recursive: true, preserveTimestamps: true })
        const before = await readStats(copy)
        const frozen = await freeze(copy)
        const temporary = await createDirectory()
        await chmod(temporary, 0o777)
        const env = { ...process.env, TMPDIR: temporary }
        try {
          const list = await runCLI(['list', '-d', frozen, '--json'], { wrapper, env })
          deepStrictEqual([list.code, list.stderr], [0, ''])
          const bytesOf = (text: string) => JSON.parse(text).databases.map(({ bytes, ...rest }: any) => rest)
          deepStrictEqual(bytesOf(list.stdout), bytesOf(listed))
          const create = await runCLI(['create', '--all', '-d', frozen, '-o', '-'], { wrapper, env })
          deepStrictEqual([create.code, create.stderr], [0, ''])
          ok(expected.equals(create.bytes))
          deepStrictEqual((await readdir(temporary)).filter(name => name !== 'node-compile-cache'), [])

          const path = join(temporary, 'all.car')
          await writeFile(path, expected)
          const restore = await runCLI(['restore', path, '-d', frozen], { wrapper, env })
          strictEqual(restore.code, 1)
          match(restore.stderr, /^error: ".+" can not be written to: it is read-only, or belongs to another user\n$/)
        } finally {
          undo(frozen)
        }
        deepStrictEqual(await readStats(copy), before)
      })
    }
  }

  it('unless a running node writes to them meanwhile', async function () {
    const { skip, wrapper } = ways['of another user']
    if (skip()) this.skip()
    const directory = await createDirectory()
    await withOrbitDB(directory, writeFixture)
    await withOrbitDB(directory, async orbitdb => {
      execFileSync('chmod', ['-R', 'a+rX', directory])
      const blocks = join(directory, 'ipfs/blocks')
      const log = (await readdir(blocks)).find(name => name.endsWith('.log'))!
      const { code, stderr } = await runCLI(['list', '-d', directory], {
        wrapper,
        preload: waitForWrite(join(blocks, log)),
        onStart: child => child.stderr!.once('data', async () => {
          const db: any = await orbitdb.open('new', { type: 'events', sync: false })
          await db.add('new')
        })
      })
      strictEqual(code, 3, stderr)
      match(stderr, /error: ".+" was written to while it was read: stop the node, or use the library in it\n$/)
    })
  })

  it('but writes an archive to no directory that it can not write to, and says so', async function () {
    const { skip, wrapper } = ways['of another user']
    if (skip()) this.skip()
    const directory = await createDirectory()
    await withOrbitDB(directory, writeFixture)
    execFileSync('chmod', ['-R', 'a+rX', directory])
    await mkdir(join(directory, 'backups'))
    const { code, stderr } = await runCLI(['create', 'posts', '-d', directory, '-o', join(directory, 'backups/posts.car')], { wrapper })
    strictEqual(code, 1)
    match(stderr, /^error: ".+backups" can not be written to: it is read-only, or belongs to another user\n$/)
  })
})
