// Rule: what is refused leaves nothing, and what is aborted ends at once.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Database, Entry, Identities, IPFSAccessController, KeyStore, LevelStorage, Log, MemoryStorage, OrbitDBAccessController, useAccessController } from '../../src/index.ts'
import { collect } from '../helpers/backups.ts'
import { encodeBlock, hashOf, pinsOf } from '../helpers/blocks.ts'
import { contentsOf, createIdentities, keysOf, storedHeads } from '../helpers/logs.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { AccessControllerParams, Block, Events, SigningIdentity } from '../../src/index.ts'

const never = new Promise<never>(() => {})

/** Fails unless a promise is rejected long before it could be resolved. */
const assertEndsAt = async (controller: AbortController, promise: Promise<unknown>): Promise<void> => {
  const reason = new Error('enough')
  controller.abort(reason)
  const result = await Promise.race([promise.then(() => 'resolved', error => error), setTimeout(10000, 'still waiting', { ref: false })])
  strictEqual(result, reason)
}

describe('What is refused', () => {
  const { createReplica } = useReplicas()

  const write = async (AccessController = IPFSAccessController({ write: ['*'] }) as any, count = 3) => {
    const owner = await createReplica()
    const db = await owner.orbitdb.open('log', { type: 'events', AccessController, sync: false })
    for (let i = 0; i < count; i++) await db.add(i)
    return { owner, db, state: await collect(await db.export()) }
  }

  describe('of access', () => {
    const capabilitiesOf = async (access: OrbitDBAccessController) => [...await access.get('write')]

    it('leaves who may write as it was, when an entry is missing', async () => {
      const { db, state: older } = await write(OrbitDBAccessController())
      const { orbitdb, ipfs } = await createReplica()
      const copy = await orbitdb.import<Events>(older, { sync: false })
      const access = copy.access as OrbitDBAccessController
      const pins = await pinsOf(ipfs)

      await (db.access as OrbitDBAccessController).grant('write', orbitdb.identity.id)
      const hash = await db.add('later')
      const state = await collect(await db.export())
      await rejects(copy.import({ ...state, blocks: state.blocks.filter(([key]) => key !== hash) }), { code: 'block-missing', hash })
      deepStrictEqual([await capabilitiesOf(access), (await copy.all()).length, await pinsOf(ipfs)], [[], 3, pins])
      await rejects(copy.add('not allowed'), /not allowed/)

      deepStrictEqual(await copy.import(state), { added: 1, mended: 0 })
      deepStrictEqual(await capabilitiesOf(access), [orbitdb.identity.id])
    })

    it('leaves who may write as it was, when one wrote who may not even then', async () => {
      const { db, state: older } = await write(OrbitDBAccessController())
      const { orbitdb } = await createReplica()
      const copy = await orbitdb.import<Events>(older, { sync: false })
      await (db.access as OrbitDBAccessController).grant('write', orbitdb.identity.id)
      const { heads, index, blocks, ...state } = await collect(await db.export())
      const [stranger] = await createIdentities(['stranger'])
      const { hash, bytes } = await Entry.encode(await Entry.create(stranger, db.address, { op: 'ADD', key: null, value: 1 }, null, { id: stranger.publicKey, time: 9 }, heads.map(({ hash }) => hash)))
      const forged = { ...state, heads: [hash], index: [...index.keys(), hash], blocks: [...blocks, [hash, bytes], [stranger.hash, stranger.bytes]] as Block[] }

      await rejects(copy.import(forged), { name: 'AccessDeniedError', code: 'access-denied', hash })
      deepStrictEqual(await capabilitiesOf(copy.access as OrbitDBAccessController), [])
    })

    it('is checked against the access that the import gives', async () => {
      const { db, state: older } = await write(OrbitDBAccessController())
      const { orbitdb } = await createReplica()
      const copy = await orbitdb.import<Events>(older, { sync: false })
      await (db.access as OrbitDBAccessController).grant('write', orbitdb.identity.id)
      const granted = await collect(await db.export())
      await copy.import({ ...granted, heads: [], index: [] })
      await copy.add('by another')
      await db.import(await copy.export())

      const reader = await createReplica()
      const restored = await reader.orbitdb.import<Events>(older, { sync: false })
      strictEqual((await restored.import(await db.export())).added, 1)
    })

    it('is told from an access controller that fails, which is the cause', async () => {
      const cause = new DOMException('The operation timed out', 'TimeoutError')
      const FailingAccessController = () => async ({ address }: AccessControllerParams) => ({
        type: 'failing',
        address: address ?? '/failing/always',
        canAppend: (entry: { payload: any }) => { if (entry.payload.value === 1 && fails) throw cause; return true }
      })
      FailingAccessController.type = 'failing'
      useAccessController(FailingAccessController as any)
      let fails = false
      const { state } = await write(FailingAccessController())
      fails = true
      const { orbitdb } = await createReplica()
      await rejects(orbitdb.import(state, { sync: false }), { name: 'AccessFailedError', code: 'access-failed', cause })
      strictEqual((await orbitdb.import<Events>(state, { verify: 'signatures', sync: false }).then(db => db.all())).length, 3)
    })

    it('leaves no mark of a restore, and no pin, on a node that had nothing, nor of the database of the access controller', async () => {
      const { db } = await write(OrbitDBAccessController())
      await (db.access as OrbitDBAccessController).grant('write', 'another')
      const state = await collect(await db.export())
      const { orbitdb, ipfs } = await createReplica()
      const pins = await pinsOf(ipfs)
      const [last] = state.heads
      await rejects(orbitdb.import({ ...state, blocks: state.blocks.filter(([hash]) => hash !== last.hash) }, { sync: false }), { code: 'block-missing' })
      deepStrictEqual(await pinsOf(ipfs), pins)
      const keysIn = async (address: string): Promise<string[]> => {
        const storage = await LevelStorage({ path: join(orbitdb.directory, address, 'log/_heads') })
        const keys = await keysOf(storage)
        await storage.close()
        return keys
      }
      const addresses = [state.address, db.access.address]
      for (const address of addresses) deepStrictEqual(await keysIn(address), [])

      // Others open it, so that it stays
      const access = await orbitdb.open(db.access.address, { sync: false })
      await access.close()
      ok((await pinsOf(ipfs)).includes(hashOf(db.access.address)))

      await orbitdb.import(state, { sync: false })
      await orbitdb.stop()
      for (const address of addresses) deepStrictEqual(await keysIn(address), ['heads'])
    })

    it('keeps the database of an access controller that is empty, and that the state has nothing of', async () => {
      const { state: { accessController, ...state }, db } = await write(OrbitDBAccessController())
      const { orbitdb, ipfs } = await createReplica()
      const { blocks } = accessController as any
      const copy = await orbitdb.import<Events>({ ...state, blocks: [...state.blocks, ...blocks] }, { sync: false })
      const { address } = db.access
      const pins = await pinsOf(ipfs)
      ok(pins.includes(hashOf(address)) && pins.includes(hashOf((copy.access as any).address)))
      await orbitdb.stop()
      const storage = await LevelStorage({ path: join(orbitdb.directory, address, 'log/_heads') })
      deepStrictEqual(await keysOf(storage), [])
      await storage.close()
    })

    describe('leaves it to an access controller of another type', () => {
      const write = async (grants: Set<unknown>) => {
        const Kept = () => async ({ address }: AccessControllerParams) => ({
          type: 'kept',
          address: address ?? '/kept/elsewhere',
          canAppend: (entry: { payload: any }) => entry.payload.value === 'one',
          export: async () => [...grants],
          import: async (state: unknown[]) => { for (const grant of state) grants.add(grant) }
        })
        Kept.type = 'kept'
        useAccessController(Kept as any)
        const owner = await createReplica()
        const db = await owner.orbitdb.open('log', { type: 'events', AccessController: Kept() as any, sync: false })
        await db.add('one')
        const clock = { id: owner.orbitdb.identity.publicKey, time: 2 }
        const { hash, bytes } = await Entry.encode(await Entry.create(owner.orbitdb.identity as SigningIdentity, db.address, { op: 'ADD', key: null, value: 'two' }, null, clock))
        return { db, refused: { heads: [hash], blocks: [[hash, bytes]] as Block[], accessController: ['granted'] } }
      }

      it('what it keeps elsewhere than in the OrbitDB that it is given', async () => {
        const grants = new Set<unknown>()
        const { db, refused } = await write(grants)
        await rejects(db.import(refused), { name: 'AccessDeniedError' })
        deepStrictEqual([...grants], ['granted'])
      })

      it('what it takes at once, as it was not opened by an OrbitDB that could open it again', async () => {
        const { db: { address, ipfs, identity, access }, refused } = await write(new Set())
        const grants = new Set<unknown>()
        const own = { ...access, import: async (state: unknown[]) => { for (const grant of state) grants.add(grant) } }
        const storages = { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }
        const db = await Database({ ipfs, identity, address, name: 'log', access: own as any, ...storages })
        await rejects(db.import(refused), { name: 'AccessDeniedError' })
        deepStrictEqual([...grants], ['granted'])
        await db.close()
      })
    })

    it('is asked about last, when the entry is known to be what it says it is', async () => {
      const { state } = await write()
      const asked: string[] = []
      const storage = await MemoryStorage()
      for (const block of state.blocks) await storage.put(...block)
      const [identity] = await createIdentities(['reader'])
      const [hash, bytes] = await encodeBlock({ not: 'an entry' })
      await storage.put(hash, bytes)
      const log = await Log(identity, { logId: state.address, entryStorage: storage, access: { canAppend: (entry: any) => { asked.push(entry.hash); return true } } as any })
      await rejects(log.import({ heads: [...state.heads, hash] }), { code: 'entry-invalid', hash })
      deepStrictEqual(asked, [])
    })
  })

  describe('of blocks', () => {
    it('is what was hashed, also when its bytes change after they were given', async () => {
      const { state } = await write()
      const { orbitdb } = await createReplica()
      const blocks = async function * () {
        for (const [hash, bytes] of state.blocks) {
          const given = bytes.slice()
          yield [hash, given] as Block
          given.fill(0)
        }
      }
      const db = await orbitdb.import<Events>({ ...state, blocks: blocks() }, { sync: false })
      deepStrictEqual((await db.all()).map(({ value }) => value), [0, 1, 2])
    })

    it('may be given many at a time, doubled, and in any order', async () => {
      const { state, db } = await write(undefined, 20)
      const { orbitdb } = await createReplica()
      const blocks = [...state.blocks, ...state.blocks].reverse()
      const groups = [blocks.slice(0, 7), blocks.slice(7, 8), [], blocks.slice(8)]
      const restored = await orbitdb.import<Events>({ ...state, blocks: groups }, { sync: false })
      deepStrictEqual(await restored.all(), await db.all())
    })
  })

  describe('of a state', () => {
    const addresses: Record<string, (address: string) => unknown> = {
      'an object that is no text': () => ({ toString: 1 }),
      'an object without prototype': () => Object.create(null),
      'a number': () => 5,
      'a slash more at its end': address => `${address}/`,
      'a slash more at its start': address => `/${address}`,
      'a hash alone': address => address.slice('/orbitdb/'.length),
      'a hash with other bytes': address => `${address.slice(0, -1)}0`
    }
    for (const [what, change] of Object.entries(addresses)) {
      it(`is told from one whose address is ${what}`, async () => {
        const { state, db } = await write()
        const { orbitdb } = await createReplica()
        const bad = { ...state, address: change(state.address) } as any
        await rejects(orbitdb.import(bad), { name: 'InvalidStateError', code: 'address-invalid' })
        await rejects(db.import(bad), { name: 'InvalidStateError' })
      })
    }

    const kinds: Record<string, object> = {
      'heads that are text': { heads: 'nonsense' },
      'heads that are null': { heads: [null] },
      'heads with nexts that are none': { heads: [{ hash: 'x', next: 5 }] },
      'an index that is text': { index: 'nonsense' },
      'an index that is an object': { index: {} },
      'an index that can not be iterated': { index: { [Symbol.iterator]: 5 } },
      'an index of null': { index: [null] },
      'blocks that are a number': { blocks: 5 },
      'blocks that are text': { blocks: 'nonsense' },
      'blocks that are an object': { blocks: {} },
      'blocks that are numbers': { blocks: new Uint8Array(3) },
      'blocks without bytes': { blocks: [['hash']] }
    }
    for (const [what, parts] of Object.entries(kinds)) {
      it(`is told from one with ${what}`, async () => {
        const { state, db } = await write()
        const { orbitdb } = await createReplica()
        await rejects(orbitdb.import({ ...state, ...parts } as any), { name: 'InvalidStateError' })
        await rejects(db.import({ ...state, ...parts } as any), { name: 'InvalidStateError' })
      })
    }

    it('is told from one whose address is that of an entry', async () => {
      const { state } = await write()
      const { orbitdb, ipfs } = await createReplica()
      const pins = await pinsOf(ipfs)
      await rejects(orbitdb.import({ ...state, address: `/orbitdb/${state.heads[0].hash}` as const, heads: [], index: [] }), { name: 'InvalidStateError', code: 'manifest-invalid' })
      deepStrictEqual(await pinsOf(ipfs), pins)
    })

    const manifests: Record<string, (access: string) => object> = {
      'names an access controller by a number': () => ({ name: 'x', type: 'events', accessController: 5 }),
      'names an access controller with more in its address': access => ({ name: 'x', type: 'events', accessController: `${access}/x` }),
      'has a field more': access => ({ name: 'x', type: 'events', accessController: access, more: 1 }),
      'has no name': access => ({ type: 'events', accessController: access })
    }
    for (const [what, create] of Object.entries(manifests)) {
      it(`is told from one whose manifest ${what}`, async () => {
        const { state, db } = await write()
        const { orbitdb, ipfs } = await createReplica()
        const pins = await pinsOf(ipfs)
        const manifest = await encodeBlock(create(db.access.address))
        const bad = { address: `/orbitdb/${manifest[0]}` as const, heads: [], blocks: [...state.blocks, manifest] }
        await rejects(orbitdb.import(bad), { name: 'InvalidStateError', code: 'manifest-invalid' })
        deepStrictEqual(await pinsOf(ipfs), pins)
      })
    }

    it('is told from one whose list of writers is a text', async () => {
      const access = await encodeBlock({ type: 'ipfs', write: '*' })
      const manifest = await encodeBlock({ name: 'x', type: 'events', accessController: `/ipfs/${access[0]}` })
      const { orbitdb } = await createReplica()
      await rejects(orbitdb.import({ address: `/orbitdb/${manifest[0]}` as const, heads: [], blocks: [manifest, access] }), { name: 'InvalidStateError', code: 'access-list-invalid' })
    })

    it('is told from one with access controllers that decide on each other without end', async () => {
      const access = await encodeBlock({ type: 'ipfs', write: ['*'] })
      const blocks = [access]
      let address = `/ipfs/${access[0]}`
      for (let i = 0; i < 5000; i++) {
        const manifest = await encodeBlock({ name: `x${i}`, type: 'keyvalue', accessController: address })
        blocks.push(manifest)
        address = `/orbitdb/${manifest[0]}`
      }
      const { orbitdb } = await createReplica()
      await rejects(orbitdb.import({ address, heads: [], blocks }), { name: 'InvalidStateError', code: 'access-too-deep' })
    })

    it('is not restored by a name, which may be that of another database', async () => {
      const { state } = await write()
      const { orbitdb, ipfs } = await createReplica()
      const pins = await pinsOf(ipfs)
      await rejects(orbitdb.open('log', { restore: state }), { name: 'InvalidStateError', code: 'address-invalid' })
      deepStrictEqual(await pinsOf(ipfs), pins)
    })
  })
})

describe('What is aborted', () => {
  const { createReplica } = useReplicas()
  let writer: SigningIdentity

  before(async () => {
    [writer] = await createIdentities(['writer'])
  })

  const writeLog = async (count: number) => {
    const entryStorage = await MemoryStorage()
    const log = await Log<number>(writer, { logId: 'log', entryStorage })
    for (let i = 0; i < count; i++) await log.append(i)
    return { log, entryStorage, state: await log.export() }
  }

  it('does not wait for blocks that do not come, nor for their source to stop', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('log', { sync: false })
    const began = Promise.withResolvers<void>()
    const blocks = { [Symbol.asyncIterator]: () => ({ next: () => { began.resolve(); return never }, return: () => never }) }
    const controller = new AbortController()
    const imported = db.import({ heads: [], blocks: blocks as any }, { signal: controller.signal })
    await began.promise
    await assertEndsAt(controller, imported)
  })

  it('does not wait for an index that does not come', async () => {
    const { log } = await writeLog(1)
    const began = Promise.withResolvers<void>()
    const index = { [Symbol.asyncIterator]: () => ({ next: () => { began.resolve(); return never } }) }
    const controller = new AbortController()
    const imported = log.import({ heads: [], index: index as any }, { signal: controller.signal })
    await began.promise
    await assertEndsAt(controller, imported)
  })

  it('does not wait for a storage that waits for a peer', async () => {
    const { state, entryStorage } = await writeLog(2)
    const began = Promise.withResolvers<void>()
    const log = await Log(writer, { logId: 'log', entryStorage: { ...entryStorage, get: () => { began.resolve(); return never } } })
    const controller = new AbortController()
    const imported = log.import(state, { signal: controller.signal })
    await began.promise
    await assertEndsAt(controller, imported)
    strictEqual(JSON.stringify(await log.export()), '{"heads":[],"index":[]}')
  })

  it('does not wait for an access controller', async () => {
    const { state, entryStorage } = await writeLog(2)
    const began = Promise.withResolvers<void>()
    const log = await Log(writer, { logId: 'log', entryStorage, access: { canAppend: () => { began.resolve(); return never } } as any })
    const controller = new AbortController()
    const imported = log.import(state, { signal: controller.signal })
    await began.promise
    await assertEndsAt(controller, imported)
  })

  it('does not wait for signatures', async () => {
    const { state, entryStorage } = await writeLog(2)
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const began = Promise.withResolvers<void>()
    const identities = await Identities({ keystore, storage: await MemoryStorage(), verifySignatures: () => { began.resolve(); return never } } as any)
    const log = await Log(await identities.createIdentity({ id: 'a' }), { logId: 'log', entryStorage })
    const controller = new AbortController()
    const imported = log.import(state, { signal: controller.signal })
    await began.promise
    await assertEndsAt(controller, imported)
  })

  it('pins no more, and nothing is written after that', async () => {
    const { state, entryStorage } = await writeLog(50)
    const controller = new AbortController()
    let pinned = 0
    const persist = async () => {
      if (++pinned === 10) controller.abort(new Error('enough'))
      await setTimeout(1)
    }
    const log = await Log<number>(writer, { logId: 'log', entryStorage: { ...entryStorage, persist } })
    await rejects(log.import(state, { signal: controller.signal }), { message: 'enough' })
    ok(pinned < 50)
    const atError = pinned
    await setTimeout(50)
    strictEqual(pinned, atError)
    deepStrictEqual(await log.values(), [])
  })

  it('has no pins that it had made', async () => {
    const { state, entryStorage } = await writeLog(1001)
    const controller = new AbortController()
    const pins = new Set<string>()
    const persistMany = async (hashes: string[]) => {
      hashes.forEach(hash => pins.add(hash))
      controller.abort(new Error('enough'))
      return hashes
    }
    const unpersistMany = async (hashes: string[]) => hashes.forEach(hash => pins.delete(hash))
    const log = await Log<number>(writer, { logId: 'log', entryStorage: { ...entryStorage, persist: async () => {}, persistMany, unpersistMany } as any })
    await rejects(log.import(state, { verify: false, signal: controller.signal }), { message: 'enough' })
    deepStrictEqual([...pins], [])
  })

  it('is completed when its commit has begun', async () => {
    const { state, entryStorage } = await writeLog(5)
    const controller = new AbortController()
    const headsStorage = await MemoryStorage()
    const putMany = async (records: Iterable<[string, any]>) => {
      controller.abort(new Error('too late'))
      for (const record of records) await headsStorage.put(...record)
    }
    const log = await Log<number>(writer, { logId: 'log', entryStorage, headsStorage: { ...headsStorage, putMany } })
    strictEqual((await log.import(state, { signal: controller.signal })).added, 5)
    strictEqual((await log.values()).length, 5)
  })
})

describe('A log that was not closed well', () => {
  it('has the maximal entries as its heads after an import', async () => {
    const [writer] = await createIdentities(['writer'])
    const entryStorage = await MemoryStorage()
    const full = await Log<number>(writer, { logId: 'log', entryStorage })
    for (let i = 0; i < 4; i++) await full.append(i)
    const state = await full.export()
    const [head] = await full.heads()

    const indexStorage = await MemoryStorage<any>()
    for (const hash of [head.hash, head.next[0]]) await indexStorage.put(hash, true)
    const headsStorage = await MemoryStorage()
    await headsStorage.put('heads', new TextEncoder().encode(JSON.stringify([{ hash: head.hash, next: head.next }])))
    const log = await Log<number>(writer, { logId: 'log', entryStorage, indexStorage, headsStorage })
    const { heads, added } = await log.import(state)
    deepStrictEqual([heads, added], [[], 2])
    deepStrictEqual((await storedHeads(log)).map(({ hash }) => hash), [head.hash])
    deepStrictEqual(await contentsOf(log), await contentsOf(full))
  })
})
