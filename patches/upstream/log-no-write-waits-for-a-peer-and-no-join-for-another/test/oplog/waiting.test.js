import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Waiting', function () {
  let identity1, identity2
  let entryStorage

  const never = () => new Promise(() => {})

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  beforeEach(async () => {
    entryStorage = await MemoryStorage()
  })

  const createLog = () => Log(identity1, { logId: 'A', entryStorage })

  it('appends while a join waits', async () => {
    const other = await Log(identity2, { logId: 'A' })
    await other.append('one')
    const { get } = entryStorage
    const [missing] = await other.values()
    entryStorage.get = async (hash) => hash === missing.hash ? never() : get(hash)
    const log = await createLog()
    const joining = log.joinEntry(await other.append('two'))

    await log.append('mine')

    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['mine'])
    await Promise.all([
      rejects(joining, { name: 'LogClosedError', code: 'log-closed' }),
      log.close()
    ])
  })

  it('joins while another join waits', async () => {
    const other = await Log(identity2, { logId: 'A' })
    const [missing, waiting] = [await other.append('one'), await other.append('two')]
    const { get } = entryStorage
    entryStorage.get = async (hash) => hash === missing.hash ? never() : get(hash)
    const log = await createLog()
    const joining = log.joinEntry(waiting)
    const head = await (await Log(identity2, { logId: 'A' })).append('three')

    strictEqual(await log.joinEntry(head), true)

    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['three'])
    await Promise.all([
      rejects(joining, { name: 'LogClosedError', code: 'log-closed' }),
      log.close()
    ])
  })

  it('joins what waits for an entry that another join adds', async () => {
    const other = await Log(identity2, { logId: 'A' })
    const entries = [await other.append('one'), await other.append('two'), await other.append('three')]
    const { get } = entryStorage
    entryStorage.get = async (hash) => await get(hash) ?? never()
    const log = await createLog()
    const joining = [log.joinEntry(entries[2]), log.joinEntry(entries[1])]

    const joined = await log.joinEntry(entries[0])

    deepStrictEqual([...await Promise.all(joining), joined], [true, true, true])
    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['one', 'two', 'three'])
    deepStrictEqual((await log.heads()).map(({ hash }) => hash), [entries[2].hash])
  })

  it('fetches once what several joins lead to', async () => {
    const other = await Log(identity2, { logId: 'A', entryStorage })
    for (let i = 0; i < 20; i++) {
      await other.append(`hello${i}`)
    }
    const entries = await other.values()
    const { get } = entryStorage
    const got = []
    entryStorage.get = async (hash) => {
      got.push(hash)
      return get(hash)
    }
    const log = await createLog()

    const joined = await Promise.all([10, 15, 19, 10, 19].map(i => log.joinEntry(entries[i])))

    deepStrictEqual(joined, [true, true, true, false, false])
    deepStrictEqual(got.sort(), entries.slice(0, 19).filter((entry, i) => i !== 10 && i !== 15).map(({ hash }) => hash).sort())
    deepStrictEqual(await log.values(), entries)
    deepStrictEqual((await log.heads()).map(({ hash }) => hash), [entries[19].hash])
  })

  it('waits for no join that gets no further', async () => {
    const other = await Log(identity2, { logId: 'A' })
    const shared = await other.append('one')
    const aside = await Log(identity1, { logId: 'A' })
    const missing = await aside.append('nowhere')
    await aside.join(other)
    const stuck = await aside.append('stuck')
    const head = await other.append('two')
    const { get } = entryStorage
    let reach
    const isReached = new Promise(resolve => { reach = resolve })
    entryStorage.get = async (hash) => {
      if (hash !== missing.hash) {
        return get(hash)
      }
      reach()
      return never()
    }
    await entryStorage.put(shared.hash, await other.storage.get(shared.hash))
    const log = await createLog()
    const joining = log.joinEntry(stuck)
    await isReached

    strictEqual(await log.joinEntry(head), true)

    deepStrictEqual((await log.values()).map(({ payload }) => payload), ['one', 'two'])
    await Promise.all([
      rejects(joining, { name: 'LogClosedError', code: 'log-closed' }),
      log.close()
    ])
  })

  for (const method of ['put', 'persist']) {
    it(`is closed once a join has ended its ${method}, and writes nothing then`, async () => {
      const other = await Log(identity2, { logId: 'A' })
      await other.append('one')
      const head = await other.append('two')
      const calls = []
      let reach, release
      const isReached = new Promise(resolve => { reach = resolve })
      const isReleased = new Promise(resolve => { release = resolve })
      const gate = (name) => async () => {
        calls.push(name)
        if (name === method) {
          reach()
          await isReleased
        }
      }
      Object.assign(entryStorage, {
        get: other.storage.get,
        put: gate('put'),
        persist: gate('persist'),
        close: async () => { calls.push('close') }
      })
      const log = await createLog()
      const joining = rejects(log.joinEntry(head), { name: 'LogClosedError' })
      await isReached
      const closing = log.close()
      setTimeout(release, 10)

      await Promise.all([joining, closing])

      deepStrictEqual(calls, method === 'put' ? ['put', 'close'] : ['put', 'persist', 'close'])
    })
  }

  it('ends what is waiting when it is cleared, and can be used then', async () => {
    const other = await Log(identity2, { logId: 'A' })
    await other.append('one')
    const head = await other.append('two')
    const { get } = entryStorage
    entryStorage.get = async (hash) => hash === head.next[0] ? never() : get(hash)
    const log = await createLog()
    const joining = log.joinEntry(head)

    await Promise.all([
      rejects(joining, { name: 'LogClosedError', code: 'log-cleared' }),
      log.clear()
    ])
    await log.append('mine')

    strictEqual((await log.values()).length, 1)
  })
})
