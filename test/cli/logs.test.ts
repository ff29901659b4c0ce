import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as stock from '@orbitdb/core-stock'
import { Level } from 'level'
import { archive } from '../helpers/archives.ts'
import { collect } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { createNode, deleteBlock } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createOrbitDB, KeyValueIndexed } from '../../src/index.ts'
import { readAll, runCLI, useDirectories, withOrbitDB, writeFixture } from './helpers.ts'
import type { Node } from '../helpers/node.ts'
import type { DatabaseFactory, Events, KeyValue, OrbitDB } from '../../src/index.ts'

const indexed = { Database: stock.KeyValueIndexed() as DatabaseFactory<any>, sync: false }

const editLevel = async (path: string, fn: (db: Level<string, Uint8Array>) => Promise<unknown>): Promise<void> => {
  const db = new Level<string, Uint8Array>(path, { valueEncoding: 'view' })
  await fn(db)
  await db.close()
}

describe('orbitdb-backup with directories of OrbitDB 2', () => {
  const createDirectory = useDirectories()
  let directory: string
  let address: string
  let log: string
  /** The last entry */
  let head: string
  /** An archive of the database as it was */
  let whole: Buffer
  /** An archive of another one */
  let other: string

  before(async () => {
    directory = await createDirectory()
    other = join(await createDirectory(), 'other.car')
    let bytes: Uint8Array
    await withOrbitDB(directory, async orbitdb => {
      const db = await orbitdb.open<Events>('log', { sync: false })
      for (let i = 0; i < 10; i++) await db.add(i)
      head = (await db.log.heads())[0].hash
      bytes = (await db.log.storage.get(head))!
      address = db.address
    })
    log = join('orbitdb', address, 'log')
    const created = await runCLI(['create', 'log', '-d', directory, '-o', '-'])
    strictEqual(created.code, 0)
    whole = Buffer.from(created.bytes)
    // It keeps each head as a record of its own, which is the entry, and writes it before the index
    await editLevel(join(directory, log, '_heads'), async db => {
      await db.del('heads')
      await db.put(head, bytes)
    })
    const from = await createDirectory()
    await withOrbitDB(from, orbitdb => orbitdb.open('other', { sync: false }))
    strictEqual((await runCLI(['create', 'other', '-d', from, '-o', other])).code, 0)
  })

  const assertWhole = async (copy: string): Promise<void> => {
    const list = JSON.parse((await runCLI(['list', '-d', copy, '--json'])).stdout)
    deepStrictEqual(list.databases.map(({ entries, missing }: any) => [entries, missing]), [[10, 0]])
    const { code, stderr, bytes } = await runCLI(['create', 'log', '-d', copy, '-o', '-'])
    deepStrictEqual([code, stderr], [0, ''])
    ok(whole.equals(bytes))
  }

  it('reads the heads that it keeps', async () => {
    await assertWhole(directory)
    strictEqual(JSON.parse((await runCLI(['list', '-d', directory, '--json'])).stdout).databases[0].heads, 1)
  })

  it('reads a head that is not in the index yet, as the process was killed', async () => {
    const copy = await createDirectory(directory)
    await editLevel(join(copy, log, '_index'), db => db.del(head))
    await assertWhole(copy)
  })

  it('finds the heads where none is kept, as the process was killed', async () => {
    const copy = await createDirectory(directory)
    await editLevel(join(copy, log, '_heads'), db => db.clear())
    await assertWhole(copy)
  })

  it('loses nothing where a newer OrbitDB wrote to one', async () => {
    const copy = await createDirectory(directory)
    await withOrbitDB(copy, async orbitdb => { await (await orbitdb.open<Events>(address, { sync: false })).add('new') })
    const path = join(copy, 'log.car')
    strictEqual((await runCLI(['create', 'log', '-d', copy, '-o', path])).code, 0)
    const restored = await createDirectory()
    const { code, stderr } = await runCLI(['restore', path, '-d', join(restored, 'node')])
    deepStrictEqual([code, stderr], [0, ''])
    const values = await withOrbitDB(join(restored, 'node'), async orbitdb => (await (await orbitdb.open<Events>(address, { sync: false })).all()).map(({ value }) => value))
    deepStrictEqual(values.map(String).sort(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'new'])
  })

  it('restores nothing there, as it could not be opened any more, and says so', async () => {
    const copy = await createDirectory(directory)
    const before = await readAll(copy)
    const { code, stdout, stderr } = await runCLI(['restore', other, '-d', copy])
    deepStrictEqual([code, stdout], [6, ''])
    match(stderr, /^error: ".+" is of OrbitDB 2 or older, .+: restore into a new directory, .+\n$/)
    deepStrictEqual(await readAll(copy), before)
  })
})

describe('orbitdb-backup with restores that were killed', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let directory: string
  let phantom: string

  before(async () => {
    directory = await createDirectory()
    await withOrbitDB(directory, async orbitdb => {
      const { posts } = (await writeFixture(orbitdb)).addresses
      phantom = (await orbitdb.open('phantom', { type: 'events', sync: false })).address
      strictEqual(posts === phantom, false)
    })
    await editLevel(join(directory, 'orbitdb', phantom, 'log/_heads'), db => db.put('restore', Uint8Array.of(1)))
  })

  it('says which databases are not there', async () => {
    const { stdout } = await runCLI(['list', '-d', directory])
    match(stdout, new RegExp(`phantom +events +0 +0 .+${phantom}  its restore was not finished: restore it again\n`))
    const { databases } = JSON.parse((await runCLI(['list', '-d', directory, '--json'])).stdout)
    deepStrictEqual(databases.filter(({ unfinished }: any) => unfinished).map(({ address }: any) => address), [phantom])
  })

  it('also when the index was not made yet', async () => {
    const copy = await createDirectory(directory)
    await editLevel(join(copy, 'orbitdb', phantom, 'log/_heads'), db => db.clear())
    deepStrictEqual(JSON.parse((await runCLI(['list', '-d', copy, '--json'])).stdout).databases.filter(({ unfinished }: any) => unfinished), [])
    await rm(join(copy, 'orbitdb', phantom, 'log/_index'), { recursive: true })
    match((await runCLI(['list', '-d', copy])).stdout, /phantom .+ its restore was not finished/)
  })

  it('also of one that the library refused, which can be restored there', async () => {
    const [source, target] = [await createReplica(), await createDirectory()]
    const db = await source.orbitdb.open<Events>('refused', { sync: false })
    await db.add('one')
    const { blocks, ...state } = await collect(await db.export())
    const isEntry = ([hash]: [string, ...unknown[]]): boolean => state.index.has(hash)
    const withOurs = async (fn: (orbitdb: OrbitDB) => Promise<unknown>): Promise<void> => {
      const ipfs = await createNode(join(target, 'ipfs'))
      const orbitdb = await createOrbitDB({ ipfs, directory: join(target, 'orbitdb') })
      await fn(orbitdb).finally(async () => {
        await orbitdb.stop()
        await ipfs.stop()
      })
    }
    await withOurs(orbitdb => rejects(orbitdb.import({ ...state, blocks: blocks.filter(block => !isEntry(block)) }, { sync: false }), { code: 'block-missing' }))
    match((await runCLI(['list', '-d', target])).stdout, /refused .+ its restore was not finished: restore it again\n/)
    await withOurs(orbitdb => orbitdb.import({ ...state, blocks }, { sync: false }))
    match((await runCLI(['list', '-d', target])).stdout, /refused +events +1 /)
  })

  it('leaves them out of a backup of all, by name, and backs none up', async () => {
    const path = join(directory, 'all.car')
    const { code, stdout, stderr } = await runCLI(['create', '--all', '-d', directory, '-o', path])
    strictEqual(code, 0)
    match(stdout, /all\.car: 3 databases/)
    strictEqual(stderr, `note: "phantom" ${phantom} is left out: its restore was not finished, and there is nothing in it\n`)
    const one = await runCLI(['create', 'phantom', '-d', directory, '-o', `${path}2`])
    deepStrictEqual([one.code, one.stderr], [5, `error: "phantom" ${phantom}: Its restore was not finished, and there is nothing in it: restore it again\n`])
  })

  it('also where their manifests were collected as garbage, as nothing pins them', async () => {
    const copy = await createDirectory(directory)
    await withOrbitDB(copy, async orbitdb => deleteBlock(orbitdb.ipfs as Node, phantom.split('/').pop()!))
    const { code, stdout, stderr } = await runCLI(['create', '--all', '-d', copy, '-o', join(copy, 'others.car')])
    deepStrictEqual([code, stderr], [0, `note: ${phantom} is left out: its restore was not finished, and there is nothing in it\n`])
    match(stdout, /others\.car: 3 databases/)
  })

  it('says so where there is no other', async () => {
    const node = await createDirectory()
    const address = await withOrbitDB(node, async orbitdb => (await orbitdb.open('phantom', { type: 'events', sync: false })).address)
    await editLevel(join(node, 'orbitdb', address, 'log/_heads'), db => db.put('restore', Uint8Array.of(1)))
    const { code, stderr } = await runCLI(['create', '--all', '-d', node, '-o', join(node, 'all.car')])
    strictEqual(code, 4)
    match(stderr, /^note: .+\nerror: No database in ".+" has anything in it, as no restore was finished: restore them again\n$/)
  })
})

describe('orbitdb-backup restores key-value databases where apps look for them', () => {
  const createDirectory = useDirectories()
  const { createReplica } = useReplicas()
  let directory: string
  let address: string
  let path: string

  before(async () => {
    directory = await createDirectory()
    address = await withOrbitDB(directory, async orbitdb => {
      // As in the example of OrbitDB, without a type, so that it is events
      const db = await orbitdb.open<KeyValue>('settings', indexed)
      for (let i = 0; i < 5; i++) await db.put(`key ${i}`, i)
      return db.address
    })
    path = join(directory, 'settings.car')
    strictEqual((await runCLI(['create', 'settings', '-d', directory, '-o', path])).code, 0)
  })

  const read = (node: string, options: object = indexed) => withOrbitDB(node, async orbitdb => (await (await orbitdb.open<KeyValue>(address, { sync: false, ...options })).all()).length)

  it('where KeyValueIndexed does, when the type is events and the entries have keys', async () => {
    const parent = await createDirectory()
    const results = await Promise.all([[], ['--indexed'], ['--no-indexed']].map((args, i) => runCLI(['restore', path, '-d', join(parent, String(i)), ...args])))
    deepStrictEqual(results.map(({ code }) => code), [0, 0, 0])
    deepStrictEqual(results.slice(1).map(({ stderr }) => stderr), ['', ''])
    match(results[0].stderr, new RegExp(`^note: "settings" ${address} is of type events, and its entries are those of a key-value database: it is put where KeyValueIndexed keeps it, with --no-indexed where all others do\n$`))
    deepStrictEqual([await read(join(parent, '0')), await read(join(parent, '1'))], [5, 5])
    strictEqual(await read(join(parent, '2'), { Database: stock.KeyValue() }), 5)
  })

  it('where the node has it', async () => {
    const node = await createDirectory(directory)
    const { code, stderr } = await runCLI(['restore', path, '-d', node])
    deepStrictEqual([code, stderr, await read(node)], [0, '', 5])
    deepStrictEqual(await readdir(join(node, 'orbitdb', address)), ['_index'])
  })

  it('says where, when it can not know', async () => {
    const { orbitdb } = await createReplica()
    const encryption = { data: await createCipher(), replication: await createCipher() }
    const db = await orbitdb.open<KeyValue>('secret', { Database: KeyValueIndexed(), encryption, sync: false })
    await db.put('key', 1)
    const { code, stderr } = await runCLI(['restore', '-d', join(await createDirectory(), 'node'), '--verify', 'none'], { input: await archive(db) })
    strictEqual(code, 0)
    match(stderr, /can not be read: for an app that opens it with KeyValueIndexed, restore it with --indexed\n$/)
  })

  it('leaves events alone', async () => {
    const from = await createDirectory()
    const posts = await withOrbitDB(from, async orbitdb => {
      const db = await orbitdb.open<Events>('posts', { sync: false })
      await db.add('one')
      return db.address
    })
    strictEqual((await runCLI(['create', 'posts', '-d', from, '-o', join(from, 'posts.car')])).code, 0)
    const node = join(await createDirectory(), 'node')
    const { code, stderr } = await runCLI(['restore', join(from, 'posts.car'), '-d', node, '--indexed'])
    deepStrictEqual([code, stderr], [0, ''])
    deepStrictEqual(await readdir(join(node, 'orbitdb', posts)), ['log'])
  })
})

describe('orbitdb-backup create --keep-going', () => {
  const createDirectory = useDirectories()
  let directory: string
  let addresses: Record<string, string>
  let output: string

  before(async () => {
    directory = await createDirectory()
    output = await createDirectory()
    await withOrbitDB(directory, async orbitdb => {
      addresses = (await writeFixture(orbitdb)).addresses
      const { log } = await orbitdb.open(addresses.posts)
      const [{ next: [hash] }] = await log.heads()
      await deleteBlock(orbitdb.ipfs as Node, hash)
      const bare = await orbitdb.open<Events>('bare', { type: 'events', sync: false })
      await bare.add('one')
      await deleteBlock(orbitdb.ipfs as Node, bare.address.split('/').pop()!)
    })
    await mkdir(join(output, 'x'))
  })

  it('backs up what can be, names what can not, and exits with a code of its own', async () => {
    for (const path of [join(output, 'all.car'), '-']) {
      const { code, stdout, stderr, bytes } = await runCLI(['create', '--all', '--keep-going', '-d', directory, '-o', path])
      strictEqual(code, 7, stderr)
      const lines = stderr.trimEnd().split('\n')
      strictEqual(lines.length, 3)
      ok(lines.some(line => new RegExp(`^note: Not backed up: "posts" ${addresses.posts}: Block "zdpu\\w+" is missing`).test(line)))
      ok(lines.some(line => /^note: Not backed up: \/orbitdb\/zdpu\w+: .+manifest/.test(line)))
      match(lines[2], new RegExp(`^error: 2 of 4 databases could not be backed up: .*"posts" ${addresses.posts}`))
      if (path !== '-') match(stdout, /all\.car: 2 databases and 1 of an access controller, 5 entries/)
      const input = path === '-' ? bytes : await readFile(path)
      const verified = await runCLI(['verify', '--json'], { input })
      strictEqual(verified.code, 0)
      deepStrictEqual(JSON.parse(verified.stdout).databases.map(({ address }: any) => address).sort(), [addresses.settings, addresses.team, addresses.access].sort())
    }
  })

  it('tells so in JSON', async () => {
    const { code, stdout } = await runCLI(['create', 'posts', 'team', '--keep-going', '--json', '-d', directory, '-o', join(output, 'two.car')])
    strictEqual(code, 7)
    const { databases, failed } = JSON.parse(stdout)
    deepStrictEqual(databases.map(({ name }: any) => name), ['team'])
    deepStrictEqual(failed.map(({ address, name }: any) => [address, name]), [[addresses.posts, 'posts']])
    match(failed[0].message, /is missing/)
  })

  it('writes nothing when there is nothing to back up', async () => {
    const { code, stderr } = await runCLI(['create', 'posts', '--keep-going', '-d', directory, '-o', join(output, 'x/none.car')])
    strictEqual(code, 5)
    match(stderr, /^error: None of the databases can be backed up: "posts" .+ is missing/)
    deepStrictEqual(await readdir(join(output, 'x')), [])
  })

  it('says without it which database can not be backed up', async () => {
    const { code, stderr } = await runCLI(['create', 'team', 'posts', '-d', directory, '-o', join(output, 'x/none.car')])
    strictEqual(code, 5)
    match(stderr, new RegExp(`^error: "posts" ${addresses.posts}: Block "zdpu\\w+" is missing: the node does not have all of the database`))
    deepStrictEqual(await readdir(join(output, 'x')), [])
  })

  it('finds a database by an address that ends in a slash', async () => {
    strictEqual((await runCLI(['create', `${addresses.team}/`, '-d', directory, '-o', '-'])).code, 0)
  })
})
