// Rule: nothing unverified enters.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { code as rawCode } from 'multiformats/codecs/raw'
import { Entry, Events, IPFSAccessController, OrbitDBAccessController } from '../../src/index.ts'
import { collect, putBlocks } from '../helpers/backups.ts'
import { encodeBlock, flipBit, hashOf, pinsOf, toCID } from '../helpers/blocks.ts'
import { createCipher } from '../helpers/encryption.ts'
import { contentsOf, createIdentities } from '../helpers/logs.ts'
import { connect, useReplicas } from '../helpers/replicas.ts'
import type { CollectedState } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Block, DatabaseFactory, ImportOptions, OrbitDB, SigningIdentity } from '../../src/index.ts'

type Verify = NonNullable<ImportOptions['verify']>

const always: Verify[] = [true, 'signatures', false]

/** An error that is expected. */
interface Expected {
  name: string
  /** Hash of the block that is to blame; the message says it, too */
  hash?: string
  message?: RegExp
}

/** A state that is not as it should be. */
interface Defect {
  state: CollectedState
  error: Expected
  /** The values of `verify` with which it is refused; all by default */
  refusedWith?: Verify[]
}

/** The ways to import a state on a node that has a part of the database already. */
const ways = {
  'db.import(state)': async (orbitdb, state, verify) => {
    const db = await orbitdb.open<Events>(state.address, { sync: false })
    await db.import(state, { verify })
    return db
  },
  'orbitdb.import(state)': async (orbitdb, state, verify) => {
    return orbitdb.import<Events>(state, { verify, sync: false })
  },
  'open(address, { restore })': async (orbitdb, state, verify) => {
    return orbitdb.open<Events>(state.address, { restore: { ...state, verify }, sync: false })
  }
} satisfies Record<string, (orbitdb: OrbitDB, state: CollectedState, verify?: Verify) => Promise<Events>>

async function assertFails (promise: Promise<unknown>, { name, hash, message = /./ }: Expected): Promise<void> {
  await rejects(promise, (error: Error & { hash?: string }) => {
    deepStrictEqual({ name: error.name, hash: error.hash }, { name, hash }, error.stack)
    ok(hash == null || error.message.includes(hash), `the hash is in the message "${error.message}"`)
    match(error.message, message)
    return true
  })
}

/** Reads what a replica has of a database, and closes the database. */
async function readAndClose ({ ipfs, orbitdb }: Replica, address: string) {
  const pins = await pinsOf(ipfs)
  let wasOpen = true
  const Database: DatabaseFactory<Events> = params => {
    wasOpen = false
    return Events<any>()(params)
  }
  const db = await orbitdb.open(address, { Database, sync: false })
  const contents = { ...await contentsOf(db.log), events: await db.all() }
  await db.close()
  return { contents, pins, wasOpen }
}

/** Fails unless an import is refused, and leaves everything as it was. */
async function assertRefuses (replica: Replica, way: keyof typeof ways, state: CollectedState, verify: Verify, error: Expected): Promise<void> {
  await (await replica.orbitdb.open(state.address, { sync: false })).close()
  const before = await readAndClose(replica, state.address)
  await assertFails(ways[way](replica.orbitdb, state, verify), error)
  deepStrictEqual(await readAndClose(replica, state.address), { ...before, wasOpen: way === 'db.import(state)' })
}

const allWays = Object.keys(ways) as Array<keyof typeof ways>

/** The hashes of the entries of a state, sorted. */
const indexOf = ({ index }: CollectedState): string[] => [...index.keys()].sort()

describe('Nothing unverified enters', () => {
  const { createReplica } = useReplicas()

  /** A database of two writers, and the part of it that nodes have before an import. */
  let state: CollectedState
  let part: CollectedState
  let manifest: string
  let access: string
  /** The identity of the other writer, who wrote nothing of the part. */
  let writer: string
  /** The identity of one who may not write. */
  let stranger: SigningIdentity
  /** An entry that the part does not have, and that is no head. */
  let entry: string

  /** Entries that come after those of the state. */
  let next: Record<'valid' | 'changed' | 'unsigned' | 'foreign' | 'strange' | 'borrowed' | 'forged' | 'dangling' | 'unreferred' | 'garbled' | 'anonymous', Block>
  /** The hash of no block. */
  let nowhere: string
  /** The hash of an entry, as one of bytes that are not encoded. */
  let rawHash: string

  before(async () => {
    const owner = await createReplica()
    const other = await createReplica()
    const AccessController = IPFSAccessController({ write: [owner.orbitdb.identity.id, other.orbitdb.identity.id] })
    const db = await owner.orbitdb.open('log', { type: 'events', AccessController, sync: false })
    await db.add('one')
    part = await collect(await db.export())
    const copy = await other.orbitdb.import<Events>(part, { sync: false })
    entry = await copy.add('two')
    await copy.add('three')
    await db.add('four')
    await db.import(await copy.export())

    state = await collect(await db.export())
    manifest = hashOf(state.address)
    access = hashOf(db.access.address)
    writer = other.orbitdb.identity.hash
    ;[stranger] = await createIdentities(['stranger'])
    ;[nowhere] = await encodeBlock('nowhere')
    rawHash = CID.createV1(rawCode, toCID(entry).multihash).toString(base58btc)

    const heads = state.heads.map(({ hash }) => hash)
    const create = (by: SigningIdentity, { id = state.address as string, next = heads, refs = [] as string[] } = {}) =>
      Entry.create(by, id, { op: 'ADD', key: null, value: 'five' }, null, { id: by.publicKey, time: 10 }, next, refs)
    const valid = await create(other.orbitdb.identity)
    next = {
      valid: await encodeBlock(valid),
      changed: await encodeBlock({ ...valid, payload: { op: 'ADD', key: null, value: 'six' } }),
      unsigned: await encodeBlock({ ...valid, sig: '' }),
      foreign: await encodeBlock(await create(other.orbitdb.identity, { id: 'another log' })),
      strange: await encodeBlock(await create(stranger)),
      borrowed: await encodeBlock({ ...await create(stranger), identity: writer }),
      forged: await encodeBlock({ ...await create(stranger), payload: { op: 'ADD', key: null, value: 'six' } }),
      dangling: await encodeBlock(await create(other.orbitdb.identity, { next: [...heads, nowhere] })),
      unreferred: await encodeBlock(await create(other.orbitdb.identity, { refs: [nowhere] })),
      anonymous: await encodeBlock({ ...valid, identity: 'nonsense' }),
      garbled: await encodeBlock(await create(other.orbitdb.identity, { refs: ['nonsense'] }))
    }
  })

  /** The state with other bytes for a block. */
  const replace = (hash: string, change: (bytes: Uint8Array) => unknown): CollectedState => ({
    ...state,
    blocks: state.blocks.map(([key, bytes]) => [key, (key === hash ? change(bytes) : bytes) as Uint8Array])
  })

  /** The state without a block. */
  const remove = (hash: string): CollectedState => ({
    ...state,
    blocks: state.blocks.filter(([key]) => key !== hash)
  })

  /** The state with an entry after all others, which is the only head. */
  const append = ([hash, bytes]: Block): CollectedState => ({
    ...state,
    heads: [{ hash, next: state.heads.map(({ hash }) => hash) }],
    index: new Set([...state.index, hash]),
    blocks: [...state.blocks, [hash, bytes], [stranger.hash, stranger.bytes]]
  })

  /** The state with one more hash in its index. */
  const index = (hash: unknown): CollectedState => ({
    ...state,
    index: new Set([...state.index, hash as string])
  })

  const defects: Record<string, () => Defect> = {
    'a flipped bit in an entry': () => ({
      state: replace(entry, flipBit),
      error: { name: 'InvalidBlockError', hash: entry, message: /hash/ }
    }),
    'a flipped bit in an identity': () => ({
      state: replace(writer, flipBit),
      error: { name: 'InvalidBlockError', hash: writer, message: /hash/ }
    }),
    'a flipped bit in the manifest': () => ({
      state: replace(manifest, flipBit),
      error: { name: 'InvalidBlockError', hash: manifest, message: /hash/ }
    }),
    'a flipped bit in the access controller': () => ({
      state: replace(access, flipBit),
      error: { name: 'InvalidBlockError', hash: access, message: /hash/ }
    }),
    'an empty block': () => ({
      state: replace(entry, () => new Uint8Array()),
      error: { name: 'InvalidBlockError', hash: entry, message: /hash/ }
    }),
    'a block that is not bytes': () => ({
      state: replace(entry, () => 'text'),
      error: { name: 'InvalidStateError', message: /bytes/ }
    }),
    'a block without bytes': () => ({
      state: replace(entry, () => undefined),
      error: { name: 'InvalidStateError', message: /bytes/ }
    }),
    'a block whose hash is garbage': () => ({
      state: { ...state, blocks: [...state.blocks, ['nonsense', new Uint8Array([1])]] },
      error: { name: 'InvalidBlockError', hash: 'nonsense', message: /hash/ }
    }),
    'a block that is no pair of hash and bytes': () => ({
      state: { ...state, blocks: [...state.blocks, 5 as unknown as Block] },
      error: { name: 'InvalidStateError', message: /blocks/ }
    }),
    'an entry of another log': () => ({
      state: append(next.foreign),
      error: { name: 'InvalidEntryError', hash: next.foreign[0], message: /doesn't match the log's id/ }
    }),
    'an entry whose payload was changed': () => ({
      state: append(next.changed),
      error: { name: 'InvalidEntryError', hash: next.changed[0], message: /signature/ },
      refusedWith: [true, 'signatures']
    }),
    'an entry without a signature': () => ({
      state: append(next.unsigned),
      error: { name: 'InvalidEntryError', hash: next.unsigned[0], message: /is not an entry/ },
      refusedWith: [true, 'signatures']
    }),
    'an entry of one who may not write': () => ({
      state: append(next.strange),
      error: { name: 'AccessDeniedError', hash: next.strange[0], message: /verify: 'signatures'/ },
      refusedWith: [true]
    }),
    'an entry of one who may not write, in the name of another': () => ({
      state: append(next.borrowed),
      error: { name: 'InvalidEntryError', hash: next.borrowed[0], message: /key/ },
      refusedWith: [true, 'signatures']
    }),
    'a changed entry of one who may not write': () => ({
      state: append(next.forged),
      error: { name: 'InvalidEntryError', hash: next.forged[0] },
      refusedWith: [true, 'signatures']
    }),
    'a missing entry': () => ({
      state: remove(entry),
      error: { name: 'MissingBlockError', hash: entry, message: /Entry/ }
    }),
    'a missing entry, and no index': () => ({
      state: { ...remove(entry), index: undefined! },
      error: { name: 'MissingBlockError', hash: entry, message: /Entry/ }
    }),
    'a missing head': () => ({
      state: { ...state, heads: [{ hash: nowhere, next: [] }] },
      error: { name: 'MissingBlockError', hash: nowhere, message: /Entry/ }
    }),
    'a missing next that the index does not have': () => ({
      state: append(next.dangling),
      error: { name: 'MissingBlockError', hash: nowhere, message: /Entry/ }
    }),
    'a missing ref that the index does not have': () => ({
      state: append(next.unreferred),
      error: { name: 'MissingBlockError', hash: nowhere, message: /Entry/ }
    }),
    'a missing identity': () => ({
      state: remove(writer),
      error: { name: 'MissingBlockError', hash: writer, message: /Identity/ },
      refusedWith: [true]
    }),
    'an index that has the manifest': () => ({
      state: index(manifest),
      error: { name: 'InvalidEntryError', hash: manifest, message: /not an entry/ }
    }),
    'an index that has an entry under another hash': () => ({
      state: index(rawHash),
      error: { name: 'InvalidStateError', message: new RegExp(rawHash) }
    }),
    'an index that has an identity': () => ({
      state: index(writer),
      error: { name: 'InvalidEntryError', hash: writer, message: /not an entry/ }
    }),
    'a head that is garbage': () => ({
      state: { ...state, heads: [{ hash: 'nonsense', next: [] }] },
      error: { name: 'InvalidStateError', message: /"nonsense"/ }
    }),
    'a head that is empty': () => ({
      state: { ...state, heads: [{ hash: '', next: [] }] },
      error: { name: 'InvalidStateError', message: /""/ }
    }),
    'an index that has garbage': () => ({
      state: index('nonsense'),
      error: { name: 'InvalidStateError', message: /"nonsense"/ }
    }),
    'an index that has no strings': () => ({
      state: index(5),
      error: { name: 'InvalidStateError', message: /"5"/ }
    }),
    'an identity that is garbage': () => ({
      state: append(next.anonymous),
      error: { name: 'InvalidEntryError', hash: next.anonymous[0] },
      refusedWith: [true, 'signatures']
    }),
    'a ref that is garbage': () => ({
      state: append(next.garbled),
      error: { name: 'InvalidEntryError', hash: next.garbled[0] }
    }),
    'no heads': () => ({
      state: { ...state, heads: undefined! },
      error: { name: 'InvalidStateError', message: /heads/ }
    })
  }

  describe('what is refused leaves everything as it was', () => {
    for (const [defect, create] of Object.entries(defects)) {
      it(`refuses ${defect}`, async () => {
        const { state: bad, error, refusedWith = always } = create()
        const replica = await createReplica()
        const { orbitdb } = replica
        await orbitdb.import(part, { sync: false })
        for (const way of allWays) {
          for (const verify of refusedWith) {
            await assertRefuses(replica, way, bad, verify, error)
          }
        }
        const { log } = await ways['db.import(state)'](orbitdb, state, true)
        deepStrictEqual((await contentsOf(log)).index, indexOf(state))
      })
    }

    it('refuses a state of another database', async () => {
      const replica = await createReplica()
      const db = await replica.orbitdb.open('another log', { sync: false })
      const before = await contentsOf(db.log)
      await assertFails(db.import(state), { name: 'InvalidStateError', message: new RegExp(state.address) })
      deepStrictEqual(await contentsOf(db.log), before)
    })

    it('refuses a state without a valid address where it has to say which database it is of', async () => {
      const { orbitdb } = await createReplica()
      for (const address of ['nonsense', '/orbitdb/nonsense', undefined]) {
        await assertFails(orbitdb.import({ ...state, address: address! }), { name: 'InvalidStateError', message: /address/ })
      }
    })
  })

  describe('what else may be left unverified', () => {
    const accepted: Record<string, () => [CollectedState, Verify[]]> = {
      'an entry of one who may not write': () => [append(next.strange), ['signatures', false]],
      'an entry whose payload was changed': () => [append(next.changed), [false]],
      'an entry without a signature': () => [append(next.unsigned), [false]]
    }

    for (const [what, create] of Object.entries(accepted)) {
      it(`takes ${what} when told not to verify it`, async () => {
        const [bad, levels] = create()
        for (const verify of levels) {
          for (const restore of Object.values(ways)) {
            const { orbitdb } = await createReplica()
            await orbitdb.import(part, { sync: false })
            await (await orbitdb.open(state.address, { sync: false })).close()
            const { log } = await restore(orbitdb, bad, verify)
            deepStrictEqual((await contentsOf(log)).index, indexOf(bad))
          }
        }
      })
    }

    it('gets the entries back of a writer who was revoked since, when told not to ask for access', async () => {
      const owner = await createReplica()
      const other = await createReplica()
      const writer = other.orbitdb.identity
      const db = await owner.orbitdb.open('log', { type: 'events', AccessController: OrbitDBAccessController(), sync: false })
      const access = db.access as OrbitDBAccessController
      await db.add('one')
      await access.grant('write', writer.id)
      const copy = await other.orbitdb.import<Events>(await db.export(), { sync: false })
      const hash = await copy.add('two')
      await db.import(await copy.export())
      await access.revoke('write', writer.id)
      const revoked = await collect(await db.export())

      for (const way of allWays) {
        const replica = await createReplica()
        await replica.orbitdb.import({ ...revoked, heads: [], index: [] }, { sync: false })
        await assertRefuses(replica, way, revoked, true, { name: 'AccessDeniedError', hash, message: /verify: 'signatures'/ })
        await rejects(ways[way](replica.orbitdb, revoked, true), { identity: writer.hash })

        const restored = await ways[way](replica.orbitdb, revoked, 'signatures')
        deepStrictEqual(await restored.all(), await db.all())
        strictEqual(await restored.access.canAppend((await restored.log.get(hash))!), false)
      }
    })
  })

  describe('blocks that are on the node already', () => {
    const tampered: Record<string, () => string> = {
      'an entry': () => entry,
      'an identity': () => writer
    }

    for (const [what, getHash] of Object.entries(tampered)) {
      it(`refuses a flipped bit in ${what}`, async () => {
        const hash = getHash()
        const replica = await createReplica()
        const { orbitdb, ipfs } = replica
        await orbitdb.import(part, { sync: false })
        await putBlocks(orbitdb, replace(hash, flipBit))
        for (const way of allWays) {
          for (const verify of always) {
            await assertRefuses(replica, way, { ...state, blocks: [] }, verify, { name: 'InvalidBlockError', hash })
          }
        }
        await ipfs.gc()
        deepStrictEqual((await contentsOf((await orbitdb.import(state, { sync: false })).log)).index, indexOf(state))
      })
    }

    it('refuses a flipped bit in an entry that is encrypted, also without the key', async () => {
      const owner = await createReplica()
      const encryption = { replication: await createCipher() }
      const db = await owner.orbitdb.open('log', { type: 'events', encryption, sync: false })
      await db.add('one')
      const hash = await db.add('two')
      const encrypted = await collect(await db.export())
      const { orbitdb } = await createReplica()
      await putBlocks(orbitdb, { ...encrypted, blocks: encrypted.blocks.map(([key, bytes]) => [key, key === hash ? flipBit(bytes) : bytes]) })

      const { heads, index, address } = encrypted
      await assertFails(orbitdb.open(address, { restore: { heads, index, verify: false }, sync: false }), { name: 'InvalidBlockError', hash })
    })
  })

  describe('blocks that are not there', () => {
    const missing: Record<string, () => string> = {
      'the manifest': () => manifest,
      'the access controller': () => access,
      'an entry': () => entry,
      'an identity': () => writer
    }

    for (const [what, getHash] of Object.entries(missing)) {
      it(`says at once that ${what} is missing`, async () => {
        const { orbitdb } = await createReplica()
        const error = { name: 'MissingBlockError', hash: getHash(), message: /offline: false/ }
        await assertFails(orbitdb.import(remove(getHash()), { sync: false }), error)
        deepStrictEqual((await contentsOf((await orbitdb.import(state, { sync: false })).log)).index, indexOf(state))
      })
    }

    it('asks no peer for an entry unless told to', async () => {
      const holder = await createReplica()
      await holder.orbitdb.import(state, { sync: false })
      const replica = await createReplica()
      await replica.orbitdb.import(part, { sync: false })
      await connect(replica, holder)

      const { heads, index, address } = state
      const db = await replica.orbitdb.open<Events>(address, { sync: false })
      await rejects(db.import({ heads, index }), { name: 'MissingBlockError' })
      await db.import({ heads, index }, { offline: false })
      deepStrictEqual((await contentsOf(db.log)).index, indexOf(state))
    })
  })
})
