import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import * as Block from 'multiformats/block'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { assertRestores, backUp, open, read, ways } from '../helpers/backups.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { createWriter, writeAsAnother } from '../helpers/writers.ts'
import { AccessDeniedError, Events, IPFSAccessController, IPFSBlockStorage, KeyValue, OrbitDBAccessController, useAccessController } from '../../src/index.ts'
import type { MultibaseDecoder, MultibaseEncoder } from 'multiformats'
import type { Backup, CollectedState } from '../helpers/backups.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { AccessControllerFactory, AccessControllerParams, Database, DatabaseFactory, HeliaNode, Identities, SignedEntry } from '../../src/index.ts'

/** A database of someone who lets everyone write to it, whatever its access controller says. */
const withoutControl = <DB extends Database>(createDatabase: DatabaseFactory<DB>): DatabaseFactory<DB> => ({ access, ...params }) => {
  return createDatabase({ ...params, access: { ...access!, canAppend: () => true } })
}

const isOneOf = async (writers: Iterable<string>, identities: Identities, entry: SignedEntry): Promise<boolean> => {
  const identity = await identities.getIdentity(entry.identity)
  return identity != null && [...writers].includes(identity.id) && identities.verifyIdentity(identity)
}

/** Of an app: its writers are in a block, whose hash is in its address. */
const createBlockAccessController = (type: string, base: MultibaseEncoder<any> & MultibaseDecoder<any>) => {
  const BlockAccessController = ({ write = [] }: { write?: string[] } = {}) => async ({ orbitdb, identities, address }: AccessControllerParams) => {
    const storage = await IPFSBlockStorage({ ipfs: orbitdb.ipfs, pin: true })
    if (address == null) {
      const { cid, bytes } = await Block.encode({ value: write, codec: dagCbor, hasher: sha256 })
      await storage.put(cid.toString(base58btc), bytes)
      address = `/${type}/${cid.toString(base)}`
    } else {
      const cid = CID.parse(address.replace(`/${type}/`, ''), base)
      write = dagCbor.decode(await storage.get(cid.toString(base58btc)) ?? new Uint8Array())
    }
    return { type, address, write, canAppend: (entry: SignedEntry) => isOneOf(write, identities, entry) }
  }
  return Object.assign(BlockAccessController, { type })
}
const BlockAccessController = createBlockAccessController('block', base58btc)
const Base32AccessController = createBlockAccessController('base32', base32)

/** Of an app: it has no block. */
const EveryoneAccessController = () => async () => ({ type: 'everyone', address: '/everyone/may write', canAppend: () => true })
EveryoneAccessController.type = 'everyone'

/** Of an app: it keeps its writers itself, for each node that it runs on, and has its own way to export them. */
const RegistryAccessController = () => async ({ orbitdb: { ipfs, identity }, identities, address, name }: AccessControllerParams) => {
  const writers = registries.get(ipfs) ?? new Set(address == null ? [identity.id] : [])
  registries.set(ipfs, writers)
  return {
    type: 'registry',
    writers,
    address: address ?? `/registry/${name}`,
    canAppend: (entry: SignedEntry) => isOneOf(writers, identities, entry),
    grant: async (id: string) => { writers.add(id) },
    export: async () => ({ writers: [...writers] }),
    import: async (state: any) => { state.writers.forEach((id: string) => writers.add(id)) }
  }
}
RegistryAccessController.type = 'registry'
const registries = new WeakMap<HeliaNode, Set<string>>()

/** Of an app: its writers are in a database that again has an access controller with a database. */
const NestedAccessController = () => async ({ orbitdb, identities, address, name }: AccessControllerParams) => {
  const db = await orbitdb.open(address?.replace('/nested/', '/orbitdb/') ?? `writers of ${name}`, { type: 'keyvalue', AccessController: OrbitDBAccessController() })
  return {
    type: 'nested',
    address: db.address.replace('/orbitdb/', '/nested/'),
    db,
    canAppend: async (entry: SignedEntry) => isOneOf((await db.all()).map(({ key }) => key), identities, entry),
    export: db.export,
    import: db.import,
    close: db.close,
    drop: db.drop
  }
}
NestedAccessController.type = 'nested'

describe('Access controllers', () => {
  const replicas = useReplicas()
  const { createReplica } = replicas
  let source: Replica
  let writer: Awaited<ReturnType<typeof createWriter>>

  const createSource = async (): Promise<void> => {
    source = await createReplica()
    writer = await createWriter(source)
  }

  /** Writes a database as its creator, and as another writer at the same time. */
  const write = async (createAccess: () => AccessControllerFactory<any>, grant: (access: any) => Promise<unknown> = async () => {}) => {
    const Database = withoutControl(Events<string>())
    const db = await source.orbitdb.open('database', { Database, AccessController: createAccess() })
    await grant(db.access)
    await db.add('before')
    await writeAsAnother(source, db, async copy => {
      await copy.add('by another')
      await db.add('at the same time')
    }, { orbitdb: writer, database: { Database } })
    strictEqual((await db.all()).length, 3)
    return db
  }

  const createBackup = async (...args: Parameters<typeof write>): Promise<Backup> => {
    await createSource()
    return backUp(source, await write(...args))
  }

  /** Restores what `create` backs up in each way, and lets `check` look at the access controller. */
  const itIsRestored = (create: () => Promise<Backup>, check: (access: any) => unknown = () => {}): void => {
    let backup: Backup

    before(async () => {
      backup = await create()
    })

    for (const [way, restore] of Object.entries(ways)) {
      it(`is restored by ${way}`, () => assertRestores(replicas, backup, {
        restore: async (orbitdb, state, options) => {
          const db = await restore(orbitdb, state, options)
          await check(db.access)
          return db
        }
      }))
    }
  }

  /** Fails unless a state is refused because the writer has no access, and can be restored without asking for it. */
  const assertIsDenied = async ({ state, contents }: Backup): Promise<void> => {
    const { orbitdb } = await createReplica()
    await rejects(orbitdb.import(state), (error: Error) => {
      ok(error instanceof AccessDeniedError)
      strictEqual(error.identity, writer.identity.hash)
      ok(state.index.has(error.hash))
      ok(error.message.includes("verify: 'signatures'"))
      return true
    })
    const db = await open(orbitdb, state.address)
    strictEqual(JSON.stringify(await db.log.export()), '{"heads":[],"index":[]}')

    await db.import(state, { verify: 'signatures' })
    deepStrictEqual(await read(db), contents)
  }

  before(() => {
    for (const accessController of [BlockAccessController, Base32AccessController, EveryoneAccessController, RegistryAccessController, NestedAccessController]) {
      useAccessController(accessController)
    }
  })

  describe('IPFSAccessController', () => {
    describe('with a list of writers', () => {
      itIsRestored(
        () => createBackup(() => IPFSAccessController({ write: [source.orbitdb.identity.id, writer.identity.id] })),
        access => strictEqual(access.write[1], writer.identity.id)
      )
    })

    describe('that lets everyone write', () => {
      itIsRestored(() => createBackup(() => IPFSAccessController({ write: ['*'] })), access => deepStrictEqual(access.write, ['*']))
    })

    it('refuses what it does not allow', async () => {
      await assertIsDenied(await createBackup(() => IPFSAccessController()))
    })
  })

  describe('OrbitDBAccessController', () => {
    const create = () => OrbitDBAccessController()
    const grant = (access: any) => access.grant('write', writer.identity.id)

    describe('that granted access later', () => {
      itIsRestored(
        () => createBackup(create, grant),
        async access => deepStrictEqual(await access.get('write'), new Set([writer.identity.id]))
      )
    })

    it('has its state in that of the database', async () => {
      const { state } = await createBackup(create, grant)
      const access = state.accessController as CollectedState
      deepStrictEqual([access.type, access.heads.length, access.index.size], ['keyvalue', 1, 1])
    })

    it('refuses what it does not allow', async () => {
      await assertIsDenied(await createBackup(create))
    })

    it('refuses what a writer wrote whose access was revoked since', async () => {
      await createSource()
      const db = await write(create, grant)
      await (db.access as OrbitDBAccessController).revoke('write', writer.identity.id)
      await assertIsDenied(await backUp(source, db))
    })
  })

  describe('a registered one whose own database has an OrbitDBAccessController', () => {
    // The writer may write to the controller's database, and lets itself write to the database there
    const grant = async ({ db }: { db: KeyValue }) => {
      await (db.access as OrbitDBAccessController).grant('write', writer.identity.id)
      await writeAsAnother(source, db, copy => copy.put(writer.identity.id, true), { orbitdb: writer, database: { Database: withoutControl(KeyValue()) } })
      await db.put(source.orbitdb.identity.id, true)
    }

    itIsRestored(() => createBackup(NestedAccessController, grant), async ({ db }) => {
      strictEqual((await db.all()).length, 2)
      strictEqual((await db.access.get('write')).size, 1)
    })
  })

  describe('a registered one without export', () => {
    describe('that has a block', () => {
      itIsRestored(() => createBackup(() => BlockAccessController({ write: [source.orbitdb.identity.id, writer.identity.id] })))

      it('refuses what it does not allow', async () => {
        await assertIsDenied(await createBackup(() => BlockAccessController({ write: [source.orbitdb.identity.id] })))
      })
    })

    describe('that has a block, which its address names in another base', () => {
      itIsRestored(() => createBackup(() => Base32AccessController({ write: [source.orbitdb.identity.id, writer.identity.id] })))
    })

    describe('whose address names no block', () => {
      itIsRestored(() => createBackup(EveryoneAccessController))
    })
  })

  describe('a registered one with export and import', () => {
    const grant = (access: any) => access.grant(writer.identity.id)

    itIsRestored(() => createBackup(RegistryAccessController, grant), access => strictEqual(access.writers.size, 2))

    it('has its state in that of the database', async () => {
      const { state } = await createBackup(RegistryAccessController, grant)
      deepStrictEqual(state.accessController, { writers: [source.orbitdb.identity.id, writer.identity.id] })
    })
  })
})
