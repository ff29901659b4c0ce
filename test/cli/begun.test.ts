import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { promises } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { ClassicLevel } from 'classic-level'
import { FsDatastore } from 'datastore-fs'
import { Level } from 'level'
import { levelStateOf, openLevel } from '../../src/cli/stores/level.ts'
import { preload } from '../proof/cli.ts'
import { readAll, runCLI, useDirectories, withOrbitDB, withStores } from './helpers.ts'
import type { Events } from '../../src/index.ts'

type Files = Record<string, Uint8Array>

const readFiles = async (path: string): Promise<Files> => {
  const files: Files = {}
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) files[join(entry.parentPath, entry.name).slice(path.length + 1)] = await readFile(join(entry.parentPath, entry.name))
  }
  return files
}

const writeFiles = async (path: string, files: Files): Promise<void> => {
  await mkdir(path, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(path, name), bytes)
}

const nothing = new Uint8Array()
/** Half of what was written. */
const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length / 2)
const blockstore = 'ipfs/blocks'
const datastore = 'ipfs/data'

/** Every state that a LevelDB is in until it has its first record, in this order: what its files are. */
async function listStates (directory: string): Promise<Record<string, Files>> {
  // It fails where its temporary file can not be made, and leaves the first list of tables
  await mkdir(join(directory, 'failed/000001.dbtmp'), { recursive: true })
  await new Level(join(directory, 'failed')).open().catch(() => {})
  const first = await readFile(join(directory, 'failed/MANIFEST-000001'))
  const db = new Level(join(directory, 'made'))
  await db.open()
  const { LOG, LOCK, CURRENT, 'MANIFEST-000002': second } = await readFiles(join(directory, 'made'))
  await db.put('key', 'value')
  const record = await readFile(join(directory, 'made/000003.log'))
  await db.close()
  for (const bytes of [first, second, CURRENT, record]) ok(bytes.length > 10)

  const start = { LOG, LOCK }
  const one = { ...start, 'MANIFEST-000001': first }
  const opened = { ...one, CURRENT: new TextEncoder().encode('MANIFEST-000001\n') }
  const logged = { ...opened, '000003.log': nothing }
  const two = { ...logged, 'MANIFEST-000002': second }
  return {
    'an empty folder': {},
    'only LOG': { LOG },
    'only LOCK': { LOCK },
    'LOG and LOCK': start,
    'those of a second attempt': { ...start, 'LOG.old': LOG },
    'an empty list of tables': { ...start, 'MANIFEST-000001': nothing },
    'a torn list of tables': { ...start, 'MANIFEST-000001': half(first) },
    'a list of tables': one,
    'an empty temporary file': { ...one, '000001.dbtmp': nothing },
    'a temporary file': { ...one, '000001.dbtmp': opened.CURRENT },
    'what is there by the rename': opened,
    'an empty log': logged,
    'an empty second list': { ...logged, 'MANIFEST-000002': nothing },
    'a torn second list': { ...logged, 'MANIFEST-000002': half(second) },
    'a second list': two,
    'its temporary file': { ...two, '000002.dbtmp': half(CURRENT) },
    'both lists': { ...two, CURRENT },
    'one list': { ...start, CURRENT, '000003.log': nothing, 'MANIFEST-000002': second },
    'the first record torn': { ...start, CURRENT, '000003.log': half(record), 'MANIFEST-000002': second },
    'the start of the first record': { ...start, CURRENT, '000003.log': record.subarray(0, 3), 'MANIFEST-000002': second },
    'a log that is on the disk before its name is in CURRENT': { ...one, '000003.log': nothing, 'MANIFEST-000002': half(second) }
  }
}

describe('orbitdb-backup where a restore was begun, and there is nothing yet,', () => {
  const createDirectory = useDirectories()
  let archive: string
  let bytes: Buffer
  let hash: string
  let parts: string[]
  let states: Record<string, Files>
  /** A node that the archive was restored on */
  let restored: string

  before(async () => {
    const other = await createDirectory()
    await withOrbitDB(other, async orbitdb => {
      const db = await orbitdb.open<Events>('other', { sync: false })
      for (let i = 0; i < 5; i++) await db.add(i)
      hash = db.address.split('/').pop()!
    })
    archive = join(other, 'other.car')
    strictEqual((await runCLI(['create', 'other', '-d', other, '-o', archive])).code, 0)
    bytes = await readFile(archive)
    parts = [blockstore, datastore, `orbitdb/orbitdb/${hash}/log/_heads`, `orbitdb/orbitdb/${hash}/log/_index`]
    states = await listStates(await createDirectory())
    restored = await createDirectory()
    strictEqual((await runCLI(['restore', archive, '-d', restored])).code, 0)
  })

  /** Fails unless a directory can be listed and restored to, and has all that is in the archive then. */
  const assertRestores = async (directory: string, what: string, ...args: string[]): Promise<void> => {
    const listed = await runCLI(['list', '-d', directory, '--json', ...args])
    if (listed.code === 0) {
      deepStrictEqual(JSON.parse(listed.stdout).databases.filter(({ unfinished }: any) => unfinished !== true), [], what)
    } else {
      match(listed.stderr, /^error: No blockstore is in /, what)
      strictEqual(listed.code, 4, what)
    }
    const { code, stderr } = await runCLI(['restore', archive, '-d', directory, ...args])
    strictEqual(code, 0, `${what}: ${stderr}`)
    const again = await runCLI(['create', 'other', '-d', directory, '-o', '-', ...args])
    deepStrictEqual([again.code, again.stderr], [0, ''], what)
    ok(bytes.equals(again.bytes), what)
  }

  it('takes a LevelDB that is just being made for nothing else, and it can be used', async () => {
    for (const [name, files] of Object.entries(states)) {
      const path = join(await createDirectory(), 'level')
      await writeFiles(path, files)
      strictEqual(await levelStateOf(path), files.CURRENT != null ? 'made' : name === 'an empty folder' ? undefined : 'begun', name)
      const { db, close } = await openLevel(path, { write: true })
      await db.put('key', nothing)
      deepStrictEqual(await db.keys().all(), ['key'], name)
      await close()
    }
  })

  it('looks again where another process has removed a file of it meanwhile', async () => {
    const path = join(await createDirectory(), 'level')
    await writeFiles(path, { '000003.log': nothing })
    const { stat } = promises
    promises.stat = (async (...args: Parameters<typeof stat>) => {
      await rm(path, { recursive: true })
      return stat(...args)
    }) as typeof stat
    syncBuiltinESMExports()
    try {
      strictEqual(await levelStateOf(path), undefined)
    } finally {
      promises.stat = stat
      syncBuiltinESMExports()
    }
  })

  // The command line is tried with one of each kind
  for (const name of ['only LOCK', 'a torn list of tables', 'a temporary file', 'what is there by the rename', 'both lists', 'the first record torn']) {
    it(`lists, restores again, and backs nothing up, where LevelDBs have ${name}`, async () => {
      const unmade = await createDirectory()
      await writeFiles(join(unmade, blockstore), states[name])
      await assertRestores(unmade, 'blockstore')

      const directory = await createDirectory()
      await writeFiles(join(directory, blockstore), states['one list'])
      for (const part of parts.slice(1)) await writeFiles(join(directory, part), states[name])
      const { code, stderr } = await runCLI(['create', '--all', '-d', directory, '-o', '-'])
      match(stderr, /error: (No database (is )?in .+|.+does not have the manifest.+)\n$/)
      ok(code === 4 || code === 5)
      await assertRestores(directory, 'the others')
    })
  }

  for (const [options, writes] of [['', [4, 6, 7, 9]], ['base=base58btc', [7]], ['kind=level,sublevel=node/blocks', [7]]] as Array<[string, number[]]>) {
    it(`restores again where the process was killed at its first writes, with ${options === '' ? 'no options' : options}`, async () => {
      const args = options === '' ? [] : ['--blockstore-options', options]
      for (const n of writes) {
        const directory = await createDirectory()
        strictEqual((await runCLI(['restore', archive, '-d', directory, ...args], { preload: preload(`n=${n}`) })).code, null)
        await assertRestores(directory, `write ${n}`, ...args)
      }
    })
  }

  it('restores again to files, where only their folders are there and one that was not renamed yet', async () => {
    const directory = await createDirectory()
    const options = ['--blockstore-options', 'kind=fs', '--datastore-options', 'kind=fs']
    for (const folder of ['ipfs/blocks/AB', 'ipfs/data/pin']) await mkdir(join(directory, folder), { recursive: true })
    await writeFile(join(directory, 'ipfs/blocks/AB/.CIQAB.data.tmp'), 'torn')
    await assertRestores(directory, 'files', ...options)
    await withStores(directory, { blockstore: new FsBlockstore(join(directory, blockstore)), datastore: new FsDatastore(join(directory, datastore)) }, async orbitdb => {
      await (orbitdb.ipfs as any).gc()
      strictEqual((await (await orbitdb.open<Events>(`/orbitdb/${hash}`, { sync: false })).all()).length, 5)
    })
  })

  describe('but what is damaged is refused, and stays as it is:', () => {
    /** What damages a LevelDB that has records, and what it fails with. */
    const damages: Record<string, [damage: (path: string) => Promise<unknown>, error: RegExp]> = {
      'CURRENT is gone': [path => rm(join(path, 'CURRENT')), /is damaged: its file CURRENT/],
      'all but the log of records is gone': [async path => {
        for (const name of await readdir(path)) if (!/^\d+\.log$/.test(name)) await rm(join(path, name))
      }, /is damaged: its file CURRENT/],
      'CURRENT is empty': [path => truncate(join(path, 'CURRENT')), /^error: The LevelDB in ".+blocks" is damaged: /],
      'CURRENT is torn': [path => truncate(join(path, 'CURRENT'), 5), /^error: The LevelDB in ".+blocks" is damaged: /],
      'the list of tables is torn': [path => truncate(join(path, 'MANIFEST-000002'), 20), /^error: The LevelDB in ".+blocks" is damaged: /]
    }
    /** The files of a directory, but for those that LevelDB makes whenever it is opened. */
    const contents = async (directory: string): Promise<Files> => {
      return Object.fromEntries(Object.entries(await readFiles(directory)).filter(([name]) => !/(^|\/)(LOG|LOG\.old|LOCK)$/.test(name)))
    }

    for (const [name, [damage, error]] of Object.entries(damages)) {
      it(name, async () => {
        // As the first process left it, with all in the logs of records. What LevelDB says by itself is said of any part
        for (const part of /CURRENT is gone|all but/.test(name) ? parts : parts.slice(0, 1)) {
          const directory = await createDirectory(restored)
          await damage(join(directory, part))
          const before = await contents(join(directory, part))
          for (const args of [['list'], ...name === 'CURRENT is gone' ? [['create', '--all', '-o', '-']] : [], ['restore', archive]]) {
            const { code, stderr } = await runCLI([...args, '-d', directory])
            if (part === datastore && args[0] !== 'restore') {
              // Pins are not needed
              deepStrictEqual([code, stderr], [0, ''], `${part}: ${args[0]}`)
              continue
            }
            match(stderr, error, `${part}: ${args[0]}`)
            strictEqual(code, 5, `${part}: ${args[0]}`)
          }
          deepStrictEqual(await contents(join(directory, part)), before, part)
        }
      })
    }

    it('tables are there without CURRENT', async () => {
      for (const part of parts) {
        const directory = await createDirectory(restored)
        const db = new ClassicLevel(join(directory, part))
        await db.compactRange('', '\uffff')
        await db.close()
        const whole = await createDirectory(directory)
        await rm(join(directory, part, 'CURRENT'))
        const { code, stderr } = await runCLI(['restore', archive, '-d', directory])
        match(stderr, /is damaged: its file CURRENT/, part)
        strictEqual(code, 5, part)
        await cp(join(whole, part, 'CURRENT'), join(directory, part, 'CURRENT'))
        deepStrictEqual(await readAll(join(directory, part)), await readAll(join(whole, part)))
      }
    })

    it('a blockstore has something else than blocks, or a block that is another one', async () => {
      for (const key of ['/x', '/CIQAB', '/BCEKMX2BOUC76JTR3SRF33GLER755GMBMODHQ']) {
        const directory = await createDirectory()
        const db = new Level(join(directory, blockstore))
        await db.put(key, 'value')
        await db.close()
        const { code, stderr } = await runCLI(['restore', archive, '-d', directory])
        match(stderr, /How blocks are kept in .+ can not be told/)
        strictEqual(code, 6)
        await rename(join(directory, blockstore), join(directory, 'blocks'))
        strictEqual((await runCLI(['list', '-d', directory])).code, 6)
      }
    })
  })
})
