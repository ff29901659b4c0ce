import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import * as Block from 'multiformats/block'
import { base58btc } from 'multiformats/bases/base58'
import { sha256 } from 'multiformats/hashes/sha2'
import * as dagCbor from '@ipld/dag-cbor'
import { Entry, KeyValueIndexed, OrbitDBAccessController } from '../../src/index.ts'
import { collect } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createWriter } from '../helpers/writers.ts'
import type { Block as StateBlock, DatabaseState, ImportOptions } from '../../src/index.ts'
import type { CollectedState } from '../helpers/backups.ts'

const encode = async (value: unknown): Promise<StateBlock> => {
  const { cid, bytes } = await Block.encode({ value, codec: dagCbor, hasher: sha256 })
  return [cid.toString(base58btc), bytes]
}

/** A state with one entry more, which follows its heads. */
const addEntry = ({ heads, index, blocks, ...state }: CollectedState, [hash, bytes]: StateBlock): CollectedState => ({
  ...state,
  heads: [{ hash, next: heads.map(head => head.hash) }],
  index: new Set([...index, hash]),
  blocks: [...blocks, [hash, bytes]]
})

describe('A hostile state', () => {
  const { createReplica } = useReplicas()

  const createState = async (value: unknown = 'one') => {
    const owner = await createReplica()
    const db = await owner.orbitdb.open('log', { type: 'events', sync: false })
    await db.add(value)
    return { owner, db, state: await collect(await db.export()) }
  }

  for (const verify of ['true', 'signature', 0, null, {}]) {
    it(`is not imported with verify: ${JSON.stringify(verify)}, as if that were less than true`, async () => {
      const { state } = await createState()
      const { orbitdb } = await createReplica()
      await rejects(orbitdb.import(state, { verify } as unknown as ImportOptions), { name: 'TypeError', message: /verify option must be/ })
    })
  }

  it('cannot pass an entry off as that of another by naming the identity of the other', async () => {
    const { db, owner, state } = await createState()
    const stranger = await createReplica()
    const { identity } = await createWriter(stranger)
    const [head] = await db.log.heads()
    const forged = await Entry.create(identity, db.address, { op: 'ADD', key: null, value: 'forged' }, undefined, { id: identity.publicKey, time: 2 }, [head.hash])
    const { hash, bytes } = await Entry.encode({ ...forged, identity: owner.orbitdb.identity.hash })

    const { orbitdb } = await createReplica()
    for (const verify of [true, 'signatures'] as const) {
      await rejects(orbitdb.import(addEntry(state, [hash, bytes]), { verify, sync: false }), { name: 'InvalidEntryError', hash })
    }
  })

  it('cannot grant write access by an entry of a stranger, also with verify: \'signatures\'', async () => {
    const owner = await createReplica()
    const db = await owner.orbitdb.open('log', { type: 'events', sync: false, AccessController: OrbitDBAccessController() })
    await db.add('one')
    const state = await collect(await db.export())
    const access = state.accessController as CollectedState

    const stranger = await createReplica()
    const { identity } = await createWriter(stranger)
    const payload = { op: 'PUT', key: 'write', value: [identity.id] }
    const grant = await Entry.create(identity, access.address, payload, undefined, { id: identity.publicKey, time: 1 })
    const { hash, bytes } = await Entry.encode(grant)
    const block: StateBlock = [identity.hash, identity.bytes]
    const forged = { ...state, accessController: addEntry({ ...access, blocks: [...access.blocks, block] }, [hash, bytes]) }

    const { orbitdb } = await createReplica()
    await rejects(orbitdb.import(forged as unknown as DatabaseState, { verify: 'signatures', sync: false }), { name: 'AccessDeniedError', hash })
  })

  it('does not end the process with an identity that is no CID', async () => {
    const { state } = await createState()
    const [head] = state.heads
    const bytes = state.blocks.find(([hash]) => hash === head.hash)![1]
    const forged = await encode({ ...dagCbor.decode<object>(bytes), identity: `zdpu${'z'.repeat(45)}` })

    const { orbitdb } = await createReplica()
    for (const verify of [true, 'signatures'] as const) {
      await rejects(orbitdb.import(addEntry(state, forged), { verify, sync: false }), { name: 'InvalidEntryError', hash: forged[0] })
    }
    const db = await orbitdb.import(addEntry(state, forged), { verify: false, sync: false })
    strictEqual(await db.log.has(forged[0]), true)
  })

  it('cannot bring what can be read by nobody into a log that can be read', async () => {
    const { state } = await createState()
    const replica = await createReplica()
    const db = await replica.orbitdb.import(state, { type: 'events', sync: false })
    const unreadable = await encode(new Uint8Array([1, 2, 3]))

    await rejects(db.import(addEntry(state, unreadable), { verify: false }), { name: 'InvalidStateError' })
    deepStrictEqual((await db.all()).map(({ value }) => value), ['one'])
  })

  it('of encrypted entries without heads, or without an index, takes nothing from the log', async () => {
    const owner = await createReplica()
    const encryption = { replication: await createCipher() }
    const db = await owner.orbitdb.open('log', { type: 'events', sync: false, encryption })
    await db.add('one')
    const older = await collect(await db.export())
    await db.add('two')
    const { index, ...state } = await collect(await db.export())

    const { orbitdb } = await createReplica()
    const restored = await orbitdb.import(older, { sync: false, verify: false })
    await rejects(restored.import({ ...state, index, heads: [] }, { verify: false }), { name: 'InvalidStateError' })
    await rejects(restored.import(state, { verify: false }), { name: 'InvalidStateError' })
    deepStrictEqual([...(await restored.log.export()).index.keys()], [...older.index.keys()])
    deepStrictEqual((await restored.log.export()).heads.map(({ hash }) => hash), older.heads.map(({ hash }) => hash))
  })

  it('with a payload that is null does not keep a KeyValueIndexed from being opened', async () => {
    const owner = await createReplica()
    const db = await owner.orbitdb.open('pairs', { type: 'keyvalue', sync: false })
    await db.put('a', 1)
    const [head] = await db.log.heads()
    const state = await collect(await db.export())
    const bytes = state.blocks.find(([hash]) => hash === head.hash)![1]
    const entry = await encode({ ...dagCbor.decode<object>(bytes), payload: null, next: [head.hash] })

    const replica = await createReplica()
    const restored = await replica.orbitdb.import(addEntry(state, entry), { Database: KeyValueIndexed(), verify: false, sync: false })
    strictEqual(await restored.get('a'), 1)
    await restored.close()
    const reopened = await replica.orbitdb.open(db.address, { Database: KeyValueIndexed(), sync: false })
    strictEqual(await reopened.get('a'), 1)
  })
})
