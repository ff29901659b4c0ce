import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Export', function () {
  let identity1, identity2, log

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  beforeEach(async () => {
    log = await Log(identity1, { logId: 'A' })
  })

  it('exports heads and index', async () => {
    const other = await Log(identity2, { logId: 'A' })
    await log.append('one')
    await log.append('two')
    await log.joinEntry(await other.append('three'))

    const { heads, index } = await log.export()

    deepStrictEqual(heads.sort((a, b) => a.hash < b.hash ? -1 : 1), (await log.heads()).map(({ hash, next }) => ({ hash, next })).sort((a, b) => a.hash < b.hash ? -1 : 1))
    deepStrictEqual([...index.keys()].sort(), (await log.values()).map(({ hash }) => hash).sort())
  })

  it('exports an index that is an array in JSON', async () => {
    const { hash } = await log.append('one')

    const { index } = await log.export()

    strictEqual(index.size, 1)
    strictEqual(index.has(hash), true)
    deepStrictEqual(JSON.parse(JSON.stringify(index)), [hash])
  })

  it('reads the index of a snapshot as it is asked for', async () => {
    const one = await log.append('one')

    const { heads, hashes } = await log.snapshot()
    const two = await log.append('two')
    const read = []
    for await (const some of hashes) {
      read.push(...some)
    }

    deepStrictEqual(heads, [{ hash: one.hash, next: [] }])
    deepStrictEqual(read, [one.hash])
    deepStrictEqual([...(await log.export()).index.keys()].sort(), [one.hash, two.hash].sort())
  })

  it('exports an empty log', async () => {
    const { heads, index } = await log.export()

    deepStrictEqual(heads, [])
    strictEqual(index.size, 0)
  })

  it('exports one instant while others write', async () => {
    const writing = Promise.all(Array.from({ length: 50 }, (_, i) => log.append(`hello${i}`)))
    const states = await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      await new Promise(resolve => setTimeout(resolve, i))
      return log.export()
    }))
    await writing

    for (const { heads, index } of states) {
      const reached = new Set()
      const hashes = heads.map(({ hash }) => hash)
      while (hashes.length > 0) {
        const hash = hashes.pop()
        reached.add(hash)
        hashes.push(...(await log.get(hash)).next.filter(hash => !reached.has(hash)))
      }
      deepStrictEqual([...index.keys()].sort(), [...reached].sort())
    }
  })

  it('does not export a log that was closed', async () => {
    await log.close()

    await rejects(log.export(), { name: 'LogClosedError' })
    strictEqual(log.id, 'A')
  })
})
