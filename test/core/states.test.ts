import { deepStrictEqual, throws } from 'node:assert/strict'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import all from 'it-all'
import { assertRestores, backUp, putBlocks, read } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { KeyValue } from '../../src/index.ts'

describe('A state that is sent to a worker', () => {
  const { createReplica } = useReplicas()

  it('is refused as it is, and is restored when its index and blocks are arrays', async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open<KeyValue>('settings', { type: 'keyvalue', sync: false })
    for (let i = 0; i < 10; i++) await db.put(`key ${i % 3}`, i)
    const state = await db.export()
    throws(() => structuredClone(state), { name: 'DataCloneError' })

    const { port1, port2 } = new MessageChannel()
    port1.postMessage({ ...state, index: [...state.index], blocks: await all(state.blocks) })
    const [sent] = await once(port2, 'message') as [CollectedState & { index: string[] }]
    port1.close()
    const { contents } = await backUp(replica, db)
    await assertRestores({ createReplica }, { state: sent, contents })

    const other = await createReplica()
    await putBlocks(other.orbitdb, sent)
    const { heads, index } = sent
    deepStrictEqual(await read(await other.orbitdb.open<KeyValue>(db.address, { restore: { heads, index }, sync: false })), contents)
  })
})
