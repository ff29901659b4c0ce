// The rule Union, for random logs: an import gives what joining every entry gives.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import all from 'it-all'
import { KeyValue, KeyValueIndexed } from '../../src/index.ts'
import { createCipher } from '../helpers/encryption.ts'
import { assertIsWhole, contentsOf, copyBlocks, createIdentities, createLogs, createReplicaOf, hashesOf, headForms, indexForms, keysOf, openToAll, unionOf } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Events, Log, SigningIdentity } from '../../src/index.ts'

/** Something that happens to one of three replicas: it appends, or joins another one. */
interface Step {
  to: number
  from: number
  payload: unknown
}

/** A failure is reported, with the seed to run it again, before the test times out. */
const runs = { numRuns: 30, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true }

/** What may happen to three replicas. */
const histories = <Payload> (payload: fc.Arbitrary<Payload>): fc.Arbitrary<Array<Step & { payload: Payload }>> => {
  const replica = fc.nat(2)
  const append = fc.record({ to: replica, payload }).map(step => ({ ...step, from: step.to }))
  const join = fc.record({ to: replica, from: replica, payload })
  return fc.array(fc.oneof(append, join), { maxLength: 12 })
}

const replay = async (logs: Array<Log<any>>, history: Step[]): Promise<void> => {
  for (const { to, from, payload } of history) {
    if (from === to) {
      await logs[to].append(payload, { referencesCount: 4 })
    } else {
      await logs[to].join(logs[from])
    }
  }
}

describe('Union, whatever happened before', () => {
  let writers: SigningIdentity[]

  before(async () => {
    writers = await createIdentities(['a', 'b', 'c'])
  })

  describe('of logs', () => {
    it('is what joining every entry gives', async () => {
      await fc.assert(fc.asyncProperty(
        histories(fc.nat()),
        histories(fc.nat()),
        fc.constantFrom(...Object.values(headForms)),
        fc.constantFrom(...Object.values(indexForms)),
        fc.constantFrom(true, 'signatures' as const, false),
        async (past, present, toHeads, toIndex, verify) => {
          const logs = await createLogs(writers)
          const [from, into] = logs
          await replay(logs, past)
          const older = await from.export()
          await replay(logs, present)
          const expected = await unionOf(from, into)
          const before = await keysOf(into.indexStorage)
          await copyBlocks(from, into)

          const state = { heads: toHeads(await from.heads()), index: toIndex(await keysOf(from.indexStorage)) }
          const { heads: newHeads } = await into.import(state, { verify })
          deepStrictEqual(hashesOf(newHeads), expected.heads.filter(hash => !before.includes(hash)))
          deepStrictEqual(await contentsOf(into), expected)
          await assertIsWhole(into)

          for (const state of [await from.export(), older]) {
            deepStrictEqual(await into.import(state, { verify }), { heads: [], added: 0, mended: 0 })
          }
          deepStrictEqual(await contentsOf(into), expected)
        }
      ), runs)
    })

    it('is the same when several states are imported at once, while the log is written to', async () => {
      await fc.assert(fc.asyncProperty(histories(fc.nat()), histories(fc.nat()), async (past, present) => {
        const logs = await createLogs(writers)
        const [into, from, joined] = logs
        await replay(logs, past)
        const older = await from.export()
        await replay(logs, present)
        const index = new Set((await Promise.all(logs.map(({ indexStorage }) => keysOf(indexStorage)))).flat())
        await copyBlocks(from, into)
        await copyBlocks(joined, into)

        const write = async () => {
          index.add((await into.append('first')).hash)
          await into.join(joined)
          index.add((await into.append('second')).hash)
        }
        await Promise.all([into.import(older), into.import(await from.export()), write(), into.import(await joined.export())])
        deepStrictEqual(await keysOf(into.indexStorage), [...index].sort())
        await assertIsWhole(into)
      }), runs)
    })

    it('has the same heads and index without the keys to read the entries', async () => {
      const cipher = await createCipher()
      await fc.assert(fc.asyncProperty(histories(fc.nat()), histories(fc.nat()), async (past, present) => {
        const logs = await createLogs(writers, { encryption: { replication: cipher } })
        const exportAll = () => Promise.all(logs.map(log => log.export()))
        await replay(logs, past)
        const older = await exportAll()
        await replay(logs, present)
        const newer = await exportAll()
        const { heads, index } = await unionOf(...logs)

        const [into] = await createLogs(writers)
        for (const log of logs) {
          await copyBlocks(log, into)
        }
        for (const state of [...older, ...newer, ...older]) {
          await into.import(state, { verify: false })
        }
        const { heads: actualHeads, index: actualIndex } = await into.export()
        deepStrictEqual(hashesOf(actualHeads), heads)
        deepStrictEqual([...actualIndex.keys()].sort(), index)
      }), runs)
    })
  })

  describe('of databases', () => {
    const { createReplica } = useReplicas()

    it('is what joining every entry gives', async () => {
      const [here, there] = [await createReplica(), await createReplica()]
      let run = 0
      await fc.assert(fc.asyncProperty(histories(fc.nat()), histories(fc.nat()), fc.nat(3), async (past, present, own) => {
        const from = await there.orbitdb.open(`random ${run++}`, { type: 'events', ...openToAll() })
        const logs = [from.log, await createReplicaOf(from, there, 'b'), await createReplicaOf(from, there, 'c')]
        await replay(logs, past)
        const into = await here.orbitdb.import<Events>(await from.export(), { sync: false })
        for (let i = 0; i < own; i++) {
          await into.add(i)
        }
        await replay(logs, present)
        const expected = await unionOf(from.log, into.log)

        await into.import(await from.export())
        deepStrictEqual(await contentsOf(into.log), expected)
        await into.close()
        const reopened = await here.orbitdb.open(from.address, { sync: false })
        deepStrictEqual(await contentsOf(reopened.log), expected)
        await assertIsWhole(reopened.log)
        await reopened.close()
        await from.close()
      }), { ...runs, numRuns: 10 })
    })
  })

  describe('of databases with KeyValueIndexed', () => {
    const { createReplica } = useReplicas()
    const keys = [...'abcdefgh']
    let replica: Replica

    const open = async (name: string) => {
      return replica.orbitdb.open(name, { Database: KeyValueIndexed(), ...openToAll() })
    }

    /** Fails unless the index of a database answers as KeyValue does, which reads the log. */
    const assertIsIndexed = async ({ log, get, iterator, all: values, ...db }: Awaited<ReturnType<typeof open>>) => {
      const { headsStorage, indexStorage, storage: entryStorage } = log
      const keyValue = await KeyValue()({ ...db, ipfs: replica.ipfs, headsStorage, indexStorage, entryStorage, syncAutomatically: false })
      const records = await keyValue.all()
      deepStrictEqual(await values(), records)
      deepStrictEqual(new Set(await all(iterator())), new Set(records))
      for (const key of keys) {
        strictEqual(await get(key), await keyValue.get(key))
      }
    }

    beforeEach(async () => {
      replica = await createReplica()
    })

    it('has the records of all new heads, also of one that is older than what is there', async () => {
      for (const order of [[0, 1], [1, 0]]) {
        const db = await open(`heads ${order}`)
        const [other, stale] = [await createReplicaOf(db, replica, 'other'), await createReplicaOf(db, replica, 'stale')]
        await stale.append({ op: 'PUT', key: 'a', value: 1 })
        await other.append({ op: 'PUT', key: 'b', value: 2 })
        await other.append({ op: 'PUT', key: 'c', value: 3 })
        await db.import(await other.export())
        await other.append({ op: 'PUT', key: 'd', value: 4 })
        await other.join(stale)

        const heads = await other.heads()
        await db.import({ heads: order.map(i => heads[i]) })
        await assertIsIndexed(db)
        strictEqual((await db.all()).length, 4)
      }
    })

    it('has the same records as with KeyValue, for random databases', async () => {
      let run = 0
      const put = fc.record({ op: fc.constant('PUT'), key: fc.constantFrom(...keys), value: fc.nat() })
      const del = put.map(({ key }) => ({ op: 'DEL', key, value: null }))
      await fc.assert(fc.asyncProperty(histories(fc.oneof(put, put, del)), async (history) => {
        const db = await open(`random ${run++}`)
        const logs = [db.log, await createReplicaOf(db, replica, 'b'), await createReplicaOf(db, replica, 'c')]
        for (const step of history) {
          const { to, from, payload } = step
          if (to !== 0) {
            await replay(logs, [step])
          } else if (from === 0) {
            await db.addOperation(payload)
          } else {
            await db.import(await logs[from].export())
            await assertIsIndexed(db)
          }
        }
        await logs[1].join(logs[2])
        await db.import(await logs[1].export())
        await assertIsIndexed(db)
        await db.close()
        const reopened = await open(db.address)
        await assertIsIndexed(reopened)
        await reopened.close()
      }), runs)
    })
  })
})
