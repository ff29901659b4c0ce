// Sources that give blocks in odd orders, several of them, only a part of them, or nothing at all.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import { archive, hashesOf, readCar, writeCar } from '../../helpers/archives.ts'
import { read } from '../../helpers/backups.ts'
import { createBlock } from '../../helpers/forgery.ts'
import { useReplicas } from '../../helpers/replicas.ts'
import { readAhead } from '../../../src/archive/sources/ahead.ts'
import { openSource } from '../../../src/archive/sources/index.ts'
import { createBackup, defaultLimits, inspectBackup, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../../src/index.ts'
import type { CarBlock } from '../../helpers/archives.ts'
import type { Database, Events } from '../../../src/index.ts'

describe('A source', () => {
  const { createReplica } = useReplicas()

  let bytes: Uint8Array
  let roots: Awaited<ReturnType<typeof readCar>>['roots']
  let blocks: CarBlock[]
  let contents: Awaited<ReturnType<typeof read>>

  before(async () => {
    const { orbitdb, stop } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events' }) as Events
    for (let i = 0; i < 150; i++) await db.add(i)
    contents = await read(db)
    bytes = await archive(db)
    ;({ roots, blocks } = await readCar(bytes))
    await stop()
  })

  const stream = async function * (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
  }

  describe('whose blocks come before it is known what they are', () => {
    const limits = { earlyBytes: 50_000 }

    it('is read again where that is possible, and refused where it is not', async () => {
      const reversed = await writeCar(roots, blocks.toReversed())
      const { orbitdb } = await createReplica()
      await rejects(restoreBackup(orbitdb, stream(reversed), { limits }), { name: 'LimitExceededError', limit: 'earlyBytes', message: /Read it from a file/ })
      await rejects(verifyBackup(stream(reversed), { limits }), { limit: 'earlyBytes' })
      for (const source of [reversed, new Blob([reversed as BlobPart])]) {
        strictEqual((await verifyBackup(source, { limits })).ok, true)
      }
      deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, new Blob([reversed as BlobPart]), { limits })), contents)
      strictEqual((await verifyBackup(stream(reversed))).ok, true)
    })

    it('fails each time where it can not be read again', async () => {
      const reversed = await writeCar(roots, blocks.toReversed())
      const source = await openSource(reversed, { limits: defaultLimits })
      const ahead = readAhead(source, { limits: { ...defaultLimits, earlyBytes: 100 }, openRandomAccess: async () => { throw new Error('It is gone') } })
      for (let time = 0; time < 2; time++) {
        await rejects(all(ahead.getMany([roots[0].multihash.bytes])), /It is gone/)
      }
      await ahead.close()
    })

    it('is no problem when these are many small ones', async () => {
      const foreign = await Promise.all(Array.from({ length: 2000 }, (_, i) => createBlock(i)))
      const forged = await writeCar(roots, [...foreign, ...blocks])
      const { ok: isValid, extra } = await verifyBackup(stream(forged))
      deepStrictEqual([isValid, extra], [true, foreign.length])
      await rejects(verifyBackup(stream(forged), { limits }), { limit: 'earlyBytes' })
      strictEqual((await verifyBackup(forged, { limits })).ok, true)
    })
  })

  describe('of the parts of an archive', () => {
    const partsOf = async (count: number, isNamed: (i: number) => boolean): Promise<Uint8Array[]> => {
      const length = Math.ceil(blocks.length / count)
      return Promise.all(Array.from({ length: count }, (_, i) => writeCar(isNamed(i) ? roots : [], blocks.slice(i * length, (i + 1) * length))))
    }

    it('is put together, in any order, when one of them names the root', async () => {
      const parts = await partsOf(5, i => i === 4)
      for (const sources of [parts, parts.toReversed(), [...parts, parts[2]], parts.map(stream)]) {
        strictEqual((await verifyBackup({ sources })).ok, true)
      }
      const { orbitdb } = await createReplica()
      deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, { sources: parts })), contents)
      await rejects(restoreBackup(orbitdb, { sources: parts.slice(1) }), { name: 'TruncatedArchiveError' })
    })

    it('needs the root when none of them names it', async () => {
      const parts = await partsOf(3, () => false)
      await rejects(verifyBackup({ sources: parts }), { name: 'WrongRootError', code: 'root-required' })
      const { root } = await inspectBackup(bytes)
      strictEqual((await verifyBackup({ sources: parts }, { root })).ok, true)
      const { orbitdb } = await createReplica()
      deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, { sources: parts }, { root: roots[0] })), contents)
    })
  })

  it('of several archives is all of them, or the one that is asked for', async () => {
    const { orbitdb } = await createReplica()
    const other = await orbitdb.open('other', { type: 'events' }) as Events
    await other.add('value')
    const ofOther = await archive(other)
    const { root } = await inspectBackup(ofOther)
    const { orbitdb: another } = await createReplica()
    const restored = await restoreBackup<Database[]>(another, { sources: [bytes, ofOther] })
    deepStrictEqual(restored.map(({ name }) => name).sort(), ['database', 'other'])
    const { orbitdb: third } = await createReplica()
    strictEqual((await restoreBackup<Database>(third, { sources: [bytes, ofOther] }, { root })).name, 'other')
    await rejects(restoreBackup(third, { sources: [] }), TypeError)
  })

  it('is restored in part: databases by their names or addresses, with those of their access controllers', async () => {
    const { orbitdb } = await createReplica()
    const a = await orbitdb.open('a', { type: 'events', AccessController: OrbitDBAccessController() }) as Events
    const b = await orbitdb.open('b', { type: 'events' }) as Events
    const twin = await orbitdb.open('b', { type: 'keyvalue' }) as Database
    for (const db of [a, b]) await db.add('value')
    const archived = await archive([a, b, twin])
    // In the order of its links every shared block comes before the snapshots
    const { roots, blocks } = await readCar(archived)
    const byLinks = await writeCar(roots, [...blocks.slice(0, 1), ...blocks.slice(1).filter(({ cid }) => cid.code === 0x55), ...blocks.slice(1).filter(({ cid }) => cid.code !== 0x55)])
    await restoreBackup<Events>((await createReplica()).orbitdb, byLinks, { databases: ['a'] })
    for (const [names, expected] of [[['a'], a], [[b.address], b]] as Array<[string[], Events]>) {
      const replica = await createReplica()
      const restored = await restoreBackup<Events>(replica.orbitdb, archived, { databases: names })
      deepStrictEqual([restored.address, await hashesOf(restored)], [expected.address, await hashesOf(expected)])
      const { hash } = (await (expected === a ? b : a).log.values())[0]
      strictEqual(await restored.log.storage.get(hash, undefined, { offline: true }), undefined)
    }
    const replica = await createReplica()
    await rejects(restoreBackup(replica.orbitdb, archived, { databases: ['b'] }), (error: Error & { code: string }) => {
      deepStrictEqual([error.name, error.code], ['DatabaseNotFoundError', 'database-ambiguous'])
      ok(error.message.includes(b.address) && error.message.includes(twin.address))
      return true
    })
    await rejects(restoreBackup(replica.orbitdb, archived, { databases: ['c'] }), { code: 'database-not-found' })
  })

  it('that stalls, and does not answer when it is left, holds nobody up who aborts', async () => {
    const { orbitdb } = await createReplica()
    const never = new Promise<never>(() => {})
    for (const start of [new Uint8Array(), bytes.subarray(0, 5000)]) {
      for (const use of [
        (source: AsyncIterable<Uint8Array>, signal: AbortSignal) => restoreBackup(orbitdb, source, { signal }),
        (source: AsyncIterable<Uint8Array>, signal: AbortSignal) => verifyBackup(source, { signal }),
        (source: AsyncIterable<Uint8Array>, signal: AbortSignal) => inspectBackup({ sources: [source] }, { signal, root: roots[0] })
      ]) {
        let isFirst = start.length > 0
        const source: AsyncIterable<Uint8Array> = {
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              if (!isFirst) return never
              isFirst = false
              return { done: false, value: start.subarray(0, 100) }
            },
            return: () => never
          })
        }
        const controller = new AbortController()
        const using = use(source, controller.signal)
        setTimeout(() => controller.abort(), 20)
        await rejects(using, { name: 'AbortError' })
      }
    }
  })

  it('may use the memory of its chunks again', async () => {
    const source = async function * (): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(700)
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const chunk = bytes.subarray(at, at + buffer.length)
        buffer.set(chunk)
        yield buffer.subarray(0, chunk.length)
      }
    }
    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, source())), contents)
  })

  it('of a backup that is being created is read as it is written', async () => {
    const { orbitdb } = await createReplica()
    const db = await restoreBackup<Events>(orbitdb, bytes)
    const another = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Events>(another.orbitdb, createBackup(db).stream())), contents)
  })
})
