// After a full disk, LevelDB goes on behind a record that it wrote a part of, and loses what it says it stored: so
// nothing is written then, before the store is opened again.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guardWrites } from '../../src/core/guard-writes.ts'
import { IPFSBlockStorage, LevelStorage } from '../../src/index.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { keysOf } from '../helpers/logs.ts'
import { createNode } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { FullDiskJob, FullDiskReport } from '../helpers/full-disk.ts'
import type { Head } from '../../src/index.ts'

const script = fileURLToPath(import.meta.resolve('../helpers/full-disk.ts'))

/** Runs a job in a process whose files can not grow over some kilobytes. */
async function runOnFullDisk (job: FullDiskJob): Promise<FullDiskReport> {
  const command = 'trap "" XFSZ; ulimit -S -f 400; exec "$0" "$@"'
  const child = spawn('sh', ['-c', command, process.execPath, script, JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [[report]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  return report as FullDiskReport
}

describe('A storage in which a write failed', function () {
  const { createDirectory } = useReplicas()

  before(function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      this.skip() // Limits the sizes of files on Linux only
    }
  })

  const assertIsRefused = ({ errors, before, after, isReadable }: FullDiskReport): void => {
    ok(before.length > 3)
    deepStrictEqual(after, [])
    ok(errors.length >= 11)
    for (const { name, code, message } of errors) {
      deepStrictEqual({ name, code }, { name: 'StorageFailedError', code: 'storage-failed' })
      match(message, /^Could not write to .*IO error.*close it and open it again$/)
    }
    ok(isReadable)
  }

  for (const store of ['put', 'putMany'] as const) {
    it(`by ${store} has all that it stored when it is opened again, and takes nothing before`, async () => {
      const directory = await createDirectory()
      const report = await runOnFullDisk({ directory, store })
      assertIsRefused(report)

      const storage = await LevelStorage({ path: directory })
      for (const key of report.before) {
        ok(await storage.get(key) != null, `${key} is there`)
      }
      await storage.put('later', new Uint8Array(3000))
      await storage.close()
      const again = await LevelStorage({ path: directory })
      strictEqual((await again.get('later'))?.length, 3000)
      await again.close()
    })
  }

  for (const store of ['blocks', 'many blocks'] as const) {
    it(`of a node has all blocks that it stored when it is started again, and takes nothing before: ${store}`, async () => {
      const directory = await createDirectory()
      const report = await runOnFullDisk({ directory, store })
      assertIsRefused(report)

      const ipfs = await createNode(directory)
      const storage = await IPFSBlockStorage({ ipfs })
      const pins = await pinsOf(ipfs)
      for (const hash of report.before) {
        ok(await storage.get(hash, undefined, { offline: true }) != null, `${hash} is there`)
        ok(pins.includes(hash), `${hash} is pinned`)
      }
      await ipfs.stop()
    })
  }

  it('of the heads and the index of a database has all that was added when it is opened again, and takes nothing before', async () => {
    const directory = await createDirectory()
    const { before, after, errors } = await runOnFullDisk({ directory, store: 'database' })
    deepStrictEqual(after, [])
    strictEqual(errors.at(-1)!.code, 'storage-failed')

    const [name] = await readdir(join(directory, 'orbitdb', 'orbitdb'))
    const openStorage = (kind: string) => LevelStorage<any>({ path: join(directory, 'orbitdb', 'orbitdb', name, 'log', kind) })
    const [headsStorage, indexStorage] = [await openStorage('_heads'), await openStorage('_index')]
    const indexed = new Set(await keysOf(indexStorage))
    const heads: Head[] = JSON.parse(new TextDecoder().decode(await headsStorage.get('heads')))
    await headsStorage.close()
    await indexStorage.close()
    deepStrictEqual(before.filter(hash => !indexed.has(hash)), [])
    deepStrictEqual(heads.map(({ hash }) => hash), [before.at(-1)])
  })

  describe('as guardWrites finds out', () => {
    const failure = Object.assign(new Error('IO error: 000003.log: No space left on device'), { code: 'LEVEL_IO_ERROR' })
    const fail = async (error: Error): Promise<never> => { throw error }
    const resultOf = async (promise: Promise<unknown>): Promise<unknown> => promise.catch(error => error.code ?? error.message)

    it('is refused for what is written at the same time, too', async () => {
      const store = {}
      const allowed = Promise.withResolvers<string>()
      const writing = guardWrites(store, 'it', () => allowed.promise)
      strictEqual(await resultOf(guardWrites(store, 'it', () => fail(failure))), 'storage-failed')
      allowed.resolve('stored')
      strictEqual(await resultOf(writing), 'storage-failed')
    })

    it('is not refused for other errors, and others are not', async () => {
      const store = {}
      for (const error of [new Error('aborted'), Object.assign(new Error('not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' })]) {
        strictEqual(await resultOf(guardWrites(store, 'it', () => fail(error))), (error as any).code ?? error.message)
      }
      strictEqual(await guardWrites(store, 'it', async () => 'stored'), 'stored')
      await resultOf(guardWrites(store, 'it', () => fail(failure)))
      strictEqual(await guardWrites({}, 'another', async () => 'stored'), 'stored')
    })

    it('is refused for what a blockstore and a datastore make of the error', async () => {
      const store = {}
      strictEqual(await resultOf(guardWrites(store, 'it', () => fail(Object.assign(new Error(`Error: ${failure.message}`), { name: 'PutFailedError' })))), 'storage-failed')
    })
  })
})
