import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import { sign, toBlock } from './forge.ts'
import { collect } from '../helpers/backups.ts'
import { toCID } from '../helpers/cid.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createWriter } from '../helpers/writers.ts'
import { Identities, IPFSAccessController, KeyStore, Log, MemoryStorage } from '../../src/index.ts'
import type { ForgedBlock } from './forge.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Events, SigningIdentity } from '../../src/index.ts'

describe('Joining an entry', () => {
  const { createReplica } = useReplicas()

  let owner: Replica
  let replica: Replica
  let db: Events
  let copy: Events
  let mallory: SigningIdentity

  beforeEach(async () => {
    owner = await createReplica({ id: 'owner' })
    replica = await createReplica({ id: 'replica' })
    db = await owner.orbitdb.open('money', { sync: false })
    await db.add('first')
    copy = await replica.orbitdb.import<Events>(await collect(await db.export()), { sync: false })
    mallory = (await createWriter(replica)).identity
  })

  const readAll = async ({ ipfs }: Replica) => ({
    pins: (await all(ipfs.pins.ls())).map(({ cid }) => cid.toString()).sort(),
    log: JSON.stringify(await copy.log.export()),
    values: await copy.all()
  })

  /** Fails unless a block is refused, leaves nothing, and is not in the way of anybody. */
  const assertRefused = async ({ hash, bytes }: ForgedBlock, code: string): Promise<void> => {
    const before = await readAll(replica)
    await rejects(copy.log.joinEntry(bytes), { code })
    await rejects(copy.log.joinEntry(bytes), { code })
    deepStrictEqual(await readAll(replica), before)
    strictEqual(await replica.ipfs.blockstore.has(toCID(hash)), false)
    strictEqual(await copy.log.has(hash), false)

    await db.add('next')
    const [head] = await db.log.heads()
    strictEqual(await copy.log.joinEntry((await db.log.storage.get(head.hash))!), true)
    deepStrictEqual((await copy.all()).map(({ value }) => value), ['first', 'next'])
  }

  const identityOf = () => owner.orbitdb.identity as SigningIdentity

  it('takes what only references lead to as heads, as reading follows predecessors', async () => {
    const hidden = await sign(identityOf(), db, { next: [], payload: { op: 'ADD', key: null, value: 'hidden' } })
    const next = (await db.log.heads()).map(({ hash }) => hash)
    const head = await sign(identityOf(), db, { next, refs: [hidden.hash], payload: { op: 'ADD', key: null, value: 'head' } })
    await copy.log.storage.put(hidden.hash, hidden.bytes)
    strictEqual(await copy.log.joinEntry(head.bytes), true)
    deepStrictEqual((await copy.log.heads()).map(({ hash }) => hash).sort(), [hidden.hash, head.hash].sort())
    deepStrictEqual((await copy.all()).map(({ value }) => value).sort(), ['first', 'head', 'hidden'])
    strictEqual(await copy.log.joinEntry(hidden.bytes), false)
  })

  const changed = async (change: (entry: Record<string, unknown>) => object): Promise<ForgedBlock> => {
    const next = (await db.log.heads()).map(({ hash }) => hash)
    const { bytes } = await sign(identityOf(), db, { next })
    return toBlock(change(dagCbor.decode(bytes)))
  }

  const unsigned: Record<string, (entry: Record<string, unknown>) => object> = {
    'a payload beside the one that was signed': entry => ({ ...entry, _payload: entry.payload, payload: { op: 'ADD', key: null, value: 'forged' } }),
    'a field more': entry => ({ ...entry, x: 1 }),
    'a field toString': entry => ({ ...entry, toString: 1 }),
    'a field hash': entry => ({ ...entry, hash: entry.identity }),
    'a field __proto__': entry => Object.defineProperty({ ...entry }, '__proto__', { value: { x: 1 }, enumerable: true }),
    'no refs': ({ refs, ...entry }) => entry,
    'a signature in capitals': entry => ({ ...entry, sig: (entry.sig as string).toUpperCase() })
  }
  for (const [name, change] of Object.entries(unsigned)) {
    it(`refuses ${name}`, async () => assertRefused(await changed(change), 'entry-invalid'))
  }

  it('refuses another encoding of what was signed', async () => {
    const { bytes } = await changed(entry => entry)
    // v: 2 in two bytes, and "v" behind the others
    const longer = Buffer.concat([bytes.subarray(0, 3), Buffer.from([0x18]), bytes.subarray(3)])
    const reordered = Buffer.concat([bytes.subarray(0, 1), bytes.subarray(4), bytes.subarray(1, 4)])
    for (const bytes of [longer, reordered]) {
      await rejects(copy.log.joinEntry(bytes), { code: 'entry-invalid' })
    }
    await assertRefused(await toBlock({}), 'entry-invalid')
  })

  for (const time of [null, '1', -1, 1.5, 2 ** 53, 2n ** 60n, undefined]) {
    it(`refuses a clock that is ${typeof time} ${time}, though its writer may write`, async () => {
      const clock = { id: identityOf().publicKey, ...(time !== undefined && { time }) }
      await assertRefused(await sign(identityOf(), db, { clock }), 'entry-invalid')
    })
  }

  it('refuses another version, links that are no hashes, and null for links', async () => {
    for (const fields of [{ v: 3 }, { next: ['x'] }, { next: null }, { refs: [1] }]) {
      const { bytes } = await sign(identityOf(), db, fields)
      await rejects(copy.log.joinEntry(bytes), { code: 'entry-invalid' })
    }
    await assertRefused(await sign(identityOf(), db, { clock: null }), 'entry-invalid')
  })

  it('refuses an entry of another log', async () => {
    await assertRefused(await sign(identityOf(), { address: `${db.address}x` }), 'entry-foreign')
  })

  it('refuses content that was not signed', async () => {
    await assertRefused(await changed(entry => ({ ...entry, payload: { op: 'ADD', key: null, value: 'forged' } })), 'signature-invalid')
  })

  it('refuses an entry that names the identity of another than who signed it', async () => {
    await assertRefused(await sign(mallory, db, {}, { identity: identityOf().hash }), 'key-wrong')
  })

  it('refuses an entry of somebody who may not write', async () => {
    await assertRefused(await sign(mallory, db), 'access-denied')
  })

  it('refuses a copy of an identity with something more, which does not get in the way of the owner', async () => {
    const { id, publicKey, signatures, type } = identityOf()
    const identity = await toBlock({ id, publicKey, signatures: { ...signatures, x: 1 }, type })
    await replica.ipfs.blockstore.put(toCID(identity.hash), identity.bytes)
    await assertRefused(await sign(identityOf(), db, {}, { identity: identity.hash }), 'identity-invalid')
  })

  it('does not ask the access controller about what is wrong anyway', async () => {
    const asked: string[] = []
    const { canAppend } = copy.access
    copy.access.canAppend = async entry => {
      asked.push(entry.sig)
      return canAppend(entry)
    }
    for (const { bytes } of [await changed(unsigned['a field more']), await sign(mallory, db, {}, { identity: identityOf().hash })]) {
      await rejects(copy.log.joinEntry(bytes))
    }
    deepStrictEqual(asked, [])
  })

  for (const answer of [false, undefined, null, 0, '']) {
    it(`takes ${JSON.stringify(answer)} of an access controller for no`, async () => {
      const { canAppend } = copy.access
      copy.access.canAppend = async () => answer as boolean
      const { bytes } = await sign(identityOf(), db)
      await rejects(copy.log.joinEntry(bytes), { name: 'AccessDeniedError', code: 'access-denied' })
      copy.access.canAppend = canAppend
      strictEqual(await copy.log.joinEntry(bytes), true)
    })
  }

  it('tells of an access controller that fails as that, not as a no', async () => {
    const cause = new Error('no answer')
    const { canAppend } = copy.access
    copy.access.canAppend = async () => { throw cause }
    const { bytes } = await sign(identityOf(), db)
    await rejects(copy.log.joinEntry(bytes), { name: 'AccessFailedError', code: 'access-failed', cause })
    copy.access.canAppend = canAppend
    strictEqual(await copy.log.joinEntry(bytes), true)
  })

  it('refuses an object that is not the entry of its hash', async () => {
    await db.add('second')
    const [entry] = await db.log.heads()
    await rejects(copy.log.joinEntry({ ...entry, payload: { op: 'ADD', key: null, value: 'forged' } }), { code: 'signature-invalid' })
    await rejects(copy.log.joinEntry({ ...entry, hash: entry.next[0].replace(/..$/, '11') }), { code: 'entry-invalid' })
    const other = await db.log.get(entry.next[0])
    strictEqual(await copy.log.joinEntry({ ...entry, hash: other!.hash }), false)
    deepStrictEqual((await copy.all()).map(({ value }) => value), ['first'])
    strictEqual(await copy.log.joinEntry(entry), true)
  })

  it('refuses a head that builds on what it refuses, and takes one that does not', async () => {
    const bad = await sign(identityOf(), db, {}, { x: 1 })
    await replica.ipfs.blockstore.put(toCID(bad.hash), bad.bytes)
    const built = await sign(identityOf(), db, { next: [bad.hash], clock: { id: 'x', time: 2 } })
    await rejects(copy.log.joinEntry(built.bytes), { code: 'entry-invalid', hash: bad.hash })
    strictEqual(await copy.log.has(built.hash), false)
    const good = await sign(identityOf(), db, { payload: { op: 'ADD', key: null, value: 'good' } })
    strictEqual(await copy.log.joinEntry(good.bytes), true)
    deepStrictEqual((await copy.all()).map(({ value }) => value).sort(), ['first', 'good'])
  })

  it('refuses an entry whose predecessor is nowhere', async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identity = await (await Identities({ keystore, storage: await MemoryStorage() })).createIdentity({ id: 'a' })
    const log = await Log(identity, { logId: 'log' })
    const missing = (await sign(identity, { address: 'log' })).hash
    const { bytes } = await sign(identity, { address: 'log' }, { next: [missing] })
    await rejects(log.joinEntry(bytes), { name: 'MissingBlockError', code: 'block-missing', hash: missing })
    deepStrictEqual(await log.heads(), [])
  })

  it('takes null as a payload, and every value in it, and databases read what they can of it', async () => {
    const payloads = [null, 1, 'text', [], {}, { op: 'PUT', key: null, value: 1 }, { op: 'PUT', value: 1 }, { op: 'PUT', key: { toString: 1 }, value: 1 },
      { op: 'PUT', key: 'a', value: 2n ** 60n }, { op: 'PUT', key: 'b', value: 'b' }, { op: 'DEL', key: null }, { op: 'PUT', key: 'toString', value: 'c' }]
    for (const type of ['events', 'keyvalue', 'documents'] as const) {
      const db = await owner.orbitdb.open<any>(type, { type, AccessController: IPFSAccessController({ write: ['*'] }), sync: false })
      let next: string[] = []
      for (const [i, payload] of payloads.entries()) {
        const { hash, bytes } = await sign(mallory, db, { payload, next, clock: { id: 'x', time: i } })
        await owner.ipfs.blockstore.put(toCID(mallory.hash), mallory.bytes)
        strictEqual(await db.log.joinEntry(bytes), true)
        next = [hash]
      }
      const values = await db.all()
      ok(values.length > 0 || type === 'documents')
      if (type === 'keyvalue') {
        deepStrictEqual(values.map(({ key }: { key: string }) => key), ['a', 'b', 'toString'])
        strictEqual(await db.get('a'), 2n ** 60n)
      }
      await (type === 'events' ? db.add('after') : type === 'keyvalue' ? db.put('after', 1) : db.put({ _id: 'after' }))
      strictEqual((await db.all()).length, values.length + 1)
      await collect(await db.export())
    }
  })
})
