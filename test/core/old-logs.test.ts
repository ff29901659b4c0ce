import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { sign } from '../attacks/forge.ts'
import { collect } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { KeyValueIndexed } from '../../src/index.ts'
import type { Fields } from '../attacks/forge.ts'
import type { Block, SigningIdentity } from '../../src/index.ts'

/** What a log can hold that was written before, or that another version took in. */
const odd: Array<[Fields, object?]> = [
  ...[null, 7, 'text', {}, { time: 1 }, { id: { toString: 1 }, time: '3' }, { id: 'x', time: 2n ** 60n }, { id: 'x', time: 2 ** 53 }, { id: 'x', time: -1 }, { id: null, time: 1.5 }]
    .map((clock): [Fields] => [{ clock }]),
  [{ payload: null }],
  [{ payload: { op: 'PUT', key: null, value: 1 } }],
  [{ payload: { op: 'PUT', key: { toString: 1 }, value: 1 } }],
  [{ v: 1 }],
  [{}, { toString: 1, hash: 'x' }],
  [{}, { _payload: { op: 'ADD', key: null, value: 'signed' }, payload: { op: 'ADD', key: null, value: 'read' } }]
]

describe('A log that holds what nobody would join today', () => {
  const { createReplica } = useReplicas()

  for (const type of ['events', 'keyvalue', 'documents', 'KeyValueIndexed']) {
    it(`is read, written to, exported and imported: ${type}`, async () => {
      const { orbitdb } = await createReplica()
      const options: any = type === 'KeyValueIndexed' ? { Database: KeyValueIndexed(), sync: false } : { type, sync: false }
      const db = await orbitdb.open<any>('database', options)
      const put = async (key: string) => type === 'events' ? db.add(key) : type === 'documents' ? db.put({ _id: key }) : db.put(key, key)
      await put('first')
      const next = (await db.log.heads()).map(({ hash }: { hash: string }) => hash)
      const entries = await Promise.all(odd.map(([fields, unsigned]) => sign(orbitdb.identity as SigningIdentity, db, { next, ...fields }, unsigned)))
      const state = {
        address: db.address,
        heads: entries.map(({ hash }) => ({ hash, next })),
        blocks: entries.map(({ hash, bytes }): Block => [hash, bytes])
      }
      deepStrictEqual(await db.import(state, { verify: false }), { added: odd.length, mended: 0 })

      strictEqual((await db.log.heads()).length, odd.length)
      strictEqual((await db.log.values()).length, odd.length + 1)
      await put('after')
      strictEqual((await db.log.heads()).length, 1)
      const time = (await db.log.heads())[0].clock.time
      ok(Number.isSafeInteger(time) && time > 0)
      const records = await db.all()
      ok(records.length >= 2)
      if (type !== 'events') {
        deepStrictEqual(records.map(({ key }: { key: string }) => key).sort(), ['after', 'first'])
      }

      const { orbitdb: other } = await createReplica()
      const copy = await other.import<any>(await collect(await db.export()), { ...options, verify: false })
      deepStrictEqual((await copy.log.values()).map(({ hash }: { hash: string }) => hash), (await db.log.values()).map(({ hash }: { hash: string }) => hash))
      deepStrictEqual(await copy.all(), records)
    })
  }
})
