import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Import', function () {
  let identity1, identity2
  let log1, log2

  const hashes = async (log) => (await log.values()).map(({ hash }) => hash).sort()
  const heads = async (log) => (await log.heads()).map(({ hash }) => hash).sort()

  const blocksOf = async (log) => {
    const blocks = []
    for (const { hash } of await log.values()) {
      blocks.push([hash, await log.storage.get(hash)])
    }
    return blocks
  }

  const exportLog = async (log) => ({ ...await log.export(), blocks: await blocksOf(log) })

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  beforeEach(async () => {
    log1 = await Log(identity1, { logId: 'A' })
    log2 = await Log(identity2, { logId: 'A' })
    for (let i = 0; i < 10; i++) {
      await log1.append(`hello${i}`, { referencesCount: 2 })
    }
  })

  it('imports a log', async () => {
    const { added, mended } = await log2.import(await exportLog(log1))

    deepStrictEqual({ added, mended }, { added: 10, mended: 0 })
    deepStrictEqual(await hashes(log2), await hashes(log1))
    deepStrictEqual(await heads(log2), await heads(log1))
  })

  it('takes blocks in any order', async () => {
    const state = await exportLog(log1)
    state.blocks.reverse()
    await log2.import(state)

    deepStrictEqual(await hashes(log2), await hashes(log1))
  })

  it('is the union of both logs then', async () => {
    await log2.append('mine')
    const before = await hashes(log2)
    await log2.import(await exportLog(log1))

    deepStrictEqual(await hashes(log2), [...before, ...await hashes(log1)].sort())
    strictEqual((await log2.heads()).length, 2)
  })

  it('changes nothing when it is imported again, or when it is older', async () => {
    const older = await exportLog(log1)
    await log1.append('newer')
    await log2.import(await exportLog(log1))
    const before = await heads(log2)

    strictEqual((await log2.import(await exportLog(log1))).added, 0)
    strictEqual((await log2.import(older)).added, 0)
    deepStrictEqual(await heads(log2), before)
  })

  it('follows the heads where there is no index', async () => {
    const { heads, blocks } = await exportLog(log1)
    await log2.import({ heads, blocks })

    deepStrictEqual(await hashes(log2), await hashes(log1))
  })

  it('imports all of a state or nothing', async () => {
    const state = await exportLog(log1)
    const [left] = state.blocks.splice(4, 1)

    await rejects(log2.import(state), { name: 'MissingBlockError', hash: left[0] })
    strictEqual((await log2.export()).index.size, 0)
    deepStrictEqual(await log2.heads(), [])

    await log2.import({ ...state, blocks: [left, ...state.blocks] })
    deepStrictEqual(await hashes(log2), await hashes(log1))
  })

  it('refuses bytes that do not match their hash', async () => {
    const state = await exportLog(log1)
    state.blocks[4][1] = state.blocks[5][1]

    await rejects(log2.import(state), { name: 'InvalidBlockError', hash: state.blocks[4][0] })
    deepStrictEqual(await log2.heads(), [])
  })

  it('refuses entries of another log', async () => {
    const other = await Log(identity2, { logId: 'B' })

    await rejects(other.import(await exportLog(log1)), { name: 'InvalidEntryError', code: 'entry-foreign' })
    deepStrictEqual(await other.heads(), [])
  })

  it('asks the access controller, unless it is told not to', async () => {
    const denying = await Log(identity2, { logId: 'A', access: { canAppend: async () => false } })

    await rejects(denying.import(await exportLog(log1)), { name: 'AccessDeniedError', code: 'access-denied' })
    deepStrictEqual(await denying.heads(), [])

    await denying.import(await exportLog(log1), { verify: 'signatures' })
    deepStrictEqual(await hashes(denying), await hashes(log1))
  })

  it('mends what the log had lost', async () => {
    const headsStorage = await MemoryStorage()
    const log = await Log(identity2, { logId: 'A', headsStorage })
    await log.import(await exportLog(log1))
    const before = await headsStorage.get('heads')
    await log1.append('more')
    await log1.append('and more')
    await log.import(await exportLog(log1))

    // Its heads are as they were
    await headsStorage.put('heads', before)
    const { added, mended } = await log.import(await exportLog(log1))

    deepStrictEqual({ added, mended }, { added: 0, mended: 2 })
    deepStrictEqual(await hashes(log), await hashes(log1))
    deepStrictEqual(await heads(log), await heads(log1))
  })

  it('tells a storage which value was stored before all that it persists', async () => {
    const state = await exportLog(log1)
    const witness = (await log1.values())[0].hash
    const witnesses = []
    const entryStorage = {
      ...await MemoryStorage(),
      persistMany: async (hashes, signal, options) => {
        witnesses.push(options.witness)
        return hashes
      }
    }
    const log = await Log(identity2, { logId: 'A', entryStorage })
    await log.import({ ...state, witness })
    // Of a log that has entries already, others may be older
    await log.import({ ...state, witness })

    deepStrictEqual(witnesses, [witness, undefined])
  })

  it('stops when it is aborted', async () => {
    const reason = new Error('Enough')
    const controller = new AbortController()
    const state = await exportLog(log1)
    const blocks = async function * () {
      yield state.blocks[0]
      controller.abort(reason)
      await new Promise(() => {})
    }

    await rejects(log2.import({ ...state, blocks: blocks() }, { signal: controller.signal }), reason)
    deepStrictEqual(await log2.heads(), [])
  })

  it('tells its progress', async () => {
    const events = []
    await log2.import(await exportLog(log1), { onProgress: ({ type, detail }) => events.push([type, detail]) })

    deepStrictEqual(events.pop(), ['orbitdb:import:progress', { done: 10, total: 10 }])
  })
})
