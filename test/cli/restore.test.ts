import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyValueIndexed as StockKeyValueIndexed } from '@orbitdb/core-stock'
import { base32upper } from 'multiformats/bases/base32'
import { archive, archiveOfRevoked, readCar } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { itOnPosix } from '../helpers/posix.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { KeyValueIndexed, OrbitDBAccessController } from '../../src/index.ts'
import { readAll, readDatabases, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Fixture } from './helpers.ts'
import type { DatabaseFactory, Documents, Events, KeyValue } from '../../src/index.ts'

describe('orbitdb-backup restore', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let directory: string
  let addresses: Fixture['addresses']
  let contents: Awaited<ReturnType<typeof readDatabases>>
  /** Files in `directory` */
  let all: string
  let posts: string
  let settings: string

  /** Archives databases of a node. */
  const create = async (from: string, name: string, ...databases: Array<[address: string, options?: object]>): Promise<string> => {
    const { orbitdb, stop } = await createReplica({ directory: from })
    const path = join(from, name)
    await writeFile(path, await archive(await Promise.all(databases.map(([address, options]) => orbitdb.open(address, options)))))
    await stop()
    return path
  }

  before(async () => {
    directory = await createDirectory()
    await withOrbitDB(directory, async orbitdb => {
      ({ addresses } = await writeFixture(orbitdb))
    })
    contents = await withOrbitDB(directory, orbitdb => readDatabases(orbitdb, addresses))
    const indexed = { Database: KeyValueIndexed() }
    all = await create(directory, 'all.car', [addresses.posts], [addresses.settings, indexed], [addresses.team])
    posts = await create(directory, 'posts.car', [addresses.posts])
    settings = await create(directory, 'settings.car', [addresses.settings, indexed])
  })

  /** Directories of a node that has another database. */
  const createOtherNode = async (): Promise<string> => {
    const other = await createDirectory()
    await withOrbitDB(other, async orbitdb => {
      await (await orbitdb.open('other', { type: 'events' })).add('other')
    })
    return other
  }

  it('takes no file for a directory', async () => {
    const { code, stderr } = await runCLI(['restore', posts, '-d', posts])
    deepStrictEqual([code, stderr], [2, `error: "${posts}" is a file, not a directory\n`])
  })

  it('leaves alone what another restores at the same time', async () => {
    const node = join(await createDirectory(), 'node')
    const results = await Promise.all([all, all, all].map(path => runCLI(['restore', path, '-d', node])))
    ok(results.some(({ code }) => code === 0), results.map(({ stderr }) => stderr).join(''))
    for (const { code, stderr } of results.filter(({ code }) => code !== 0)) {
      deepStrictEqual([code, /in use/.test(stderr)], [3, true], stderr)
    }
    const { stdout } = await runCLI(['list', '-d', node, '--json'])
    strictEqual(JSON.parse(stdout).databases.length, 4)
  })

  for (const name of ['blocks', 'data']) {
    it(`restores on a node whose making was interrupted: ipfs/${name} has only a lock`, async () => {
      const node = await createDirectory()
      strictEqual((await runCLI(['restore', posts, '-d', node])).code, 0)
      const path = join(node, 'ipfs', name)
      await rm(path, { recursive: true })
      await mkdir(path)
      await writeFile(join(path, 'LOCK'), '')
      if (name === 'blocks') match((await runCLI(['list', '-d', node])).stderr, /^error: No blockstore is in /)
      const { code, stderr } = await runCLI(['restore', posts, '-d', node])
      deepStrictEqual([code, stderr.replace(/^note: .+ is empty, .+\n/, '')], [0, ''])
      const { databases } = JSON.parse((await runCLI(['list', '-d', node, '--json'])).stdout)
      deepStrictEqual(databases.map(({ entries, missing }: any) => [entries, missing]), [[20, 0]])
    })
  }

  it('restores on a new node what the unpatched OrbitDB reads there as it was', async () => {
    const node = join(await createDirectory(), 'new/node')
    const { code, stdout, stderr } = await runCLI(['restore', all, '-d', node, '--indexed'])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    match(stdout, new RegExp(`posts: events, 20 entries, 1 head, ${addresses.posts}\n(.+\n)*.+all.car: restored 3 databases and 1 of an access controller, 25 entries\n$`))
    const keys = Object.keys(await readAll(node)).filter(key => !/^\/(ipfs\/blocks|orbitdb\/orbitdb)/.test(key))
    deepStrictEqual(keys.filter(key => !/^\/ipfs\/data:\/(pin|pinned-block)\//.test(key)).sort(), ['/ipfs/', '/ipfs/data/', '/orbitdb/'])
    deepStrictEqual(await withOrbitDB(node, orbitdb => readDatabases(orbitdb, addresses)), contents)
  })

  it('has V8 keep its young generation small', async () => {
    // Makes 3,000,000 objects when the process ends
    const preload = `
      import v8 from 'node:v8'
      process.on('exit', () => {
        const kept = []
        for (let i = 0; i < 3e6; i++) kept[i % 2e5] = { i }
        console.error(v8.getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size)
      })
    `
    const { code, stderr } = await runCLI(['restore', posts, '-d', await createDirectory()], { preload })
    strictEqual(code, 0, stderr)
    const [, size] = /^(\d+)$/m.exec(stderr)!
    ok(Number(size) <= 2 ** 24, size)
  })

  it('adds only the databases', async () => {
    const node = await createOtherNode()
    const before = await readAll(node)
    strictEqual((await runCLI(['restore', all, '-d', node])).code, 0)
    const after = await readAll(node)

    deepStrictEqual(Object.fromEntries(Object.keys(before).map(key => [key, after[key]])), before)
    const added = Object.keys(after).filter(key => !Object.hasOwn(before, key))
    const isOf = (place: RegExp) => (key: string) => place.test(key)
    const ofDatabases = isOf(new RegExp(`^/orbitdb(/orbitdb/(${Object.values(addresses).map(address => address.split('/').pop()).join('|')}))/`))
    const blocks = added.filter(isOf(/^\/ipfs\/blocks:/))
    deepStrictEqual(added.filter(key => !ofDatabases(key) && !blocks.includes(key) && !isOf(/^\/ipfs\/data:\/(pin|pinned-block)\//)(key)), [])
    const archived = (await readCar(await readFile(all))).blocks.map(({ cid }) => `/ipfs/blocks:/${base32upper.encoder.encode(cid.multihash.bytes)}`)
    deepStrictEqual(blocks.filter(key => !archived.includes(key)), [])
    ok(blocks.length > 25)
  })

  it('pins all that it restores', async () => {
    const node = join(await createDirectory(), 'node')
    strictEqual((await runCLI(['restore', posts, '-d', node])).code, 0)
    await withOrbitDB(node, async ({ ipfs }) => { await (ipfs as any).gc() })
    deepStrictEqual(await withOrbitDB(node, orbitdb => readDatabases(orbitdb, { posts: addresses.posts })), { ...contents, settings: undefined, team: undefined })
  })

  it('unites an archive with what the node has', async () => {
    const node = await createDirectory(directory)
    const later = await createDirectory(directory)
    const add = (directory: string, value: string) => withOrbitDB(directory, async orbitdb => (await orbitdb.open<Events>(addresses.posts)).add(value))
    await add(node, 'mine')
    await add(later, 'later')
    const path = await create(later, 'later.car', [addresses.posts])

    const { stdout } = await runCLI(['restore', path, '-d', node, '--json'])
    const { source, databases } = JSON.parse(stdout)
    deepStrictEqual({ source, databases }, {
      source: path,
      databases: [{ address: addresses.posts, name: 'posts', type: 'events', indexed: false, entries: 22, heads: 2, added: 1, mended: 0 }]
    })
    const values = await withOrbitDB(node, async orbitdb => (await (await orbitdb.open<Events>(addresses.posts)).all()).map(({ value }) => value))
    deepStrictEqual(values.slice(-2).sort(), ['later', 'mine'])
    strictEqual(values.length, 22)
  })

  it('puts a keyvalue database where KeyValueIndexed looks for it, when the node has it there', async () => {
    const node = await createDirectory(directory)
    await withOrbitDB(node, async orbitdb => {
      const db = await orbitdb.open(addresses.settings, { Database: StockKeyValueIndexed() as DatabaseFactory<any> })
      await db.put('mine', 1)
    })
    const { stdout } = await runCLI(['restore', settings, '-d', node, '--json'])
    deepStrictEqual(JSON.parse(stdout).databases, [{ address: addresses.settings, name: 'settings', type: 'keyvalue', indexed: true, entries: 5, heads: 1, added: 0, mended: 0 }])
    deepStrictEqual(await readdir(join(node, 'orbitdb', addresses.settings)), ['_index'])
  })

  it('puts it where KeyValue looks for it otherwise', async () => {
    const node = join(await createDirectory(), 'node')
    strictEqual((await runCLI(['restore', settings, '-d', node])).code, 0)
    const values = await withOrbitDB(node, async orbitdb => (await orbitdb.open<KeyValue>(addresses.settings)).all())
    deepStrictEqual(values.map(({ key }) => key).sort(), ['one', 'two'])
  })

  it('restores an access controller that is a database, which can be changed then by its admin', async () => {
    const node = join(await createDirectory(), 'node')
    strictEqual((await runCLI(['restore', all, '-d', node])).code, 0)
    await withOrbitDB(node, async orbitdb => {
      const { access } = await orbitdb.open<Documents>(addresses.team)
      deepStrictEqual([...await (access as OrbitDBAccessController).get('write')], ['somebody'])
    })
  })

  itOnPosix('restores more databases than can be open at once', async () => {
    const [source, target] = [await createDirectory(), await createDirectory()]
    const count = 30
    await withOrbitDB(source, async orbitdb => {
      for (let i = 0; i < count; i++) {
        const db = await orbitdb.open<Events>(`database ${i}`, { type: 'events', sync: false })
        await db.add(i)
        await db.close()
      }
    })
    // Each database that is open has more than ten files open
    const wrapper = ['bash', '-c', 'ulimit -n 200; exec "$@"', 'bash']
    const path = join(source, 'all.car')
    strictEqual((await runCLI(['create', '--all', '-d', source, '-o', path], { wrapper })).stderr, '')
    const { code, stdout, stderr } = await runCLI(['restore', path, '-d', target, '--json'], { wrapper })
    strictEqual(code, 0, stderr)
    const { databases } = JSON.parse(stdout) as { databases: Array<{ name: string, entries: number }> }
    deepStrictEqual(databases.map(({ name, entries }) => `${name}: ${entries}`).sort(), Array.from({ length: count }, (_, i) => `database ${i}: 1`).sort())
  })

  it('reads the archive from a pipe', async () => {
    const node = join(await createDirectory(), 'node')
    const { code, stdout } = await runCLI(['restore', '-', '-d', node], { input: await readFile(posts) })
    strictEqual(code, 0)
    match(stdout, /standard input: restored 1 database, 20 entries\n$/)
  })

  it('keeps pins in memory where the node does, which has no datastore, and says so', async () => {
    const node = await createDirectory(directory)
    await rm(join(node, 'ipfs/data'), { recursive: true })
    const { code, stderr } = await runCLI(['restore', posts, '-d', node])
    strictEqual(code, 0)
    match(stderr, /^note: The node has no datastore.+--datastore.+\n$/)
    deepStrictEqual(await readdir(join(node, 'ipfs')), ['blocks'])
  })

  describe('checks', () => {
    it('who may write, unless told to check signatures only', async () => {
      const input = await archiveOfRevoked(await createReplica(), await createReplica())
      const node = join(await createDirectory(), 'node')

      const refused = await runCLI(['restore', '-d', node], { input })
      strictEqual(refused.code, 5)
      match(refused.stderr, /^error: Entry "zdpu\w+" is of a writer who may not write: .+ --verify signatures\n$/)
      deepStrictEqual(await readdir(join(node, '..')), [])
      strictEqual((await runCLI(['restore', '-d', node, '--verify', 'signatures'], { input })).code, 0)
    })

    it('entries that it can read, and restores others unread when told to', async () => {
      const from = await createDirectory()
      const node = join(from, 'node')
      const encryption = { replication: await createCipher() }
      const options = { type: 'events', encryption } as const
      const address = await withOrbitDB(from, async orbitdb => {
        const db = await orbitdb.open('secret', options)
        await db.add('secret')
        return db.address
      })
      const path = await create(from, 'secret.car', [address])

      const refused = await runCLI(['restore', path, '-d', node])
      strictEqual(refused.code, 5)
      match(refused.stderr, /^error: Entry "zdpu\w+" is encrypted.+--verify none\n$/)
      strictEqual((await runCLI(['restore', path, '-d', node, '--verify', 'none'])).code, 0)
      const values = await withOrbitDB(node, async orbitdb => (await orbitdb.open(address, options)).all())
      deepStrictEqual(values.map(({ value }) => value), ['secret'])
    })
  })

  describe('leaves nothing behind', () => {
    /** Archives that are none, and what is said about them. */
    const broken: Record<string, [(bytes: Buffer) => Uint8Array, RegExp]> = {
      'an empty file': [() => Buffer.of(), /^error: The archive is empty\n$/],
      'a truncated archive': [bytes => bytes.subarray(0, -100), /^error: The archive is truncated: .+\n$/],
      'a damaged archive': [bytes => bytes.fill(0, bytes.length - 100, bytes.length - 99), /^error: The archive is damaged: block "zdpu\w+" at byte \d+ does not match its hash\n$/]
    }

    for (const [name, [damage, message]] of Object.entries(broken)) {
      it(`of ${name}`, async () => {
        const parent = await createDirectory()
        const { code, stdout, stderr } = await runCLI(['restore', '-d', join(parent, 'new/node')], { input: damage(await readFile(posts)) })
        deepStrictEqual({ code, stdout }, { code: 5, stdout: '' })
        match(stderr, message)
        deepStrictEqual(await readdir(parent), [])
      })
    }

    it('on a node that has something, but blocks that its garbage collection removes', async () => {
      const node = await createOtherNode()
      const before = await readAll(node)
      strictEqual((await runCLI(['restore', '-d', node], { input: broken['a truncated archive'][0](await readFile(all)) })).code, 5)
      const pick = (all: Record<string, string>, areBlocks: boolean) => Object.keys(all).filter(key => /^\/ipfs\/blocks:/.test(key) === areBlocks).map(key => [key, all[key]])
      deepStrictEqual(pick(await readAll(node), false), pick(before, false))
      await withOrbitDB(node, async ({ ipfs }) => { await (ipfs as any).gc() })
      deepStrictEqual(pick(await readAll(node), true), pick(before, true))
    })

    itOnPosix('when it is interrupted while it waits for more of the archive', async () => {
      const parent = await createDirectory()
      const bytes = await readFile(posts)
      const { code, stderr } = await runCLI(['restore', '-d', join(parent, 'node')], {
        onStart: async child => {
          child.stdin!.write(bytes.subarray(0, -100))
          while (!(await readdir(parent)).includes('node')) await new Promise(resolve => setTimeout(resolve, 20))
          child.kill('SIGINT')
          await once(child, 'close')
        }
      })
      deepStrictEqual({ code, stderr }, { code: 130, stderr: 'error: Interrupted\n' })
      deepStrictEqual(await readdir(parent), [])
    })
  })

  it('makes a node where it is told to, and adds to the one that it is in', async () => {
    const directory = await createDirectory()
    for (const args of [[], ['--dry-run']]) {
      const { code, stderr } = await runCLI(['restore', posts, ...args], { cwd: directory })
      deepStrictEqual([code, stderr], [2, 'error: No node is in this folder. Say where it is with --directory, or where to make a new one: --directory . makes it here\n'])
      deepStrictEqual(await readdir(directory), [])
    }
    strictEqual((await runCLI(['restore', posts, '-d', '.'], { cwd: directory })).code, 0)
    const { code, stdout } = await runCLI(['restore', all], { cwd: directory })
    deepStrictEqual([code, /restored 3 databases/.test(stdout)], [0, true])
  })

  describe('says in one line what is wrong', () => {
    const assertFails = async (args: string[], code: number, error: RegExp) => {
      const result = await runCLI(['restore', ...args])
      match(result.stderr, error)
      deepStrictEqual({ code: result.code, stdout: result.stdout }, { code, stdout: '' })
    }

    it('when a running node uses the directories', async () => {
      const node = await createOtherNode()
      await withOrbitDB(node, () => assertFails([posts, '-d', node], 3, /^error: ".+" is in use by a running node.+: stop the node, or use the library.*\n$/))
    })

    it('when a running node uses directories that have no lock but that of its keys', async () => {
      const node = await createDirectory()
      await withOrbitDB(node, () => assertFails([posts, '-d', node], 3, /keystore" is in use by a running node/), 'fs')
    })

    it('when the databases are of a type that an app has registered', async () => {
      const node = await createDirectory()
      const path = join(node, 'own.car')
      const { orbitdb } = await createReplica()
      await writeFile(path, await archive(await orbitdb.open('own', { type: 'own', Database: KeyValueIndexed() })))
      await assertFails([path, '-d', join(node, 'new')], 6, /^error: "own" is not one of OrbitDB's own types: use the library .+\n$/)
    })

    it('when it is used in a wrong way', async () => {
      await assertFails([posts, '--verify', 'some'], 2, /^error: .+ Allowed choices are full, signatures, none\.\n$/)
      await assertFails([directory], 2, /is a directory: name the archives in it, such as .+\*\.car; of a directory of a node, list shows the databases, and create backs them up\n$/)
      await assertFails(['none.car'], 4, /^error: No file "none.car" is there\n$/)
    })
  })
})
