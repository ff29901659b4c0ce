import { strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { assertRestores, backUp, ways } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { ComposedStorage, IPFSAccessController, LevelStorage, LRUStorage, MemoryStorage } from '../../src/index.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Storage } from '../../src/index.ts'

/** Creates a storage for what is kept at a path. */
type CreateStorage = (path: string) => Promise<Storage<any>>

/** A storage of someone else, with no more than OrbitDB 4.0.0 asks for. */
class ThirdPartyStorage implements Storage<any> {
  #values = new Map<string, any>()

  async put (hash: string, value: any) { this.#values.set(hash, value) }
  async get (hash: string) { return this.#values.get(hash) }
  async del (hash: string) { this.#values.delete(hash) }
  async clear () { this.#values.clear() }
  async close () {}
  async * iterator () { yield * this.#values }

  async merge (other: Storage<any>) {
    for await (const [hash, value] of other.iterator()) {
      this.#values.set(hash, value)
    }
  }
}

/** One that can also keep what is put from being removed. */
class PersistentThirdPartyStorage extends ThirdPartyStorage {
  #persisted = new Set<string>()

  async persist (hash: string) { this.#persisted.add(hash) }
}

/** Gives the same storage for a path again, where it is one in memory. */
const keep = (createStorage: CreateStorage): CreateStorage => {
  const storages = new Map<string, Promise<Storage<any>>>()
  return path => {
    const storage = storages.get(path) ?? createStorage(path)
    storages.set(path, storage)
    return storage
  }
}

const kinds: Record<string, CreateStorage> = {
  Memory: keep(MemoryStorage),
  LRU: keep(() => LRUStorage({ size: 100 })),
  Level: path => LevelStorage({ path }),
  'Composed of LRU and Level': async path => ComposedStorage(await LRUStorage({ size: 1 }), await LevelStorage({ path })),
  'third-party': keep(async () => new ThirdPartyStorage()),
  'third-party with persist': keep(async () => new PersistentThirdPartyStorage()),
  'Composed of third-party storages': keep(async () => ComposedStorage(new ThirdPartyStorage(), new PersistentThirdPartyStorage()))
}

const roles = ['entryStorage', 'headsStorage', 'indexStorage'] as const
type Role = typeof roles[number]

describe('Storages', () => {
  const replicas = useReplicas()

  const createStorages = async (roles: readonly Role[], createStorage: CreateStorage, { directory }: Replica): Promise<Record<string, Storage<any>>> => {
    const storages = roles.map(async role => [role, await createStorage(join(directory, role))])
    return Object.fromEntries(await Promise.all(storages))
  }

  /** Writes a database that has two heads, and restores it, both in storages of a kind. */
  const assertRestoresIn = async (roles: readonly Role[], createStorage: CreateStorage): Promise<void> => {
    const createOptions = (replica: Replica) => createStorages(roles, createStorage, replica)
    const replica = await replicas.createReplica()
    const storages = await createOptions(replica)
    const db = await replica.orbitdb.open('database', { type: 'events', ...storages, AccessController: IPFSAccessController({ write: ['*'] }) })
    await writeAsAnother(replica, db, async copy => {
      await db.add('one')
      await db.add('two')
      await copy.add('three')
    })
    const backup = await backUp(replica, db)
    strictEqual(backup.contents.records.length, 3)
    strictEqual(backup.contents.heads.length, 2)

    await assertRestores(replicas, backup, {
      createOptions,
      restore: async (orbitdb, state, options) => {
        const restored = await ways['orbitdb.import(state)'](orbitdb, state, options)
        const { storage: entryStorage, headsStorage, indexStorage } = restored.log
        const used = { entryStorage, headsStorage, indexStorage }
        for (const role of roles) {
          strictEqual(used[role], options?.[role])
        }
        return restored
      }
    })
  }

  for (const [name, createStorage] of Object.entries(kinds)) {
    describe(name, () => {
      for (const role of roles) {
        it(`holds a restored database as its ${role}`, () => assertRestoresIn([role], createStorage))
      }

      it('holds a restored database as all of its storages', () => assertRestoresIn(roles, createStorage))
    })
  }
})
