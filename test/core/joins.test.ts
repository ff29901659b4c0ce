import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import sinon from 'sinon'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { Log as LogType, Storage } from '../../src/index.ts'

describe('Joins at once', () => {
  const { createReplica } = useReplicas()

  afterEach(() => sinon.restore())

  const createIdentity = async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    return (await Identities({ keystore, storage: await MemoryStorage() })).createIdentity({ id: 'writer' })
  }

  it('have no signal that many listen to, as platforms warn of that', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { sync: false })
    // Each of a log of its own, as its first entry is nowhere
    const heads: Uint8Array[] = []
    for (let i = 0; i < 50; i++) {
      const log = await Log(orbitdb.identity, { logId: db.address })
      await log.append(i)
      const { hash } = await log.append('head')
      heads.push((await log.storage.get(hash)) as Uint8Array)
    }
    let most = 0
    const { addEventListener } = AbortSignal.prototype
    sinon.replace(AbortSignal.prototype, 'addEventListener', function (this: AbortSignal, ...args: any[]) {
      addEventListener.apply(this, args as any)
      most = Math.max(most, getEventListeners(this, 'abort').length)
    })
    const joining = heads.map(async bytes => rejects(db.log.joinEntry(bytes), { code: 'log-closed' }))
    await new Promise(resolve => setTimeout(resolve, 200))
    await db.close()
    await Promise.all(joining)
    strictEqual(most < 11, true, `${most} listeners`)
  })

  for (const method of ['put', 'persist'] as const) {
    for (const end of ['close', 'clear'] as const) {
      it(`write nothing once the log is ${end === 'close' ? 'closed' : 'cleared'}, also where that is while they ${method}`, async () => {
        const identity = await createIdentity()
        const other: LogType = await Log(identity, { logId: 'log' })
        for (let i = 0; i < 5; i++) await other.append(i)
        const storage = await MemoryStorage()
        const calls: string[] = []
        let reached: () => void
        let release: () => void
        const isReached = new Promise<void>(resolve => { reached = resolve })
        const isReleased = new Promise<void>(resolve => { release = resolve })
        const gate = (name: string) => async (...args: any[]) => {
          calls.push(name)
          if (name === method) {
            reached()
            await isReleased
          }
          if (name === 'put') await (storage.put as any)(...args)
        }
        const entryStorage = { ...storage, put: gate('put'), persist: gate('persist'), close: async () => { calls.push('close') }, clear: async () => { calls.push('clear') } } as Storage
        entryStorage.get = async hash => await storage.get(hash) ?? other.storage.get(hash)
        const log = await Log(identity, { logId: 'log', entryStorage })
        const [head] = await other.heads()
        const joining = rejects(log.joinEntry((await other.storage.get(head.hash)) as Uint8Array), { name: 'LogClosedError' })
        await isReached
        const ending = log[end]()
        setTimeout(() => release(), 20)
        await Promise.all([joining, ending])
        await new Promise(resolve => setTimeout(resolve, 20))
        deepStrictEqual(calls, method === 'put' ? ['put', end] : ['put', 'persist', end])
      })
    }
  }
})
