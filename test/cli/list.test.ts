import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deleteBlock } from '../helpers/node.ts'
import { formatTable } from '../../src/cli/output.ts'
import { readAll, readDatabases, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Node } from '../helpers/node.ts'
import type { Fixture } from './helpers.ts'

describe('orbitdb-backup list', () => {
  const createDirectory = useDirectories()
  let directory: string
  let addresses: Fixture['addresses']

  const list = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCLI(['list', '--json', ...args])
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    return JSON.parse(stdout)
  }

  before(async () => {
    directory = await createDirectory();
    ({ addresses } = await withOrbitDB(directory, writeFixture))
  })

  it('shows every database of a node, and which are those of access controllers', async () => {
    const { databases, ...rest } = await list('-d', directory)
    deepStrictEqual(rest, { blockstore: join(directory, 'ipfs/blocks'), orbitdb: join(directory, 'orbitdb') })
    for (const { bytes } of databases) ok(bytes > 500)
    ok(databases[0].bytes > 20 * 500)
    const expected = [
      { address: addresses.posts, name: 'posts', type: 'events', indexed: false, entries: 20, heads: 1, missing: 0, accessControllerOf: [] },
      { address: addresses.settings, name: 'settings', type: 'keyvalue', indexed: true, entries: 4, heads: 1, missing: 0, accessControllerOf: [] },
      { address: addresses.team, name: 'team', type: 'documents', indexed: false, entries: 1, heads: 1, missing: 0, accessControllerOf: [] },
      { address: addresses.access, name: 'team', type: 'keyvalue', indexed: false, entries: 1, heads: 1, missing: 0, accessControllerOf: ['team'] }
    ]
    const byAddress = (a: { address: string }, b: { address: string }) => a.address < b.address ? -1 : 1
    deepStrictEqual(databases.map(({ bytes, ...database }: any) => database).sort(byAddress), expected.sort(byAddress))
  })

  it('shows a table, and changes nothing', async () => {
    const before = await readAll(directory)
    const { code, stdout, stderr } = await runCLI(['list'], { cwd: directory })
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    match(stdout, new RegExp([
      '^NAME +TYPE +ENTRIES +HEADS +SIZE +ADDRESS',
      `posts +events +20 +1 +[\\d.]+ kB +${addresses.posts}`,
      `settings +keyvalue \\(indexed\\) +4 +1 +[\\d.]+ kB +${addresses.settings}\n`
    ].join('\n')))
    match(stdout, new RegExp(`team +keyvalue .+ ${addresses.access}  access controller of team\n`))
    deepStrictEqual(await readAll(directory), before)
  })

  it('shows the same size on every node that has the same entries', async () => {
    const other = await createDirectory()
    const path = join(other, 'all.car')
    strictEqual((await runCLI(['create', '--all', '-d', directory, '-o', path])).code, 0)
    strictEqual((await runCLI(['restore', path, '-d', other])).code, 0)
    const sizes = async (directory: string) => (await list('-d', directory)).databases.map(({ address, bytes }: any) => [address, bytes]).sort()
    deepStrictEqual(await sizes(other), await sizes(directory))
  })

  it('aligns columns by how wide their characters are', () => {
    const wide = '\u30ce\u30fc\u30c8'; const emoji = '\u{1f4dd}'; const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'; const accent = 'e\u0301'
    strictEqual(formatTable([['NAME', 'SIZE'], ['posts', '1'], [wide, '2'], [emoji, '3'], [family, '4'], [accent, '5']]),
      `NAME    SIZE\nposts   1\n${wide}  2\n${emoji}      3\n${family}      4\n${accent}       5`)
  })

  it('says how many blocks are missing', async () => {
    const copy = await createDirectory(directory)
    await withOrbitDB(copy, async ({ open, ipfs }) => {
      const { log } = await open(addresses.posts)
      const [{ next: [hash] }] = await log.heads()
      await deleteBlock(ipfs as Node, hash)
    })
    const { stdout } = await runCLI(['list', '-d', copy])
    match(stdout, new RegExp(`${addresses.posts}  1 block is missing\n`))
  })

  it('takes all of the log where a database was opened with KeyValueIndexed and without', async () => {
    const copy = await createDirectory(directory)
    const find = async () => (await list('-d', copy)).databases.find(({ name }: any) => name === 'settings')
    await withOrbitDB(copy, async orbitdb => { await orbitdb.open(addresses.settings) })
    deepStrictEqual([(await find()).indexed, (await find()).entries], [true, 4])
    await withOrbitDB(copy, async orbitdb => {
      const db = await orbitdb.open(addresses.settings) as any
      for (let i = 0; i < 5; i++) await db.put('key', i)
    })
    deepStrictEqual([(await find()).indexed, (await find()).entries, (await find()).heads], [false, 9, 2])
  })

  it('says in one line when a running node uses the directories, and when there is no node', async () => {
    const copy = await createDirectory(directory)
    const running = await withOrbitDB(copy, () => runCLI(['list', '-d', copy]))
    strictEqual(running.code, 3)
    match(running.stderr, /^error: .+ is in use by a running node.+\n$/)
    const none = await runCLI(['list', '-d', await createDirectory()])
    strictEqual(none.code, 4)
    match(none.stderr, /^error: No blockstore is in .+\n$/)
  })
})

describe('orbitdb-backup finds the parts of a node', () => {
  const createDirectory = useDirectories()
  let directory: string
  let fs: string
  let addresses: Fixture['addresses']
  /** An archive of all databases in `directory` */
  let path: string

  before(async () => {
    directory = await createDirectory()
    fs = await createDirectory();
    ({ addresses } = await withOrbitDB(directory, writeFixture))
    path = join(directory, 'all.car')
    strictEqual((await runCLI(['create', '--all', '-d', directory, '-o', path])).code, 0)
  })

  /** Fails unless the databases are found, and archived as those of `directory` are. */
  const assertFinds = async (args: string[], cwd?: string) => {
    const { code, stderr, bytes } = await runCLI(['create', '--all', ...args, '-o', '-'], { cwd })
    deepStrictEqual({ code, stderr }, { code: 0, stderr: '' })
    deepStrictEqual(bytes, await readFile(path))
  }

  it('where the folder of the node is that of OrbitDB', async () => {
    const copy = await createDirectory(directory)
    await rename(join(copy, 'orbitdb'), join(copy, 'old'))
    await rename(join(copy, 'old/orbitdb'), join(copy, 'orbitdb'))
    await assertFinds([], copy)
  })

  it('where the blocks are right in the folder of IPFS', async () => {
    const copy = await createDirectory(directory)
    await rename(join(copy, 'ipfs/blocks'), join(copy, 'blocks'))
    await rm(join(copy, 'ipfs'), { recursive: true })
    await rename(join(copy, 'blocks'), join(copy, 'ipfs'))
    await assertFinds(['-d', copy])
  })

  it('by each name that docs/CLI.md says, in the order in which it says them', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/CLI.md'), 'utf8')
    const namesOf = (part: string): string[] => [...new RegExp(`^\\| ${part} \\| ([^|]+)`, 'm').exec(page)![1].matchAll(/`([^`]+)`/g)].map(([, name]) => name)
    const [blocks, pins] = [namesOf('blocks'), namesOf('pins')]
    deepStrictEqual([blocks.length, pins.length], [5, 4])
    const copy = await createDirectory(directory)
    const root = (await runCLI(['snapshot', 'create', 'posts', '-d', copy, '--quiet', '--json'])).stdout
    match(root, /bafy/)
    await rename(join(copy, 'ipfs'), join(copy, 'stores'))
    // Each is taken before those behind it, which are there as well
    for (const name of blocks.toReversed()) {
      await cp(join(copy, 'stores/blocks'), join(copy, name), { recursive: true })
      const { stdout } = await runCLI(['list', '-d', copy, '--json'])
      strictEqual(JSON.parse(stdout).blockstore, join(copy, name))
    }
    const places = pins.map(name => join(copy, name))
    for (const place of places.toReversed()) {
      await cp(join(copy, 'stores/data'), place, { recursive: true })
      // What is deleted there is still in those behind it
      deepStrictEqual(JSON.parse((await runCLI(['snapshot', 'list', '-d', copy, '--json'])).stdout).length, 1)
      strictEqual((await runCLI(['snapshot', 'delete', JSON.parse(root).root, '-d', copy])).code, 0)
      deepStrictEqual(JSON.parse((await runCLI(['snapshot', 'list', '-d', copy, '--json'])).stdout), [])
    }
  })

  it('each by itself', async () => {
    const copy = await createDirectory(directory)
    await mkdir(join(copy, 'a'))
    await rename(join(copy, 'ipfs/blocks'), join(copy, 'a/b'))
    await rename(join(copy, 'orbitdb'), join(copy, 'c'))
    await assertFinds(['--blockstore', join(copy, 'a/b'), '--orbitdb', join(copy, 'c')])
  })

  it('where they are files, in which databases can be restored as well', async () => {
    const other = await withOrbitDB(fs, async orbitdb => {
      const db = await orbitdb.open('other', { type: 'events' })
      await db.add('other')
      return db.address
    }, 'fs')
    const before = await readAll(fs)
    strictEqual((await runCLI(['restore', path, '-d', fs, '--indexed'])).code, 0)

    const restored = await readAll(fs)
    deepStrictEqual(Object.fromEntries(Object.keys(before).map(key => [key, restored[key]])), before)
    const added = Object.keys(restored).filter(key => !Object.hasOwn(before, key))
    deepStrictEqual(added.filter(key => !/^\/(blocks|orbitdb\/orbitdb|data\/pin|data\/pinned-block)\//.test(key)), [])

    const { databases } = JSON.parse((await runCLI(['list', '-d', fs, '--json'])).stdout)
    deepStrictEqual(databases.map(({ address, missing }: any) => [address, missing]).sort(), [...Object.values(addresses), other].sort().map(address => [address, 0]))
    deepStrictEqual(await readAll(fs), restored)
    const contents = await withOrbitDB(directory, orbitdb => readDatabases(orbitdb, addresses))
    deepStrictEqual(await withOrbitDB(fs, orbitdb => readDatabases(orbitdb, addresses), 'fs'), contents)
  })
})
