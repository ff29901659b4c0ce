import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readAll, readDatabases, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Fixture } from './helpers.ts'
import type { Events } from '../../src/index.ts'

const runJSON = async (args: string[], exit = 0) => {
  const { code, stdout, stderr } = await runCLI([...args, '--json'])
  strictEqual(code, exit, stderr)
  return JSON.parse(stdout)
}

describe('orbitdb-backup diff, merge, snapshot and restore --dry-run', () => {
  const createDirectory = useDirectories()
  let directory: string
  let addresses: Fixture['addresses']
  let monday: string
  let tuesday: string

  before(async () => {
    directory = await createDirectory();
    ({ addresses } = await withOrbitDB(directory, writeFixture))
    ;[monday, tuesday] = ['monday.car', 'tuesday.car'].map(name => join(directory, name))
    await runJSON(['create', '--all', '-d', directory, '-o', monday])
    await withOrbitDB(directory, async orbitdb => { await (await orbitdb.open<Events>(addresses.posts)).add('new') })
    await runJSON(['create', '--all', '-d', directory, '-o', tuesday, '--base', monday])
  })

  it('tell whether a backup is current, and what it lacks, with the exit codes of diff', async () => {
    const before = await readAll(directory)
    const { isSame, databases } = await runJSON(['diff', monday, '-d', directory, '--hashes'], 1)
    strictEqual(isSame, false)
    const posts = databases.find(({ address }: any) => address === addresses.posts)
    deepStrictEqual([posts.state, posts.entries.new, posts.entries.gone, posts.entries.same, posts.entries.hashes.new.length], ['changed', 1, 0, 20, 1])
    deepStrictEqual(databases.filter(({ state }: any) => state !== 'same').length, 1)
    strictEqual((await runJSON(['diff', tuesday, '-d', directory, '--base', monday])).isSame, true)

    const { code, stdout } = await runCLI(['diff', monday, tuesday])
    strictEqual(code, 1)
    match(stdout, /^~ posts: 1 entry new, 0 gone, 20 the same/m)
    match(stdout, /^= settings: 4 entries, all the same/m)
    match(stdout, /^1 of 4 databases differs$/m)
    match((await runCLI(['diff', monday, '-'], { input: await readFile(monday) })).stdout, /no difference/)
    deepStrictEqual(await readAll(directory), before)
  })

  it('say what they do not compare, and what they need besides', async () => {
    const posts = join(await createDirectory(), 'posts.car')
    await runJSON(['create', addresses.posts, '-d', directory, '-o', posts])
    const some = await runCLI(['diff', posts, '-d', directory])
    deepStrictEqual([some.code, some.stdout.split('\n').at(-2)], [0, 'no difference'])
    match(some.stderr, /^note: 2 databases of the node are not in the archive: "(settings|team)", "(settings|team)"\. --all compares/)
    const all = await runCLI(['diff', posts, '-d', directory, '--all'])
    deepStrictEqual([all.code, all.stderr], [1, ''])
    match(all.stdout, /^\+ settings: 4 entries new/m)

    const same = join(await createDirectory(), 'same.car')
    await runJSON(['create', '--all', '-d', directory, '-o', same, '--base', monday, '--base', tuesday])
    const alone = await runCLI(['diff', same, '-d', directory])
    deepStrictEqual([alone.code, alone.stdout.split('\n').at(-2)], [0, 'no difference'])
    strictEqual((await runJSON(['diff', same, '-d', directory, '--base', tuesday, '--base', monday])).isSame, true)
    const { code, stdout, stderr } = await runCLI(['verify', same])
    deepStrictEqual([code, /^[^\n]*: nothing new, root \w+\n$/.test(stdout), /^error: The archive has nothing of its own, as nothing was new since /.test(stderr)], [8, true, true])
    strictEqual((await runJSON(['inspect', same])).databases.length, 3)
    match((await runCLI(['restore', same, '-d', directory])).stdout, /^0 entries new$/m)
    strictEqual((await runCLI(['restore', same, '-d', await createDirectory()])).code, 8)
    strictEqual((await runJSON(['verify', same, tuesday, monday])).ok, true)
  })

  it('exit with 2 or more where they can not tell', async () => {
    for (const [args, exit] of [
      [['diff', monday], 2],
      [['diff', monday, tuesday, '-d', directory], 2],
      [['diff', monday, join(directory, 'none.car')], 4],
      [['diff', monday, '-d', await createDirectory()], 4],
      [['diff', monday, import.meta.filename], 5],
      [['merge', tuesday, '-o', join(directory, 'no.car')], 8],
      [['merge', monday], 2],
      [['snapshot', 'delete', '-d', directory], 2],
      [['snapshot', 'other', '-d', directory], 2],
      [['snapshot', 'delete', 'posts', '-d', directory], 2],
      [['snapshot', 'list', 'posts', '-d', directory], 2],
      [['snapshot', 'list', '--all', '-d', directory], 2],
      [['snapshot', 'create', 'nothing', '-d', directory], 4]
    ] as Array<[string[], number]>) {
      const { code, stderr } = await runCLI(args)
      strictEqual(code, exit, `${args.join(' ')}: ${stderr}`)
      match(stderr, /^error: /)
    }
  })

  it('make one archive of a backup and its increments', async () => {
    const path = join(await createDirectory(), 'week.car')
    const { root } = await runJSON(['merge', monday, tuesday, '-o', path])
    const whole = join(await createDirectory(), 'whole.car')
    strictEqual((await runJSON(['create', '--all', '-d', directory, '-o', whole])).root, root)
    deepStrictEqual(await readFile(path), await readFile(whole))
  })

  it('say what a restore would add, and change nothing', async () => {
    const copy = await createDirectory(directory)
    await runJSON(['restore', monday, '-d', copy])
    const before = await readAll(copy)
    const old = await createDirectory()
    await runJSON(['restore', monday, '-d', old])
    const { databases } = await runJSON(['restore', monday, tuesday, '-d', old, '--dry-run'])
    deepStrictEqual(Object.fromEntries(databases.map(({ name, added, entries }: any) => [name, [added, entries]])), { posts: [1, 21], settings: [0, 4], team: [0, 1] })
    match((await runCLI(['restore', monday, '-d', copy, '-n'])).stdout, /would add 0 entries/)
    // Of an increment, the node knows the names
    const [onlyPosts, ...others] = (await runJSON(['restore', tuesday, '-d', old, '--dry-run', '--database', 'posts'])).databases
    deepStrictEqual([onlyPosts.name, onlyPosts.type, onlyPosts.added, others], ['posts', 'events', 1, []])
    deepStrictEqual(await readAll(copy), before)
    const empty = await createDirectory()
    const planned = await runJSON(['restore', monday, '-d', empty, '--dry-run', '--database', 'posts'])
    deepStrictEqual(planned.databases.map(({ name, added }: any) => [name, added]), [['posts', 20]])
    deepStrictEqual(await readAll(empty), {})
    const none = await runCLI(['restore', monday, '-d', empty, '--dry-run', '--database', 'none'])
    strictEqual(none.code, 4)
    match(none.stderr, /no database "none", but "\w+", "\w+", "\w+"/)
  })

  for (const stores of ['level', 'fs'] as const) {
    it(`make, list and delete snapshots on a node of ${stores} stores, which stays as it was besides`, async () => {
      const node = await createDirectory()
      const { addresses } = await withOrbitDB(node, writeFixture, stores)
      const contents = await withOrbitDB(node, orbitdb => readDatabases(orbitdb, addresses), stores)
      const { root } = await runJSON(['snapshot', 'create', '--all', '-d', node])
      strictEqual(root, (await runJSON(['create', '--all', '-d', node, '-o', join(node, 'all.car')])).root)
      const [snapshot, ...others] = await runJSON(['snapshot', 'list', '-d', node])
      deepStrictEqual(others, [])
      deepStrictEqual([snapshot.root, snapshot.isComplete, snapshot.databases.map(({ name }: any) => name).sort()], [root, true, ['posts', 'settings', 'team']])
      match((await runCLI(['snapshot', 'list', '-d', node])).stdout, new RegExp(`^${root}  .*  complete  `))
      ok(await withOrbitDB(node, async orbitdb => { await (orbitdb.ipfs as any).gc(); return true }, stores))
      strictEqual((await runJSON(['snapshot', 'list', '-d', node]))[0].isComplete, true)
      deepStrictEqual(await runJSON(['snapshot', 'delete', root, '-d', node]), { deleted: [root] })
      strictEqual((await runCLI(['snapshot', 'delete', root, '-d', node])).code, 4)
      deepStrictEqual(await runJSON(['snapshot', 'list', '-d', node]), [])
      deepStrictEqual(await withOrbitDB(node, orbitdb => readDatabases(orbitdb, addresses), stores), contents)
    })
  }
})
