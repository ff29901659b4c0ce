// Everything else that is exported.
import {
  AccessDeniedError, ComposedStorage, DefaultAccessController, EncryptedEntryError, Entry, Identities, ImportNotSupportedError, InvalidBlockError, InvalidEntryError, InvalidStateError,
  IPFSAccessController, IPFSBlockStorage, isIdentity, isValidAddress, KeyStore, LevelStorage, Log, LRUStorage, MemoryStorage, MissingBlockError, OrbitDBAccessController, parseAddress,
  PublicKeyIdentityProvider, useAccessController, useIdentityProvider,
  type AccessController, type AccessControllerParams, type Clock, type DatabaseState, type Head, type HeliaNode, type Identity, type IdentityProvider, type KeyPair, type LogState,
  type OrbitDB, type OrbitDBAddress, type SignedEntry, type SigningIdentity, type Storage
} from '../../src/index.ts'
import { is } from './helpers.ts'

declare const ipfs: HeliaNode
declare const orbitdb: OrbitDB

// OrbitDB
is<string>()(orbitdb.id)
is<string>()(orbitdb.directory)
is<HeliaNode>()(orbitdb.ipfs)
is<string>()(orbitdb.peerId.toString())
is<KeyStore>()(orbitdb.keystore)
is<Identities>()(orbitdb.identities)
is<SigningIdentity>()(orbitdb.identity)
is<void>()(await orbitdb.stop())

// Addresses
is<boolean>()(isValidAddress('/orbitdb/a'))
is<OrbitDBAddress>()(parseAddress('/orbitdb/a'))
is<string>()(parseAddress(parseAddress('/orbitdb/a')).hash)
// @ts-expect-error: neither a string nor an address
parseAddress(1)

// Storages
const memory = await MemoryStorage()
is<Storage<Uint8Array>>()(memory)
is<Storage<number>>()(await MemoryStorage<number>())
is<Storage<Uint8Array>>()(await LRUStorage({ size: 10 }))
is<Storage<number>>()(await LevelStorage<number>({ path: './level', valueEncoding: 'json' }))
await memory.put('hash', new Uint8Array(), AbortSignal.timeout(1))
await memory.putMany?.([['hash', new Uint8Array()]], AbortSignal.timeout(1), { sync: true, persist: false })
is<Uint8Array | undefined>()(await memory.get('hash', undefined, { offline: true }))
is<void>()(await memory.del('hash'))
await memory.merge(await LRUStorage())
for await (const [key, value] of memory.iterator({ amount: 1, reverse: true })) { is<string>()(key); is<Uint8Array>()(value) }
const composed = await ComposedStorage(memory, await ComposedStorage(await LRUStorage(), await IPFSBlockStorage({ ipfs })))
await composed.persist('hash')
await composed.clear()
await composed.close()
// @ts-expect-error: not bytes
await memory.put('hash', 'value')
// @ts-expect-error: a node is required
await IPFSBlockStorage({ pin: true })
// @ts-expect-error: storages of different values
await ComposedStorage(memory, await LRUStorage<number>())

// A storage of your own
const store = new Map<string, Uint8Array>()
const custom: Storage = {
  put: async (hash, value) => { store.set(hash, value) },
  get: async hash => store.get(hash),
  del: async hash => { store.delete(hash) },
  iterator: async function * () { yield * store },
  merge: async other => { for await (const [hash, value] of other.iterator()) store.set(hash, value) },
  clear: async () => { store.clear() },
  close: async () => {}
}

// Keys
const keystore = await KeyStore({ storage: custom, path: './keystore' })
is<boolean>()(await keystore.hasKey('id'))
is<void>()(await keystore.addKey('id', { privateKey: new Uint8Array() }))
is<KeyPair>()(await keystore.createKey('id'))
is<KeyPair | undefined>()(await keystore.getKey('id'))
is<string>()(keystore.getPublic(await keystore.createKey('id')))
is<string>()(keystore.getPublic(await keystore.createKey('id'), { format: 'hex' }))
is<Uint8Array>()(keystore.getPublic(await keystore.createKey('id'), { format: 'buffer' }))
await keystore.clear()
await keystore.close()
// @ts-expect-error: no such format
keystore.getPublic(await keystore.createKey('id'), { format: 'base64' })
// @ts-expect-error: may be undefined
keystore.getPublic(await keystore.getKey('id'))

// Identities
const identities = await Identities({ keystore, storage: custom, path: './identities', ipfs })
await Identities({ keystore, verifySignatures: async checks => checks.map(({ signature, publicKey, data }) => signature.length + publicKey.length + data.length > 0) })
// @ts-expect-error: the verdicts are a promise
await Identities({ keystore, verifySignatures: () => [true] })
const identity = await identities.createIdentity({ id: 'me' })
is<SigningIdentity>()(identity)
is<SigningIdentity>()(await identities.createIdentity({ provider: PublicKeyIdentityProvider({ keystore }), id: 'me', more: 1 }))
is<Identity | undefined>()(await identities.getIdentity('hash'))
is<boolean>()(await identities.verifyIdentity(identity))
is<string>()(await identities.sign(identity, 'data'))
is<boolean>()(await identities.verify('signature', 'key', new Uint8Array()))
is<KeyStore>()(identities.keystore)
is<string>()(identity.signatures.publicKey)
is<Uint8Array>()(identity.bytes)
is<string>()(await identity.sign(identity, 'data'))
is<'publickey'>()(PublicKeyIdentityProvider.type)
const something: object = {}
if (isIdentity(something)) is<Identity>()(something)
// @ts-expect-error: an identity that was read can not sign
await (await identities.getIdentity('hash'))?.sign(identity, 'data')
// @ts-expect-error: the provider has to be initialized
await identities.createIdentity({ provider: PublicKeyIdentityProvider })

const Provider = ({ secret }: { secret: string }) => async (): Promise<IdentityProvider> => ({
  type: 'mine',
  getId: async ({ id }) => id ?? secret,
  signIdentity: async data => data
})
Provider.type = 'mine'
Provider.verifyIdentity = async (identity: Identity) => identity.type === 'mine'
useIdentityProvider(Provider)
await identities.createIdentity({ provider: Provider({ secret: 'a' }) })
// @ts-expect-error: has no type and can not verify
useIdentityProvider(() => async () => ({ type: 'mine', getId: async () => '', signIdentity: async () => '' }))

// Logs and entries
const log = await Log<string>(identity, {
  logId: 'log',
  logHeads: [],
  access: await DefaultAccessController(),
  entryStorage: custom,
  headsStorage: await MemoryStorage(),
  indexStorage: await MemoryStorage<true>(),
  sortFn: (a, b) => a.clock.time - b.clock.time,
  encryption: { replication: { encrypt: async bytes => bytes, decrypt: bytes => bytes } }
})
const entry = await log.append('hello', { referencesCount: 1 })
is<Entry<string>>()(entry)
is<string>()(entry.payload)
is<string>()(log.id)
is<Clock>()(await log.clock())
is<Array<Entry<string>>>()(await log.heads())
is<Array<Entry<string>>>()(await log.values())
is<Array<Entry<string>>>()(await log.all())
is<Entry<string> | undefined>()(await log.get('hash'))
is<boolean>()(await log.has('hash'))
is<void>()(await log.join(log))
is<boolean>()(await log.joinEntry(entry))
for await (const { payload } of log.traverse([entry], async e => e.hash === 'hash')) is<string>()(payload)
for await (const { payload } of log.traverse(null, e => e.clock.time === 1)) is<string>()(payload)
for await (const { payload } of log.iterator({ amount: 1, lt: [entry], lte: 'hash' })) is<string>()(payload)
is<Storage>()(log.storage)
is<Storage>()(log.headsStorage)
is<Storage<unknown>>()(log.indexStorage)
is<SigningIdentity>()(log.identity)
is<boolean>()(await log.access.canAppend(entry))
is<LogState>()(await log.export())
is<Head[]>()((await log.export()).heads)
is<Array<Entry<string> | Head>>()((await log.import(await log.export(), { verify: false, blockStorage: composed })).heads)
await log.clear()
await log.close()
// @ts-expect-error: not the log's payload
await log.append(1)
// @ts-expect-error: an identity is required
await Log()
// @ts-expect-error: no such option
log.iterator({ limit: 1 })
// @ts-expect-error: not an entry
await log.joinEntry({ hash: 'hash' })

const signed = await Entry.create(identity, 'log', { any: 'value' }, null, { id: 'key', time: 1 }, ['hash'], [])
is<SignedEntry<{ any: string }>>()(signed)
is<boolean>()(await Entry.verify(identities, signed))
is<boolean>()(await Entry.verify(identity, signed))
const { hash, bytes } = await Entry.encode(signed)
is<string>()(hash)
is<Entry>()(await Entry.decode(bytes))
is<Entry<number>>()(await Entry.decode<number>(bytes, bytes => bytes))
is<boolean>()(Entry.isEqual(undefined, entry))
is<boolean>()(Entry.isEncrypted(bytes))
if (Entry.isEntry(something)) is<number>()(something.v)
// @ts-expect-error: an entry that was not stored has no hash
is<string>()(signed.hash)
// @ts-expect-error: an identity that was read can not sign
await Entry.create((await identities.getIdentity('hash'))!, 'log', 'payload')

// Access controllers
const params: AccessControllerParams = { orbitdb, identities, address: '/ipfs/a', name: 'name' }
const ipfsAccess = await IPFSAccessController({ write: ['*'], storage: custom })(params)
is<'ipfs'>()(ipfsAccess.type)
is<'ipfs'>()(IPFSAccessController.type)
is<string[]>()(ipfsAccess.write)
is<boolean>()(await ipfsAccess.canAppend(signed))
const orbitdbAccess = await OrbitDBAccessController({ write: ['id'] })(params)
is<'orbitdb'>()(OrbitDBAccessController.type)
is<Record<string, Set<string>>>()(await orbitdbAccess.capabilities())
is<Set<string>>()(await orbitdbAccess.get('write'))
is<void>()(await orbitdbAccess.grant('write', 'id'))
is<void>()(await orbitdbAccess.revoke('write', 'id'))
is<DatabaseState>()(await orbitdbAccess.export({ offline: true }))
is<{ added: number, mended: number }>()(await orbitdbAccess.import(await orbitdbAccess.export(), { offline: true }))
orbitdbAccess.events.on('update', entry => is<Entry>()(entry))
await orbitdbAccess.close()
await orbitdbAccess.drop()
// @ts-expect-error: the list is fixed
await ipfsAccess.grant('write', 'id')
// @ts-expect-error: a list of ids
IPFSAccessController({ write: 'id' })

const Custom = () => async ({ address }: AccessControllerParams): Promise<AccessController> => {
  const writers = new Set<unknown>()
  return {
    type: 'custom',
    address: address ?? '/custom/a',
    canAppend: ({ identity }) => writers.has(identity),
    export: async () => [...writers],
    import: async state => { if (Array.isArray(state)) state.forEach(id => writers.add(id)) }
  }
}
Custom.type = 'custom'
useAccessController(Custom)
await orbitdb.open('mydb', { AccessController: Custom() })
// @ts-expect-error: has no type
useAccessController(() => Custom())
// @ts-expect-error: has no address
await orbitdb.open('mydb', { AccessController: async () => ({ type: 'custom', canAppend: () => true }) })

// Errors
const check = (error: unknown): void => {
  if (error instanceof InvalidStateError) is<'InvalidStateError'>()(error.name)
  if (error instanceof MissingBlockError) is<string>()(error.hash)
  if (error instanceof InvalidBlockError) is<string>()(error.hash)
  if (error instanceof InvalidEntryError) is<string>()(error.hash)
  if (error instanceof AccessDeniedError) is<string>()(error.hash + error.identity)
  if (error instanceof EncryptedEntryError) is<string>()(error.hash)
  if (error instanceof ImportNotSupportedError) is<string>()(error.type)
  // @ts-expect-error: has no hash
  if (error instanceof InvalidStateError) is<string>()(error.hash)
}
export default check
