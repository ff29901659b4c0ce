import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { FlatDirectory, NextToLast } from 'blockstore-fs/sharding'
import { LevelBlockstore } from 'blockstore-level'
import { FsDatastore } from 'datastore-fs'
import { LevelDatastore } from 'datastore-level'
import { Level } from 'level'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { readAll, runCLI, useDirectories, withOrbitDB, withStores } from './helpers.ts'
import type { Events, OrbitDB } from '../../src/index.ts'

type MakeStores = (directory: string) => Parameters<typeof withStores>[1]

const data = (directory: string): LevelDatastore => new LevelDatastore(join(directory, 'data'))
const level = (init?: { base?: any }): MakeStores => directory => ({ blockstore: new LevelBlockstore(join(directory, 'blocks'), init), datastore: data(directory) })
const files = (shardingStrategy: FlatDirectory | NextToLast): MakeStores => directory => ({ blockstore: new FsBlockstore(join(directory, 'blocks'), { shardingStrategy }), datastore: data(directory) })

/** Stores with other options than the default ones, and the options that say so. */
const kinds: Record<string, [make: MakeStores, options: string]> = {
  'a LevelDB with another base': [level({ base: base58btc }), 'kind=level,base=base58btc'],
  'a LevelDB with a base with digits first': [level({ base: base36 }), 'kind=level,base=base36'],
  'a LevelDB with a base with slashes or dashes': [level({ base: base64url }), 'kind=level,base=base64url'],
  'a sublevel': [directory => {
    const db = new Level<string, Uint8Array>(join(directory, 'ipfs'), { keyEncoding: 'utf8', valueEncoding: 'view' })
    const part = (...names: string[]): any => names.reduce((db: any, name) => db.sublevel(name, { keyEncoding: 'utf8', valueEncoding: 'view' }), db)
    return { blockstore: new LevelBlockstore(part('node', 'blocks')), datastore: new LevelDatastore(part('data')), close: () => db.close() }
  }, 'kind=level,base=base32upper,sublevel=node/blocks'],
  'files in one folder': [files(new FlatDirectory()), 'kind=fs,base=base32upper,prefixLength=0,extension=.data'],
  'folders of three characters': [files(new NextToLast({ prefixLength: 3 })), 'kind=fs,base=base32upper,prefixLength=3,extension=.data'],
  'files that end in something else, with another base': [files(new NextToLast({ extension: '.blk', base: base58btc as any })), 'kind=fs,base=base58btc,prefixLength=2,extension=.blk'],
  'files that end in nothing, and a datastore of such files': [directory => ({
    blockstore: new FsBlockstore(join(directory, 'blocks'), { shardingStrategy: new FlatDirectory({ extension: '' }) }),
    datastore: new FsDatastore(join(directory, 'data'), { extension: '.record' })
  }), 'kind=fs,base=base32upper,prefixLength=0,extension=']
}

describe('orbitdb-backup finds out how a node keeps its blocks', () => {
  const createDirectory = useDirectories()
  /** An archive of a database of another node */
  let archive: string
  let address: string

  const write = async (orbitdb: OrbitDB, name: string): Promise<string> => {
    const db = await orbitdb.open<Events>(name, { sync: false })
    for (let i = 0; i < 5; i++) await db.add(i)
    return db.address
  }

  /** Fails unless a restored database is there, also after garbage collection. */
  const assertHas = async (orbitdb: OrbitDB): Promise<void> => {
    await (orbitdb.ipfs as any).gc()
    const db = await orbitdb.open<Events>(address, { sync: false })
    strictEqual((await db.all()).length, 5)
  }

  before(async () => {
    const other = await createDirectory()
    address = await withOrbitDB(other, orbitdb => write(orbitdb, 'other'))
    archive = join(other, 'other.car')
    strictEqual((await runCLI(['create', 'other', '-d', other, '-o', archive])).code, 0)
  })

  for (const [name, [make, options]] of Object.entries(kinds)) {
    it(`in ${name}`, async () => {
      const directory = await createDirectory()
      const run = <Value>(fn: (orbitdb: OrbitDB) => Promise<Value>): Promise<Value> => withStores(directory, make(directory), fn)
      await run(orbitdb => write(orbitdb, 'mine'))
      const restored = await runCLI(['restore', archive, '-d', directory])
      deepStrictEqual([restored.code, restored.stderr], [0, ''])
      await run(assertHas)
      const listed = await runCLI(['list', '-d', directory, '--json'])
      deepStrictEqual(JSON.parse(listed.stdout).databases.map(({ name, missing }: any) => [name, missing]), [['mine', 0], ['other', 0]])
      // What was found out is what can be said
      const said = await runCLI(['list', '-d', directory, '--blockstore-options', options])
      deepStrictEqual([said.code, said.stderr], [0, ''])
      const wrong = await runCLI(['list', '-d', directory, '--blockstore-options', 'base=base16'])
      strictEqual(wrong.code, 2)
      match(wrong.stderr, new RegExp(`is not a store with .+: what is in it is kept with ${options.replaceAll('.', '\\.')}\n$`))
    })
  }

  it('and makes new ones as it is told to', async () => {
    const directory = await createDirectory()
    const { code, stderr } = await runCLI(['restore', archive, '-d', directory, '--blockstore-options', 'kind=fs', '--datastore-options', 'kind=fs'])
    deepStrictEqual([code, stderr], [0, ''])
    await withStores(directory, { blockstore: new FsBlockstore(join(directory, 'ipfs/blocks')), datastore: new FsDatastore(join(directory, 'ipfs/data')) }, assertHas)
  })

  describe('and refuses, and changes nothing,', () => {
    const assertRefuses = async (directory: string, code: number, error: RegExp, ...args: string[]) => {
      const before = await readAll(directory)
      const result = await runCLI(['restore', archive, '-d', directory, ...args])
      match(result.stderr, error)
      strictEqual(result.code, code)
      deepStrictEqual(await readAll(directory), before)
    }

    it('when it can not be told', async () => {
      const directory = await createDirectory()
      await withOrbitDB(directory, orbitdb => write(orbitdb, 'mine'), 'fs')
      await mkdir(join(directory, 'new/blocks'), { recursive: true })
      await writeFile(join(directory, 'new/blocks/one.bin'), 'one')
      await rename(join(directory, 'orbitdb'), join(directory, 'new/orbitdb'))
      await assertRefuses(join(directory, 'new'), 6, /error: How blocks are kept in ".+blocks" can not be told .+--blockstore-options, or use the library.+\n$/)
    })

    it('when there is more than one way in a store', async () => {
      const directory = await createDirectory()
      for (const base of [base58btc, undefined]) {
        await withStores(directory, level({ base })(directory), orbitdb => write(orbitdb, `mine ${base?.name}`))
      }
      await assertRefuses(directory, 6, /in more than one way.+--blockstore-options: kind=level,base=base32upper; kind=level,base=base58btc\n$/)
      strictEqual((await runCLI(['restore', archive, '-d', directory, '--blockstore-options', 'base=base58btc'])).code, 0)
      await withStores(directory, level({ base: base58btc })(directory), async orbitdb => {
        strictEqual((await (await orbitdb.open<Events>(address, { sync: false })).all()).length, 5)
      })
    })

    it('when the pins can not be told', async () => {
      const directory = await createDirectory()
      await withOrbitDB(directory, orbitdb => write(orbitdb, 'mine'))
      const other = new Level(join(directory, 'other'))
      await other.put('x', 'y')
      await other.close()
      await assertRefuses(directory, 6, /How pins are kept in ".+other" can not be told/, '--datastore', join(directory, 'other'))
    })

    it('when OrbitDB has databases and there is no blockstore', async () => {
      const directory = await createDirectory()
      await withOrbitDB(directory, orbitdb => write(orbitdb, 'mine'))
      await rename(join(directory, 'ipfs'), join(directory, 'elsewhere'))
      await assertRefuses(directory, 4, /No blockstore is in ".+", where OrbitDB has databases: give it with --blockstore/)
    })

    it('options that are none', async () => {
      const directory = await createDirectory()
      for (const [options, error] of Object.entries({
        'base=base1': /no such base, there are .*base32upper/,
        'prefixLength=x': /it is a number/,
        'sublevel=a,extension=.b': /only a store of kind fs has that/,
        'kind=s3': /level or fs/,
        shard: /give kind=\.\.\., base=/
      })) {
        await assertRefuses(directory, 2, error, '--blockstore-options', options)
      }
    })
  })

  it('of an empty store says that it takes the default options, unless told which', async () => {
    const directory = await createDirectory()
    const stores = level({ base: base58btc })
    const { blockstore, datastore } = stores(directory)
    for (const store of [blockstore, datastore]) {
      await store.open()
      await store.close()
    }
    const copy = await createDirectory(directory)
    const { code, stderr } = await runCLI(['restore', archive, '-d', copy])
    strictEqual(code, 0)
    match(stderr, /^note: OrbitDB's directory is made at .+--orbitdb.+\nnote: ".+blocks" is empty, so that it is used with default options.+--blockstore-options\n$/)
    const told = await runCLI(['restore', archive, '-d', directory, '--blockstore-options', 'base=base58btc', '--quiet'])
    deepStrictEqual([told.code, told.stderr], [0, ''])
    await withStores(directory, stores(directory), assertHas)
  })
})
