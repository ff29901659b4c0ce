import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as stock from '@orbitdb/core-stock'
import { Level } from 'level'
import { archive } from '../helpers/archives.ts'
import { itOnPosix } from '../helpers/posix.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { deleteBlock } from '../helpers/node.ts'
import { KeyValueIndexed } from '../../src/index.ts'
import { readAll, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Node } from '../helpers/node.ts'
import type { Fixture } from './helpers.ts'
import type { Events } from '../../src/index.ts'

// Says so when a file is to be made sure to be on disk, and waits for ever
const stopAtSync = `
  import { open } from 'node:fs/promises'
  const file = await open(process.execPath)
  Object.getPrototypeOf(file).sync = () => {
    process.stderr.write('stopped')
    return new Promise(resolve => setTimeout(resolve, 2 ** 30))
  }
  await file.close()`

// Says so when the first bytes of a file are written, and waits to be interrupted
const waitForSignal = `
  import { once } from 'node:events'
  import { open } from 'node:fs/promises'
  const file = await open(process.execPath)
  const prototype = Object.getPrototypeOf(file)
  const { writeFile } = prototype
  prototype.writeFile = async function (bytes) {
    const isRunning = setTimeout(() => {}, 2 ** 30)
    const interrupted = once(process, 'SIGINT')
    await writeFile.call(this, bytes)
    process.stderr.write('stopped ')
    await interrupted
    clearTimeout(isRunning)
  }
  await file.close()`

describe('orbitdb-backup create', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let directory: string
  let addresses: Fixture['addresses']
  let output: string
  /** What is written of `posts` */
  let posts: Uint8Array

  before(async () => {
    directory = await createDirectory();
    ({ addresses } = await withOrbitDB(directory, writeFixture))
    output = await createDirectory()
    const { code, stderr, bytes } = await runCLI(['create', 'posts', '-d', directory, '-o', '-'])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    posts = bytes
  })

  afterEach(async () => {
    for (const name of await readdir(output)) await rm(join(output, name))
  })

  it('writes the archive that createBackup does, of databases by name and by address, of every type', async () => {
    const path = join(output, 'all.car')
    const { code, stdout, stderr } = await runCLI(['create', 'posts', addresses.settings, 'team', '-d', directory, '-o', path])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    match(stdout, /all\.car: 3 databases and 1 of an access controller, 25 entries, [\d.]+ kB, root bafy\w+\n$/)

    const { orbitdb } = await createReplica({ directory: await createDirectory(directory) })
    const databases = [
      await orbitdb.open(addresses.posts),
      await orbitdb.open(addresses.settings, { Database: KeyValueIndexed() }),
      await orbitdb.open(addresses.team)
    ]
    deepStrictEqual(await readFile(path), Buffer.from(await archive(databases)))
  })

  it('backs up all databases, those of access controllers with their own, tells so in JSON, and changes nothing', async () => {
    const before = await readAll(directory)
    ok(Object.keys(before).some(key => key.startsWith('/ipfs/data:/pin/')))
    const path = join(output, 'all.car')
    const { code, stdout } = await runCLI(['create', '--all', '-o', path, '--json'], { cwd: directory })
    const { root, bytes, databases, ...rest } = JSON.parse(stdout)
    deepStrictEqual({ code, ...rest, bytes }, { code: 0, output: path, bytes: (await readFile(path)).length })
    match(root, /^bafy/)
    deepStrictEqual(databases, [
      { address: addresses.posts, name: 'posts', type: 'events', indexed: false, entries: 20, heads: 1 },
      { address: addresses.settings, name: 'settings', type: 'keyvalue', indexed: true, entries: 4, heads: 1 },
      { address: addresses.team, name: 'team', type: 'documents', indexed: false, entries: 1, heads: 1 }
    ])
    deepStrictEqual(await readAll(directory), before)
  })

  it('does without the datastore, and reads a log whose import was interrupted without completing it', async () => {
    const copy = await createDirectory(directory)
    await rm(join(copy, 'ipfs/data'), { recursive: true })
    const log = join(copy, 'orbitdb', addresses.posts, 'log')
    const heads = new Level<string, any>(join(log, '_heads'), { valueEncoding: 'json' })
    const index = new Level<string, any>(join(log, '_index'), { valueEncoding: 'json' })
    const hashes = await index.keys().all()
    await heads.put('import', '1', { valueEncoding: 'utf8' })
    await heads.put('import/0', hashes.join('\n'), { valueEncoding: 'utf8' })
    await index.clear()
    await heads.close()
    await index.close()

    const before = await readAll(copy)
    const path = join(output, 'posts.car')
    const { stdout } = await runCLI(['create', 'posts', '-d', copy, '-o', path, '--json'])
    strictEqual(JSON.parse(stdout).databases[0].entries, 20)
    deepStrictEqual(await readFile(path), posts)
    deepStrictEqual(await readAll(copy), before)
  })

  it('says of an access controller of another type that what it keeps elsewhere is not backed up', async () => {
    const copy = await createDirectory()
    const access = async () => ({ type: 'own', address: '/own/access', canAppend: async () => true })
    stock.useAccessController(Object.assign(() => access, { type: 'own' }) as any)
    await withOrbitDB(copy, async orbitdb => { await (await orbitdb.open<Events>('own', { AccessController: access as any, sync: false })).add(1) })
    const { code, stderr } = await runCLI(['create', 'own', '-d', copy, '-o', join(output, 'own.car')])
    deepStrictEqual([code, stderr], [0, 'note: "own" has an access controller of type "own": if it keeps anything besides its block, that is not backed up\n'])
    const refused = await runCLI(['restore', join(output, 'own.car'), '-d', join(copy, 'new')])
    deepStrictEqual([refused.code, /^error: "own" is not one of OrbitDB's own types: use the library /.test(refused.stderr)], [6, true], refused.stderr)
  })

  describe('the file', () => {
    it('is not overwritten, unless it is to be', async () => {
      const path = join(output, 'posts.car')
      await writeFile(path, 'mine')
      const refused = await runCLI(['create', 'posts', '-d', directory, '-o', path])
      deepStrictEqual({ code: refused.code, stderr: refused.stderr }, { code: 2, stderr: `error: "${path}" exists: name another file, or overwrite it with --force\n` })
      strictEqual(await readFile(path, 'utf8'), 'mine')
      strictEqual((await runCLI(['create', 'posts', '-d', directory, '-o', path, '--force', '--quiet'])).stdout, '')
      deepStrictEqual(await readFile(path), posts)
    })

    it('is not there when the command was killed, even at the very end', async () => {
      const path = join(output, 'posts.car')
      const { stderr } = await runCLI(['create', 'posts', '-d', directory, '-o', path], {
        preload: stopAtSync,
        onStart: child => child.stderr!.once('data', () => child.kill('SIGKILL'))
      })
      strictEqual(stderr, 'stopped')
      const names = await readdir(output)
      strictEqual(names.length, 1)
      match(names[0], /^\.posts\.car\..+\.tmp$/)
    })

    itOnPosix('leaves nothing behind when the command is interrupted', async () => {
      const path = join(output, 'posts.car')
      await writeFile(path, 'mine')
      const { code, stderr } = await runCLI(['create', 'posts', '-d', directory, '-o', path, '--force'], {
        preload: waitForSignal,
        onStart: child => child.stderr!.once('data', () => child.kill('SIGINT'))
      })
      deepStrictEqual({ code, error: stderr.replaceAll('stopped ', '') }, { code: 130, error: 'error: Interrupted\n' })
      deepStrictEqual(await readdir(output), ['posts.car'])
      strictEqual(await readFile(path, 'utf8'), 'mine')
    })

    it('may be standard output, which may have no room for what any command prints', async function () {
      if (process.platform !== 'linux') this.skip()
      const path = join(output, 'posts.car')
      await writeFile(path, posts)
      for (const args of [['create', 'posts', '-d', directory, '-o', '-'], ['list', '-d', directory], ['verify', path], ['dump', path]]) {
        const { code, stderr } = await runCLI(args, { wrapper: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] })
        deepStrictEqual({ code, stderr }, { code: 1, stderr: 'error: ENOSPC: no space left on device, write\n' }, args[0])
      }
    })

    it('exits with what it means where nobody reads the error', async () => {
      const { code } = await runCLI(['verify', 'none.car'], { onStart: child => child.stderr!.destroy() })
      strictEqual(code, 4)
    })

    it('may be standard output, whose reader stops', async () => {
      const { code, stderr } = await runCLI(['create', 'posts', '-d', directory, '-o', '-'], {
        onStart: child => child.stdout!.destroy()
      })
      deepStrictEqual({ code, stderr }, { code: 1, stderr: 'error: What reads the archive from standard output stopped before its end\n' })
    })
  })

  describe('says in one line what is wrong', () => {
    const assertFails = async (args: string[], code: number, error: RegExp) => {
      const result = await runCLI(['create', ...args])
      match(result.stderr, /^error: .+\n$/)
      match(result.stderr, error)
      deepStrictEqual({ code: result.code, stdout: result.stdout }, { code, stdout: '' })
      deepStrictEqual(await readdir(output), [])
    }

    it('when a running node uses the directories', async () => {
      const copy = await createDirectory(directory)
      const path = join(output, 'posts.car')
      await withOrbitDB(copy, () => assertFails(['posts', '-d', copy, '-o', path], 3, /blocks" is in use by a running node.+: stop the node, or use the library/))
    })

    it('when there is no such database: which there are', async () => {
      await assertFails(['nothing', '-d', directory, '-o', join(output, 'x.car')], 4, new RegExp(`No database "nothing" is there: there are "posts" ${addresses.posts}, "settings" ${addresses.settings}, "team" ${addresses.team}\n$`))
    })

    it('when there is no database at all, as every command does', async () => {
      await assertFails(['posts', '-d', join(directory, 'ipfs'), '-o', join(output, 'x.car')], 4, /No database is in ".+ipfs.orbitdb": give OrbitDB's directory with --orbitdb\n$/)
      const { code, stderr } = await runCLI(['dump', '-d', join(directory, 'ipfs')])
      deepStrictEqual([code, /No database is in/.test(stderr)], [4, true])
    })

    it('when a name means several databases: their addresses', async () => {
      const copy = await createDirectory(directory)
      const other = await withOrbitDB(copy, async orbitdb => (await orbitdb.open('posts', { type: 'keyvalue' })).address)
      await assertFails(['posts', '-d', copy, '-o', join(output, 'x.car')], 2, new RegExp(`2 databases "posts", .+${other}`))
    })

    it('when there is no node', async () => {
      await assertFails(['posts', '-d', output, '-o', join(output, 'x.car')], 4, /No blockstore is in .+\(looked for ipfs\/blocks, .+ --blockstore/)
    })

    it('when there is no directory for the file', async () => {
      await assertFails(['posts', '-d', directory, '-o', join(output, 'none/x.car')], 4, /No directory ".+none" is there/)
    })

    it('when the node does not have a block', async () => {
      const copy = await createDirectory(directory)
      await withOrbitDB(copy, async ({ open, ipfs }) => {
        const { log } = await open(addresses.posts)
        const [{ next: [hash] }] = await log.heads()
        await deleteBlock(ipfs as Node, hash)
      })
      await assertFails(['posts', '-d', copy, '-o', join(output, 'x.car')], 5, /"zdpu\w+" is missing: the node does not have all of the database/)
    })

    it('when it is used in a wrong way', async () => {
      await assertFails(['-o', join(output, 'x.car')], 2, /No database is given/)
      await assertFails(['posts', '--all', '-o', join(output, 'x.car')], 2, /Either/)
      await assertFails(['posts'], 2, /No file is given/)
      await assertFails(['posts', '-d', directory, '-o', ''], 2, /No file is given/)
      await assertFails(['posts', '-o', output], 2, /is a directory/)
      await assertFails(['posts', '-o', '-', '--json'], 2, /not both/)
      await assertFails(['posts', '--unknown'], 2, /unknown option/)
    })
  })
})
