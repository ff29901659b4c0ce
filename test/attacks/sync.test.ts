import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as stock from '@orbitdb/core-stock'
import { sign } from './forge.ts'
import { collect } from '../helpers/backups.ts'
import { toCID } from '../helpers/cid.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import { createWriter } from '../helpers/writers.ts'
import { IPFSAccessController, MemoryStorage } from '../../src/index.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Database, Events, SigningIdentity } from '../../src/index.ts'

interface RefusedHead extends Error {
  code: string
  hash: string
  head: string
  peer: string
}

const valuesOf = async (db: Events) => (await db.all()).map(({ value }) => value)

// Stock joins objects only
const decodeEntry = async (bytes: Uint8Array) => await stock.Entry.decode(bytes) as Awaited<ReturnType<Events['log']['heads']>>[number]

/** A database with what was exported, and the errors that it emits. */
async function importInto ({ orbitdb }: Replica, state: Parameters<Replica['orbitdb']['import']>[0]): Promise<{ copy: Events, errors: RefusedHead[] }> {
  const copy = await orbitdb.import<Events>(state)
  const errors: RefusedHead[] = []
  copy.events.on('error', error => errors.push(error as RefusedHead))
  return { copy, errors }
}

/** Waits until a database has so many entries. */
async function waitForEntries (db: Events, count: number): Promise<void> {
  while ((await db.all()).length < count) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** The bytes of the blocks of heads. */
const getBytes = async ({ log }: Database, hashes: string[]): Promise<Uint8Array[]> =>
  Promise.all(hashes.map(async hash => (await log.storage.get(hash))!))

const concat = (parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

describe('Syncing', () => {
  const { createReplica } = useReplicas()

  const everybody = () => ({ AccessController: IPFSAccessController({ write: ['*'] }), sync: false })

  /** Joins an entry of each of several writers, all of which are heads then. */
  const addHeads = async (replica: Replica, db: Events, values: unknown[]): Promise<string[]> => {
    const hashes: string[] = []
    for (const value of values) {
      const { identity } = await createWriter(replica)
      const { hash, bytes } = await sign(identity, db, { payload: { op: 'ADD', key: null, value }, clock: { id: identity.publicKey, time: 1 } })
      await replica.ipfs.blockstore.put(toCID(hash), bytes)
      await db.log.joinEntry(await decodeEntry(bytes))
      hashes.push(hash)
    }
    return hashes
  }

  /** Sends bytes as a peer that syncs does, in the pieces that are given, and listens to nothing. */
  const send = async (from: Replica, to: Replica, { address }: Database, pieces: Uint8Array[]): Promise<void> => {
    await connect(from, to)
    const stream = await from.ipfs.libp2p.dialProtocol(to.ipfs.libp2p.peerId, `/orbitdb/heads${address}`)
    for (const piece of pieces) {
      stream.send(piece)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    await stream.close()
  }

  const cut = (bytes: Uint8Array, length: number): Uint8Array[] =>
    Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) => bytes.slice(i * length, (i + 1) * length))

  const cuts: Record<string, (heads: Uint8Array[]) => Uint8Array[]> = {
    'in one piece': heads => [concat(heads)],
    'in a piece each': heads => heads,
    'in pieces that end anywhere': heads => cut(concat(heads), 100),
    'one of them large': heads => cut(concat(heads), 2 ** 16)
  }
  for (const [name, toPieces] of Object.entries(cuts)) {
    it(`takes several heads that come ${name}`, async () => {
      const [source, target] = [await createReplica(), await createReplica()]
      const db = await source.orbitdb.open<Events>('database', everybody())
      const values = [1, 'two', name.includes('large') ? 'x'.repeat(200_000) : { three: new Uint8Array(300) }, null]
      const hashes = await addHeads(source, db, values)
      const copy = await target.orbitdb.import<Events>({ ...await collect(await db.export()), heads: [], index: new Map() }, {})
      await send(source, target, db, toPieces(await getBytes(db, hashes)))
      await waitForEntries(copy, values.length)
      deepStrictEqual((await copy.log.heads()).map(({ hash }) => hash).sort(), hashes.toSorted())
    })
  }

  it('tells of what is no entry, and takes what comes before and after it', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    const hashes = await addHeads(source, db, [1, 2, 3])
    const { copy, errors } = await importInto(target, { ...await collect(await db.export()), heads: [], index: new Map() })
    const [first, second, third] = await getBytes(db, hashes)
    const peer = source.ipfs.libp2p.peerId.toString()

    const garbage = new Uint8Array([0xa1, 0x61, 0x61, 0x01])
    await send(source, target, db, [concat([first, garbage, second])])
    await waitForEntries(copy, 2)
    deepStrictEqual(errors.map(({ code, peer }) => [code, peer]), [['entry-invalid', peer]])
    ok(errors[0].hash === errors[0].head)

    // Nobody knows where what comes behind this begins
    await send(source, target, db, [new Uint8Array([0x5f]), third])
    await waitForEntries(copy, 2)
    await send(source, target, db, [third])
    await waitForEntries(copy, 3)
    deepStrictEqual(errors.map(({ code, peer }) => [code, peer]), [['entry-invalid', peer], ['entry-invalid', peer]])
  })

  it('tells of a head that could not be joined, by no fault of its own', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    const [hash] = await addHeads(source, db, [1])
    const state = await collect(await db.export())
    const fail = async (): Promise<never> => { throw new Error('No room') }
    const entryStorage = { ...await MemoryStorage<Uint8Array>(), put: fail, putMany: fail }
    const restore = { ...state, heads: [], index: new Map(), blocks: state.blocks.filter(([hash]) => !state.index.has(hash)) }
    const copy = await target.orbitdb.open<Events>(db.address, { entryStorage, restore })
    const error = new Promise<RefusedHead>(resolve => { copy.events.on('error', error => resolve(error as RefusedHead)) })
    await send(source, target, db, await getBytes(db, [hash]))
    const { name, code, head, message } = await error
    deepStrictEqual([name, code, head, message], ['JoinFailedError', 'join-failed', hash, `Could not join entry "${hash}": No room`])
  })

  it('does not end the process where nobody listens to errors, and writes them to the console', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', { sync: false })
    await db.add('first')
    const copy = await target.orbitdb.import<Events>(await collect(await db.export()))
    const { identity } = await createWriter(source)
    const { bytes } = await sign(identity, db)
    const { error } = console
    const written: RefusedHead[] = []
    console.error = error => { written.push(error) }
    try {
      await send(source, target, db, [bytes, new Uint8Array([0x5f])])
      await db.add('second')
      await send(source, target, db, await getBytes(db, (await db.log.heads()).map(({ hash }) => hash)))
      await waitForEntries(copy, 2)
    } finally {
      console.error = error
    }
    deepStrictEqual(await valuesOf(copy), ['first', 'second'])
    deepStrictEqual(written.map(({ code }) => code).sort(), ['access-denied', 'entry-invalid'])
  })

  for (const [name, isStock] of Object.entries({ 'another of ours': [false, false], 'stock, from it': [true, false], 'stock, to it': [false, true] })) {
    it(`exchanges several heads with ${name}`, async () => {
      const [source, target] = [await createReplica({ stock: isStock[0] }), await createReplica({ stock: isStock[1] })]
      const core = isStock[0] ? stock : { IPFSAccessController }
      const db = await source.orbitdb.open<Events>('database', { AccessController: core.IPFSAccessController({ write: ['*'] }), sync: false })
      const hashes = await addHeads(source, db, [1, 2, 3, 4, 5])
      await connect(source, target)
      const copy = await target.orbitdb.open<Events>(db.address, { sync: false })
      const others = await addHeads(target, copy, [6, 7, 8])
      await Promise.all([db.sync.start(), copy.sync.start()])
      await Promise.all([waitForEntries(db, 8), waitForEntries(copy, 8)])
      for (const { log } of [db, copy]) {
        deepStrictEqual((await log.heads()).map(({ hash }) => hash).sort(), [...hashes, ...others].sort())
      }
    })
  }

  it('lacks what stock took in and what was built on it, says so, and goes on when that was imported without a check', async () => {
    const honest = await createReplica({ stock: true, id: 'honest' })
    const target = await createReplica({ id: 'target' })
    const db = await honest.orbitdb.open<Events>('database', { AccessController: stock.IPFSAccessController({ write: ['*'] }), sync: false })
    await db.add('before')
    const mallory = (await createWriter(honest)).identity
    const victim = honest.orbitdb.identity as SigningIdentity
    const next = (await db.log.heads()).map(({ hash }) => hash)

    // Stock takes an entry that names the identity of another than who signed it
    const poisoned = await sign(mallory, db, { next, clock: { id: mallory.publicKey, time: 2 }, payload: { op: 'ADD', key: null, value: 'poisoned' } }, { identity: victim.hash })
    await honest.ipfs.blockstore.put(toCID(poisoned.hash), poisoned.bytes)
    strictEqual(await db.log.joinEntry(await decodeEntry(poisoned.bytes)), true)
    const built = await db.add('built on it')

    const [beforeOnly] = await getBytes(db, next)
    const copy = await target.orbitdb.import<Events>({
      address: db.address,
      heads: [{ hash: next[0], next: [] }],
      index: new Map([[next[0], true]]),
      blocks: [[next[0], beforeOnly], ...await readOthers(honest, db)]
    })
    const errors: RefusedHead[] = []
    copy.events.on('error', error => errors.push(error as RefusedHead))
    await connect(honest, target)
    await db.sync.start()
    while (errors.length === 0) await new Promise(resolve => setTimeout(resolve, 50))

    const peer = honest.ipfs.libp2p.peerId.toString()
    deepStrictEqual(errors.map(({ code, hash, head, peer }) => ({ code, hash, head, peer })), [{ code: 'key-wrong', hash: poisoned.hash, head: built, peer }])
    deepStrictEqual(await valuesOf(db), ['before', 'poisoned', 'built on it'])
    deepStrictEqual(await valuesOf(copy), ['before'])

    // A head that does not build on it joins
    const aside = await sign(mallory, db, { next, clock: { id: mallory.publicKey, time: 2 }, payload: { op: 'ADD', key: null, value: 'aside' } })
    await send(honest, target, db, [aside.bytes])
    await waitForEntries(copy, 2)
    deepStrictEqual(await valuesOf(copy), ['before', 'aside'])

    // Each head that builds on it is told of once
    const third = await db.add('again')
    while (errors.length === 1) await new Promise(resolve => setTimeout(resolve, 50))
    deepStrictEqual(errors.map(({ head }) => head), [built, third])

    const hashes = (await db.log.values()).map(({ hash }) => hash)
    const bytes = await getBytes(db, hashes)
    const { added } = await copy.import({
      address: db.address,
      heads: [{ hash: third, next: [built] }],
      blocks: hashes.map((hash, i) => [hash, bytes[i]] as [string, Uint8Array])
    }, { verify: false })
    strictEqual(added, 3)
    await db.add('after')
    await waitForEntries(copy, 6)
    strictEqual(errors.length, 2)
    deepStrictEqual((await valuesOf(copy)).sort(), ['after', 'again', 'aside', 'before', 'built on it', 'poisoned'])
  })

  it('writes what stock takes after the largest clock', async () => {
    const [source, target] = [await createReplica({ id: 'ours' }), await createReplica({ stock: true })]
    const db = await source.orbitdb.open<Events>('database', everybody())
    const identity = source.orbitdb.identity as SigningIdentity
    const { bytes } = await sign(identity, db, { clock: { id: identity.publicKey, time: 2 ** 53 - 1 } })
    await db.log.joinEntry(bytes)
    await db.add('after')
    await db.add('after that')
    deepStrictEqual((await db.log.values()).map(({ clock }) => clock.time), [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1])
    await connect(source, target)
    const copy = await target.orbitdb.open<Events>(db.address)
    await db.sync.start()
    await waitForEntries(copy, 3)
    await copy.add('of stock')
    await db.add('more')
    strictEqual((await db.all()).length >= 4, true)
  })

  it('takes honest heads while others wait for blocks that nobody has', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    await db.add('first')
    const { copy, errors } = await importInto(target, await collect(await db.export()))
    await connect(source, target)
    await db.sync.start()
    while (db.peers.size === 0 || copy.peers.size === 0) await new Promise(resolve => setTimeout(resolve, 50))

    // One leads to an entry, another to an identity that is nowhere
    const identity = source.orbitdb.identity as SigningIdentity
    const missing = await sign(identity, db, { payload: { op: 'ADD', key: null, value: 'nowhere' } })
    const waiting = [await sign(identity, db, { next: [missing.hash] }), await sign((await createWriter(source)).identity, db, {}, { identity: missing.hash })]
    const { pubsub } = source.ipfs.libp2p.services as any
    for (const { bytes } of waiting) await pubsub.publish(db.address, bytes)
    const stream = await source.ipfs.libp2p.dialProtocol(target.ipfs.libp2p.peerId, `/orbitdb/heads${db.address}`)
    for (const { bytes } of waiting) stream.send(bytes)
    const [honest] = await addHeads(source, db, ['in the same message'])
    stream.send((await db.log.storage.get(honest))!)
    await stream.close()
    await db.add('second')
    await db.add('third')

    await waitForEntries(copy, 4)
    deepStrictEqual((await valuesOf(copy)).sort(), ['first', 'in the same message', 'second', 'third'])
    deepStrictEqual(errors, [])
    for (const { hash } of waiting) strictEqual(await copy.log.has(hash), false)
  })

  it('takes honest heads while a peer has all its places taken by what nobody has, and gives it no more', async () => {
    const [source, target, hostile] = [await createReplica(), await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    await db.add('first')
    const state = await collect(await db.export())
    const copy = await target.orbitdb.import<Events>(state)
    const theirs = await hostile.orbitdb.import<Events>(state, { sync: false })
    const errors: RefusedHead[] = []
    copy.events.on('error', error => errors.push(error as RefusedHead))
    const joining = new Map<string, number>()
    const { joinEntry } = copy.log
    let most = 0
    copy.log.joinEntry = async entry => {
      joining.set('all', (joining.get('all') ?? 0) + 1)
      most = Math.max(most, joining.get('all')!)
      return joinEntry(entry).finally(() => joining.set('all', joining.get('all')! - 1))
    }

    await connect(hostile, target)
    await theirs.sync.start()
    while (copy.peers.size === 0) await new Promise(resolve => setTimeout(resolve, 50))
    const identity = hostile.orbitdb.identity as SigningIdentity
    const { pubsub } = hostile.ipfs.libp2p.services as any
    const stream = await hostile.ipfs.libp2p.dialProtocol(target.ipfs.libp2p.peerId, `/orbitdb/heads${db.address}`)
    for (let i = 0; i < 100; i++) {
      const { hash } = await sign(identity, db, { payload: i })
      const { bytes } = await sign(identity, db, { next: [hash] })
      i % 2 === 0 ? stream.send(bytes) : await pubsub.publish(db.address, bytes)
    }

    await connect(source, target)
    await db.sync.start()
    await db.add('second')
    await waitForEntries(copy, 2)
    await db.add('third')
    await waitForEntries(copy, 3)
    deepStrictEqual(await valuesOf(copy), ['first', 'second', 'third'])
    deepStrictEqual(errors, [])
    ok(most > 10 && most < 20, `${most} joins at once`)
  })

  it('exchanges heads with a peer while another one never ends the exchange', async () => {
    const [source, target, hostile] = [await createReplica(), await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    await db.add('first')
    const copy = await target.orbitdb.import<Events>({ ...await collect(await db.export()), heads: [], index: new Map() })
    await db.sync.start()

    const exchanges: unknown[] = []
    const { libp2p } = hostile.ipfs
    await libp2p.handle(`/orbitdb/heads${db.address}`, stream => { exchanges.push(stream) })
    await (libp2p.services as any).pubsub.subscribe(db.address)
    await connect(hostile, source)
    await connect(hostile, target)
    while (exchanges.length < 2) await new Promise(resolve => setTimeout(resolve, 50))

    await connect(source, target)
    await waitForEntries(copy, 1)
    deepStrictEqual(await valuesOf(copy), ['first'])
  })

  it('takes an honest head that leads to what a head leads to, too, of which another part is nowhere', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    await db.add('first')
    const { copy, errors } = await importInto(target, await collect(await db.export()))
    const shared = await db.add('shared')
    const identity = source.orbitdb.identity as SigningIdentity
    const missing = await sign(identity, db, { payload: { op: 'ADD', key: null, value: 'nowhere' } })
    const waiting = await sign(identity, db, { next: [shared, missing.hash].sort() })
    await send(source, target, db, [waiting.bytes])
    const added = await db.add('after')
    await send(source, target, db, await getBytes(db, [added]))
    await waitForEntries(copy, 3)
    deepStrictEqual(await valuesOf(copy), ['first', 'shared', 'after'])
    deepStrictEqual(errors, [])
    strictEqual(await copy.log.has(waiting.hash), false)
  })

  it('holds up nothing while a join waits for a peer', async () => {
    const [source, target] = [await createReplica(), await createReplica()]
    const db = await source.orbitdb.open<Events>('database', everybody())
    await db.add('first')
    const copy = await target.orbitdb.import<Events>({ ...await collect(await db.export()), heads: [], index: new Map() })
    const missing = await sign(source.orbitdb.identity as SigningIdentity, db, { payload: { op: 'ADD', key: null, value: 'nowhere' } })
    const { bytes } = await sign(source.orbitdb.identity as SigningIdentity, db, { next: [missing.hash] })
    const joining = rejects(copy.log.joinEntry(bytes), { code: 'log-closed' })
    let isJoining = true
    joining.then(() => { isJoining = false })

    await copy.add('meanwhile')
    await collect(await copy.export())
    deepStrictEqual(await valuesOf(copy), ['meanwhile'])
    ok(isJoining)
    await copy.close()
    await joining
  })
})

/** The blocks of a database that are not entries. */
async function readOthers ({ ipfs, orbitdb }: Replica, { address, access }: Database): Promise<Array<[string, Uint8Array]>> {
  const hashes = [address.split('/').pop()!, access.address!.split('/').pop()!, orbitdb.identity.hash]
  return Promise.all(hashes.map(async hash => [hash, await read(ipfs, hash)] as [string, Uint8Array]))
}

async function read (ipfs: Replica['ipfs'], hash: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of ipfs.blockstore.get(toCID(hash))) parts.push(part)
  return concat(parts)
}
