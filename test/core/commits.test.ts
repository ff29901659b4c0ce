// What is in the index of a log is reached from its heads, at every instant: whatever fails, and wherever the process ends.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { LevelStorage, MemoryStorage } from '../../src/index.ts'
import { keysOf } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { Head, Storage } from '../../src/index.ts'

interface Commits {
  commit: (entries: { heads: Head[], hashes: Iterable<string>, connected?: Iterable<string>, remove?: Iterable<string> }) => Promise<void>
  settle: () => Promise<void>
  snapshot: () => Promise<{ heads: Head[], hashes: AsyncGenerator<string[]> }>
}

// Not part of what OrbitDB exports
const { default: createCommits } = await import('@orbitdb/core/src/oplog/commits.js' as string)
const { default: createHeads } = await import('@orbitdb/core/src/oplog/heads.js' as string)

/** A write that fails: before it writes, or when it has written. */
interface Fault {
  /** How many writes are done before */
  after: number
  isWritten: boolean
  /** How many writes fail */
  times: number
  /** Whether the process ends there */
  isKill: boolean
}

const write = ['put', 'putMany', 'del', 'clear'] as const

/** The stores of a log, whose entries are named by numbers, and whose writes can be made to fail. */
const createStores = async (isAtomic: boolean, onWrite: (done: () => Promise<void>) => Promise<void>) => {
  const wrap = async (): Promise<{ stored: Storage<any>, storage: Storage<any> }> => {
    const stored = await MemoryStorage<any>()
    const storage: Storage<any> = { ...stored }
    if (isAtomic) {
      storage.putMany = async entries => {
        const pairs = [...entries]
        await onWrite(async () => {
          for (const pair of pairs) await stored.put(...pair)
        })
      }
    }
    for (const name of write) {
      if (name !== 'putMany') {
        storage[name] = (...args: any[]) => onWrite(() => (stored[name] as any)(...args))
      }
    }
    return { stored, storage }
  }
  return { heads: await wrap(), index: await wrap() }
}

type Stores = Awaited<ReturnType<typeof createStores>>

const openLog = async ({ heads, index }: Stores): Promise<Commits> => {
  return createCommits({ heads: await createHeads({ storage: heads.storage }), headsStorage: heads.storage, indexStorage: index.storage })
}

const headsIn = async ({ heads }: Stores): Promise<Head[]> => {
  const bytes = await heads.stored.get('heads')
  return bytes == null ? [] : JSON.parse(new TextDecoder().decode(bytes))
}

describe('Commits', () => {
  const { createDirectory } = useReplicas()

  /** The entries that are before others */
  const nexts = new Map<string, string[]>()

  const reachedIn = async (stores: Stores): Promise<string[]> => {
    const reached = new Set((await headsIn(stores)).map(({ hash }) => hash))
    for (const hash of reached) {
      nexts.get(hash)!.forEach(next => reached.add(next))
    }
    return [...reached].sort()
  }

  for (const isAtomic of [true, false]) {
    it(`leave nothing in the index that no head reaches, with storages ${isAtomic ? 'that write many at once' : 'that write one by one'}`, async () => {
      const fault = fc.record({ after: fc.nat(12), isWritten: fc.boolean(), times: fc.integer({ min: 1, max: 4 }), isKill: fc.boolean() })
      const commit = fc.record({ length: fc.integer({ min: 1, max: 5 }), branches: fc.integer({ min: 1, max: 3 }), isConnected: fc.boolean(), fault: fc.option(fault) })

      await fc.assert(fc.asyncProperty(fc.array(commit, { minLength: 1, maxLength: 6 }), async steps => {
        nexts.clear()
        let planned: Fault | undefined
        let isDead = false
        const assertIsReached = async (): Promise<void> => {
          const reached = new Set(await reachedIn(stores))
          deepStrictEqual((await keysOf(stores.index.stored)).filter(hash => !reached.has(hash)), [])
        }
        const stores = await createStores(isAtomic, async done => {
          if (isDead) {
            throw new Error('killed')
          }
          if (planned != null && planned.after-- <= 0 && planned.times-- > 0) {
            const { isWritten, isKill } = planned
            isDead = isKill
            if (isWritten) await done()
            await assertIsReached()
            throw new Error(isKill ? 'killed' : 'full')
          }
          await done()
          await assertIsReached()
        })

        let log = await openLog(stores)
        let expected: string[] = []
        for (const [i, { length, branches, isConnected, fault }] of steps.entries()) {
          await log.settle()
          const before = isConnected ? (await headsIn(stores)).map(({ hash }) => hash) : []
          const hashes: string[] = []
          const heads: Head[] = []
          for (let branch = 0; branch < branches; branch++) {
            let next = before
            for (let j = 0; j < length; j++) {
              const hash = `${i}-${branch}-${j}`
              nexts.set(hash, next)
              hashes.push(hash)
              next = [hash]
              if (j === length - 1) heads.push({ hash, next: nexts.get(hash)! })
            }
          }

          planned = fault == null ? undefined : { ...fault }
          const isCommitted = await log.commit({ heads, hashes, connected: hashes.flatMap(hash => nexts.get(hash)!) }).then(() => true, () => false)
          if (isDead) {
            planned = undefined
            isDead = false
            log = await openLog(stores)
          }
          planned = undefined
          const reached = await reachedIn(stores)
          const after = [...expected, ...hashes].sort()
          ok(isCommitted ? String(reached) === String(after) : [expected, after].some(one => String(one) === String(reached)), 'all of it is in the log, or nothing')
          await log.settle()
          expected = await reachedIn(stores)
        }

        log = await openLog(stores)
        await log.settle()
        deepStrictEqual((await keysOf(stores.heads.stored)).filter(key => key !== 'heads'), [])
        deepStrictEqual(await reachedIn(stores), expected)
        if (isAtomic) {
          deepStrictEqual(await keysOf(stores.index.stored), expected)
        }
      }), { numRuns: 1000 })
    })
  }

  it('can be of very many entries, and are completed from the note of them', async () => {
    let isFull = false
    const stores = await createStores(true, async done => {
      if (isFull) throw new Error('full')
      await done()
    })
    const log = await openLog(stores)
    const count = 25_000
    const hashes = { * [Symbol.iterator] () { for (let i = 0; i < count; i++) yield `hash ${i}` } }
    const heads = Array.from({ length: 3000 }, (_, i) => ({ hash: `hash ${i}`, next: [`hash ${i + 3000}`] }))
    const { putMany } = stores.index.storage
    stores.index.storage.putMany = async () => { isFull = true; throw new Error('full') }
    await log.commit({ heads, hashes })
    stores.index.storage.putMany = putMany
    deepStrictEqual(await keysOf(stores.heads.stored), ['heads', 'import', 'import/0', 'import/1', 'import/2'])

    const snapshot = await log.snapshot()
    let exported = 0
    for await (const hashes of snapshot.hashes) {
      ok(hashes.every(hash => hash.startsWith('hash ')))
      exported += hashes.length
    }
    strictEqual(exported, count)

    isFull = false
    await openLog(stores)
    strictEqual((await keysOf(stores.index.stored)).length, count)
    strictEqual((await headsIn(stores)).length, 3000)
    deepStrictEqual(await keysOf(stores.heads.stored), ['heads'])
  })

  it('leave no room taken by the note of many', async () => {
    const directory = await createDirectory()
    const headsStorage = await LevelStorage({ path: directory })
    const log: Commits = await createCommits({ heads: await createHeads({ storage: headsStorage }), headsStorage, indexStorage: await MemoryStorage() })
    const hashes = Array.from({ length: 100_000 }, () => randomBytes(24).toString('hex'))
    await log.commit({ heads: [{ hash: hashes[0], next: [] }], hashes })
    await headsStorage.close()
    const sizes = await Promise.all((await readdir(directory)).map(async name => (await stat(join(directory, name))).size))
    ok(sizes.reduce((sum, size) => sum + size) < 1e6, `the note had 4.9 MB, and there are ${sizes.join()}`)
    const again = await LevelStorage({ path: directory })
    deepStrictEqual(await keysOf(again), ['heads'])
    await again.close()
  })

  it('take out of the index what is not in the log', async () => {
    const stores = await createStores(true, done => done())
    const log = await openLog(stores)
    await log.commit({ heads: [{ hash: 'b', next: ['a'] }], hashes: ['a', 'b'] })
    await stores.index.stored.put('lost', true)
    await log.commit({ heads: [{ hash: 'c', next: ['b'] }], hashes: ['c'], connected: ['b'], remove: ['lost'] })
    deepStrictEqual(await keysOf(stores.index.stored), ['a', 'b', 'c'])
    deepStrictEqual((await headsIn(stores)).map(({ hash }) => hash), ['c'])
  })
})
