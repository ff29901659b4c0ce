import { AssertionError, deepStrictEqual, fail, ok, strictEqual } from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { sign, toState } from './logs.ts'
import { createNode } from '../helpers/node.ts'
import { hashOf } from '../../src/core/blocks.ts'
import { createOrbitDB, Identities, KeyStore, MemoryStorage } from '../../src/index.ts'
import type { HostileLog } from './logs.ts'
import type { Node } from '../helpers/node.ts'
import type { Events, OrbitDB, SigningIdentity, Storage } from '../../src/index.ts'

/** A node with OrbitDB, of which everything that it keeps can be looked at. */
export interface Victim {
  ipfs: Node
  orbitdb: OrbitDB
  directory: string
  keys: Storage<any>
}

/** Those who take part: the owner of the databases, and others, who may not write. */
export interface World {
  /** Has the databases, and writes to them. */
  owner: Victim
  /** Has none of them. */
  empty: Victim
  ownerIdentity: SigningIdentity
  mallory: SigningIdentity
}

/** Starts a node with OrbitDB, whose blocks, pins and keys are in memory. */
export async function createVictim (id: string): Promise<Victim> {
  const ipfs = await createNode()
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
  const keys = await MemoryStorage<any>()
  const keystore = await KeyStore({ storage: keys })
  const identities = await Identities({ ipfs, keystore })
  const orbitdb = await createOrbitDB({ ipfs, identities, id, directory })
  return { ipfs, orbitdb, directory, keys }
}

export async function stopVictim ({ ipfs, orbitdb, directory }: Victim): Promise<void> {
  await orbitdb.stop()
  await ipfs.stop()
  await rm(directory, { recursive: true, force: true })
}

/** How many tests have the same nodes: what they leave makes it longer to look at everything. */
const testsOfNodes = 25

/** Gives the tests of a suite the same world, for some of them at a time. */
export function useWorld (): World {
  const world = {} as World
  let count = 0

  const stop = async (): Promise<void> => {
    for (const victim of world.owner == null ? [] : [world.owner, world.empty]) await stopVictim(victim)
  }

  beforeEach(async () => {
    if (count++ % testsOfNodes === 0) {
      await stop()
      world.owner = await createVictim('owner')
      world.empty = await createVictim('empty')
      world.ownerIdentity = world.owner.orbitdb.identity as SigningIdentity
      const identities = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage: await MemoryStorage() })
      world.mallory = await identities.createIdentity({ id: 'mallory' })
    }
  })

  after(stop)

  return world
}

/** Storages of a database in memory, to be looked at. */
export async function createStorages (): Promise<{ headsStorage: Storage<any>, indexStorage: Storage<any> }> {
  return { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() }
}

const recordsOf = async (storage: Storage<any>): Promise<string[]> => (await all(storage.iterator())).map(([key, value]) => `${key}: ${String(value)}`).sort()

/** Everything that a node and OrbitDB keep, but for blocks. */
async function keptBy ({ ipfs, directory, keys }: Victim, storages: Array<Storage<any>>) {
  const pins = await all(ipfs.datastore.query({ prefix: '/pin' }))
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  return {
    pins: pins.map(({ key, value }) => [key.toString(), ...value].join()).sort(),
    folders: files.filter(file => file.isDirectory()).map(({ parentPath, name }) => join(parentPath, name)).sort(),
    records: await Promise.all([keys, ...storages].map(recordsOf))
  }
}

const nameOf = (cid: CID): string => base58btc.encode(cid.multihash.bytes)

/**
 * Fails unless all that something leaves on a node are blocks under their own hashes, which are not pinned.
 *
 * @param leaves - whether what came out may leave something
 */
export async function assertLeavesNothing<Result> (victim: Victim, storages: Array<Storage<any>>, act: () => Promise<Result>, leaves: (result: Result) => boolean = () => false): Promise<Result> {
  const { blockstore } = victim.ipfs
  const before = await keptBy(victim, storages)
  const known = new Set<string>()
  for await (const { cid } of blockstore.getAll()) known.add(nameOf(cid))
  const result = await act()
  if (leaves(result)) return result
  deepStrictEqual(await keptBy(victim, storages), before, 'nothing is left')
  for await (const { cid, bytes } of blockstore.getAll()) {
    const name = nameOf(cid)
    if (!known.delete(name)) strictEqual(nameOf(CID.parse(await hashOf(concat(await all(bytes))), base58btc)), name, 'a block is under its own hash')
  }
  deepStrictEqual([...known], [], 'no block is lost')
  return result
}

/** The code of the error that something fails with; undefined where it doesn't. */
export async function codeOf (act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act()
  } catch (error) {
    if (error instanceof AssertionError) throw error
    const { code, name, message, stack } = error as Error & { code?: unknown }
    if (typeof code !== 'string') fail(`it failed with an error without a code: ${stack}`)
    ok(name.endsWith('Error') && name !== 'Error' && message.length > 0, `${name}: ${message}`)
    return code
  }
}

/** Fails unless a database can be read, be written to by its owner, and takes and gives what is new. */
export async function assertIsUsable ({ ownerIdentity, empty }: World, db: Events): Promise<void> {
  const before = await db.all()
  const added = await db.add('written afterwards')
  const { clock } = (await db.log.get(added))!
  const { hash, bytes } = await sign(ownerIdentity, { id: db.address, next: [added], clock: { id: ownerIdentity.publicKey, time: Math.min(clock.time + 1, Number.MAX_SAFE_INTEGER) } })
  strictEqual(await db.log.joinEntry(bytes), true, 'an entry of a peer is taken')
  const hashes = (await db.all()).map(({ hash }) => hash)
  deepStrictEqual(hashes.toSorted(), [...before.map(({ hash }) => hash), added, hash].sort())
  const copy = await empty.orbitdb.import<Events>(await db.export(), { sync: false, ...await createStorages() })
  deepStrictEqual((await copy.all()).map(({ hash }) => hash), hashes, 'a peer takes what is there')
  await copy.drop()
}

/** Opens a database of its own on the owner's node, lets something happen to it, and removes it. */
export async function withDatabase (world: World, log: HostileLog, use: (db: Events, storages: Array<Storage<any>>) => Promise<void>): Promise<void> {
  const storages = await createStorages()
  const db = await world.owner.orbitdb.import<Events>(toState(log), { sync: false, ...storages })
  try {
    await use(db, Object.values(storages))
  } finally {
    await db.drop()
  }
}

/** Lets something be done to a node that has to fail with a certain code, and then to leave nothing; or has to be done. */
export async function assertIsRefused (victim: Victim, storages: Array<Storage<any>>, code: string | undefined, act: () => Promise<unknown>): Promise<void> {
  if (code == null) {
    await act()
  } else {
    strictEqual(await assertLeavesNothing(victim, storages, () => codeOf(act)), code)
  }
}
