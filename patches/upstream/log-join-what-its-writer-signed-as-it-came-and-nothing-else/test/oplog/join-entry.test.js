import { deepStrictEqual, rejects, strictEqual } from 'assert'
import { Entry, Identities, KeyStore, Log, MemoryStorage } from '../../src/index.js'

describe('Log - Joining entries', function () {
  let identities, identity1, identity2
  let log1, log2, entries1

  const hashes = async (log) => (await log.values()).map(({ hash }) => hash)

  before(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    identities = await Identities({ keystore })
    identity1 = await identities.createIdentity({ id: 'userA' })
    identity2 = await identities.createIdentity({ id: 'userB' })
  })

  beforeEach(async () => {
    entries1 = await MemoryStorage()
    log1 = await Log(identity1, { logId: 'A', entryStorage: entries1 })
    log2 = await Log(identity2, { logId: 'A', entryStorage: entries1 })
    for (let i = 0; i < 5; i++) {
      await log1.append(`hello${i}`)
    }
  })

  it('joins the bytes of an entry, and what it leads to', async () => {
    const [{ hash }] = await log1.heads()

    strictEqual(await log2.joinEntry(await entries1.get(hash)), true)
    deepStrictEqual(await hashes(log2), await hashes(log1))
    strictEqual(await log2.joinEntry(await entries1.get(hash)), false)
  })

  it('stores an entry as it came', async () => {
    const [head] = await log1.heads()
    const bytes = await entries1.get(head.hash)
    const storage = { ...await MemoryStorage(), get: entries1.get }
    const puts = []
    storage.put = async (hash, bytes) => { puts.push([hash, bytes]) }
    log2 = await Log(identity2, { logId: 'A', entryStorage: storage })

    await log2.joinEntry(head)

    deepStrictEqual(puts, [[head.hash, bytes]])
  })

  it('joins all entries that an entry leads to, or none', async () => {
    const [first, ...others] = await log1.values()
    const last = others.pop()
    const storage = await MemoryStorage()
    await storage.merge(entries1)
    await storage.del(first.hash)
    log2 = await Log(identity2, { logId: 'A', entryStorage: storage })

    await rejects(log2.joinEntry(last), { name: 'MissingBlockError', code: 'block-missing', hash: first.hash })
    deepStrictEqual(await log2.heads(), [])
    strictEqual(await log2.has(others[0].hash), false)
  })

  it('says that an entry is of another log', async () => {
    const [head] = await log1.heads()
    const other = await Log(identity2, { logId: 'B', entryStorage: entries1 })

    await rejects(other.joinEntry(head), { name: 'InvalidEntryError', code: 'entry-foreign', hash: head.hash })
  })

  it('says that a writer may not write, and that an access controller failed', async () => {
    const [head] = await log1.heads()
    const denying = await Log(identity2, { logId: 'A', entryStorage: entries1, access: { canAppend: async () => false } })
    const failing = await Log(identity2, { logId: 'A', entryStorage: entries1, access: { canAppend: async () => { throw new Error('No answer') } } })

    await rejects(denying.joinEntry(head), { name: 'AccessDeniedError', code: 'access-denied', identity: identity1.hash })
    await rejects(failing.joinEntry(head), { name: 'AccessFailedError', code: 'access-failed' })
  })

  it('asks the access controller only about entries that are valid', async () => {
    const [head] = await log1.heads()
    const asked = []
    const access = { canAppend: async ({ hash }) => { asked.push(hash); return true } }
    log2 = await Log(identity2, { logId: 'A', entryStorage: entries1, access })

    await rejects(log2.joinEntry({ ...head, sig: (await log1.values())[0].sig }), { code: 'signature-invalid' })
    deepStrictEqual(asked, [])
  })

  it('refuses an entry that is not the canonical encoding of one', async () => {
    const { bytes } = await Entry.encode((await log1.heads())[0])

    await rejects(log2.joinEntry(new Uint8Array([...bytes, 0])), { name: 'InvalidEntryError', code: 'entry-invalid' })
    deepStrictEqual(await log2.heads(), [])
  })
})
