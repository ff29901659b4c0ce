// Rule: restored blocks survive the garbage collection, as blocks that OrbitDB itself wrote do.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import drain from 'it-drain'
import { createBackup, createOrbitDB, IPFSAccessController, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import { collect, open, putBlocks, read, ways } from '../helpers/backups.ts'
import { encodeBlock, hashOf, pinsOf, toCID } from '../helpers/blocks.ts'
import { createCipher } from '../helpers/encryption.ts'
import { useReplicas } from '../helpers/replicas.ts'
import type { CID } from 'multiformats/cid'
import type { Backup, CollectedState, Restore } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { AccessControllerFactory, Events } from '../../src/index.ts'

/** The hashes of all blocks of a state, and of that of its access controller. */
function hashesOf ({ blocks, accessController }: CollectedState): string[] {
  const hashes = blocks.map(([hash]) => hash)
  return accessController == null ? hashes : [...hashes, ...hashesOf(accessController as CollectedState)]
}

/** Fails unless a node keeps what it should when it collects the garbage. */
async function assertKeeps ({ ipfs, orbitdb: { ipfs: { blockstore } } }: Replica, hashes: string[]): Promise<void> {
  const [garbage, bytes] = await encodeBlock(Math.random())
  await blockstore.put(toCID(garbage), bytes)
  await ipfs.gc()
  ok(!await blockstore.has(toCID(garbage)), 'the garbage is collected')
  for (const hash of hashes) {
    ok(await blockstore.has(toCID(hash)), `"${hash}" is kept`)
  }
}

describe('Pinned', () => {
  const { createReplica } = useReplicas()

  /** Writes a database, with entries of two writers, and backs it up. */
  const writeBackup = async (AccessController: AccessControllerFactory): Promise<Backup> => {
    const owner = await createReplica()
    const other = await createReplica()
    const db = await owner.orbitdb.open('log', { type: 'events', AccessController, sync: false })
    await db.add('one')
    await (db.access as Partial<OrbitDBAccessController>).grant?.('write', other.orbitdb.identity.id)
    const copy = await other.orbitdb.import<Events>(await db.export(), { sync: false })
    await copy.add('two')
    await db.add('three')
    await db.import(await copy.export())
    return { contents: await read(db), state: await collect(await db.export()) }
  }

  const accessControllers = {
    ipfs: () => IPFSAccessController({ write: ['*'] }),
    orbitdb: () => OrbitDBAccessController()
  } satisfies Record<string, () => AccessControllerFactory>

  for (const [type, createAccessController] of Object.entries(accessControllers)) {
    for (const [way, restore] of Object.entries(ways)) {
      it(`is all that ${way} restored, with an access controller of the type ${type}`, async () => {
        const { state, contents } = await writeBackup(createAccessController())
        const replica = await createReplica()
        await restore(replica.orbitdb, state)
        await assertKeeps(replica, hashesOf(state))
        await replica.orbitdb.stop()

        const orbitdb = await createOrbitDB({ ipfs: replica.ipfs, directory: replica.orbitdb.directory })
        deepStrictEqual(await read(await open(orbitdb, state.address)), contents)
        await orbitdb.stop()
      })
    }
  }

  /** Stores blocks, and pins a root of the user's own that links to all of them. */
  const pinAll = async ({ ipfs, orbitdb }: Replica, state: CollectedState): Promise<CID> => {
    await putBlocks(orbitdb, state)
    const [hash, bytes] = await encodeBlock(hashesOf(state).map(toCID))
    const root = toCID(hash)
    await ipfs.blockstore.put(root as any, bytes)
    await drain(ipfs.pins.add(root as any))
    return root
  }

  for (const [way, restore] of Object.entries({
    ...ways,
    'log.joinEntry': async (orbitdb, { address, blocks, index }) => {
      const db = await orbitdb.open<Events>(address as any, { sync: false })
      for (const [, bytes] of blocks.filter(([hash]) => index.has(hash))) await db.log.joinEntry(bytes)
      return db
    },
    restoreBackup: async (orbitdb, state) => {
      const { orbitdb: other } = await createReplica()
      const archive = new Uint8Array(await new Response(createBackup(await other.import(state)).stream()).arrayBuffer())
      return restoreBackup(orbitdb, archive)
    }
  } satisfies Record<string, Restore>)) {
    it(`is all that came by ${way}, when a root that a user had pinned is unpinned which links to it`, async () => {
      const { state, contents } = await writeBackup(accessControllers.ipfs())
      const replica = await createReplica()
      const root = await pinAll(replica, state)
      const db = await restore(replica.orbitdb, state)
      deepStrictEqual(await read(db), contents)
      await drain(replica.ipfs.pins.rm(root as any))
      await assertKeeps(replica, hashesOf(state))
    })
  }

  it('are encrypted entries that were restored without the key', async () => {
    const owner = await createReplica()
    const encryption = { replication: await createCipher() }
    const source = await owner.orbitdb.open('log', { type: 'events', encryption, sync: false })
    await source.add('one')
    await source.add('two')
    const state = await collect(await source.export())

    const replica = await createReplica()
    await replica.orbitdb.import(state, { verify: false })
    await assertKeeps(replica, [...state.index.keys()])
  })

  for (const isEncrypted of [false, true]) {
    for (const [what, leaveOut] of Object.entries({
      'with its blocks': state => state,
      'without blocks': state => ({ ...state, blocks: [] }),
      'without blocks and index': state => ({ ...state, blocks: [], index: undefined })
    } satisfies Record<string, (state: CollectedState) => object>)) {
      it(`are the identities of writers whose pins were lost, when the state comes again ${what}${isEncrypted ? ', encrypted' : ''}`, async () => {
        const options = isEncrypted ? { encryption: { replication: await createCipher() } } : {}
        const [owner, replica] = [await createReplica(), await createReplica()]
        const source = await owner.orbitdb.open<Events>('log', { ...options, sync: false })
        await source.add('one')
        await source.add('two')
        const state = await collect(await source.export())
        const db = await replica.orbitdb.import<Events>(state, { ...options, sync: false })
        await drain(replica.ipfs.pins.rm(toCID(owner.orbitdb.identity.hash) as any))
        strictEqual((await db.import({ ...state, ...leaveOut(state) } as CollectedState)).added, 0)
        await assertKeeps(replica, hashesOf(state))
      })
    }
  }

  for (const [way, restore] of Object.entries(ways)) {
    it(`is nothing of what ${way} refused`, async () => {
      const { state } = await writeBackup(accessControllers.ipfs())
      const replica = await createReplica()
      await putBlocks(replica.orbitdb, state, hash => !state.index.has(hash))
      await (await open(replica.orbitdb, state.address)).close()
      const pins = await pinsOf(replica.ipfs)

      const index = new Set([...state.index, hashOf(state.address)])
      await rejects(restore(replica.orbitdb, { ...state, index }), { name: 'InvalidEntryError' })
      deepStrictEqual(await pinsOf(replica.ipfs), pins)
      await assertKeeps(replica, pins)
      await rejects(restore(replica.orbitdb, { ...state, blocks: [] }), { name: 'MissingBlockError' })
    })
  }
})
