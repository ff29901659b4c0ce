import { createBlockReader } from './reader.ts'
import { ReadOnlyError } from './errors.ts'
import { readDigests } from './lists.ts'
import { createEntryStorage, createHeadsStorage, createIndexStorage } from './storages.ts'
import { pickRoots } from '../roots.ts'
import { decodeBlock } from '../decode.ts'
import { ArchiveError, DamagedArchiveError, ForeignArchiveError, hashOfDigest, rootToString, UnsupportedVersionError } from '../errors.ts'
import { decodeRoot, version, versionOf } from '../format/root.ts'
import { decodeSnapshot } from '../format/snapshot.ts'
import { assertWithin, toLimits } from '../limits.ts'
import { DatabaseNotFoundError } from '../pick.ts'
import { openRandomAccess } from '../sources/random.ts'
import { missingBlock } from '../../blocks/errors.ts'
import { digestOf } from '../../blocks/cids.ts'
import { toBytes } from '../../blocks/hashes.ts'
import { createScratchNode, createVerification, getAccessController, getDatabaseType } from '../../core/elsewhere.ts'
import { isHash, readManifest } from '../../core/blocks.ts'
import { Identities, KeyStore, MemoryStorage } from '../../core/index.ts'
import { verifySignatures } from '../../signatures/index.ts'
import type { BlockReader } from './reader.ts'
import type { RootLike } from '../roots.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { Limits } from '../limits.ts'
import type { BackupSource } from '../sources/index.ts'
import type { AccessController, AccessControllerFactory, AnyDatabase, Database, DatabaseAddress, DatabaseFactory, Encryption, Head, HeliaNode, ImportOptions, SigningIdentity } from '../../core/index.ts'
import type { ManifestBlock } from '../../core/blocks.ts'
import type { AbortOptions } from 'abort-error'

/** Options of {@link openBackup}. */
export interface OpenBackupOptions extends AbortOptions {
  /** The node whose blocks and peers a CID is looked up with. */
  ipfs?: HeliaNode
  /** The root to open, where the source has several. */
  root?: RootLike
  limits?: Partial<Limits>
  /** How long peers and gateways may give no block before it is given up, in ms; 60 s by default. */
  timeout?: number
  /** The most bytes to get from peers and gateways. */
  maxBytes?: number
}

/** Options of opening a database of a backup. */
export interface OpenDatabaseOptions extends Pick<ImportOptions, 'verify'> {
  /** The type of the database, where that is not the one that its manifest names. */
  Database?: DatabaseFactory<any>
  encryption?: Encryption
  /** Who may write, where the type of the access controller is not registered. */
  AccessController?: AccessControllerFactory
}

/** A database of a backup that is open. */
export interface BackedUpDatabase {
  address: DatabaseAddress
  name: string
  type: string
  /** The number of entries, and of heads, as the backup says. */
  entries: number
  heads: number
}

/** A backup that is open: its databases can be read where they are. */
export interface OpenBackup {
  /** CID of the root. */
  root: string
  databases: BackedUpDatabase[]
  /**
   * Opens a database to read it. Nothing is written, neither to a node nor to a disk, and what would write throws a
   * ReadOnlyError. Each block is checked against its hash as it is read. By default each entry is verified as a restore
   * would, signature and access, before it is given out; see `verify` of {@link ImportOptions}.
   *
   * To open it, and to read the newest entries, takes as many blocks from a long log as from a short one. What has to go
   * through the log reads all of it: `all`, and `get` of a key that was written long ago.
   *
   * @throws DatabaseNotFoundError
   */
  open<DB extends Database<any> = AnyDatabase> (nameOrAddress: string, options?: OpenDatabaseOptions): Promise<DB>
  close (): Promise<void>
}

/**
 * Opens a backup to look into it: nothing is restored, and nothing is ever written. A file that is given as a Blob
 * (`fs.openAsBlob`, or a File of a browser), the URL of a server that sends parts of files, and what a node or its
 * peers have by a CID are read where they are, block by block. A stream is read into memory.
 *
 * @throws ArchiveError of some class
 *
 * @example
 * ```ts
 * import { createBackup, openBackup } from 'orbitdb-backup'
 *
 * const file = await new Response(createBackup(db).stream()).blob()
 * const backup = await openBackup(file)
 * const posts = await backup.open('posts')
 * console.log(await posts.log.values())
 * await backup.close()
 * ```
 */
export async function openBackup (source: BackupSource | URL, { ipfs, root, limits: someLimits, signal, timeout, maxBytes }: OpenBackupOptions = {}): Promise<OpenBackup> {
  const limits = toLimits(someLimits)
  const opened = await openRandomAccess(source, { ipfs, limits, signal, timeout, maxBytes })
  try {
    const { roots, bases } = pickRoots(opened, root)
    if (roots.length > 1) {
      throw new ArchiveError(`There are several backups, with the roots ${roots.map(rootToString).join(', ')}: say which one by the option root`, { code: 'root-required' })
    }
    const reader = createBlockReader(opened, bases, hash => missingBlock(hash))
    const snapshots = await readSnapshots(roots[0], reader, limits)
    const identity = await createReader(reader)
    const openDatabases: Database[] = []

    return {
      root: rootToString(roots[0]),
      databases: snapshots.filter(({ isAccess }) => !isAccess).map(({ snapshot: { address, entries, heads }, manifest: { name, type } }) => {
        return { address, name, type, entries: entries?.count ?? 0, heads: heads?.count ?? 0 }
      }),
      open: async (nameOrAddress, options = {}) => {
        const db = await openDatabase(pick(snapshots, nameOrAddress), { ...options, snapshots, reader, identity, limits, depth: 0 })
        openDatabases.push(db)
        return db as any
      },
      close: async () => {
        for (const db of openDatabases.splice(0)) await db.close()
        await opened.close()
      }
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** A database of a backup, whose lists were not read. */
interface Listed {
  snapshot: Snapshot
  isAccess: boolean
  manifest: ManifestBlock
}

async function readSnapshots (root: Uint8Array, reader: BlockReader, limits: Limits): Promise<Listed[]> {
  const bytes = await reader.need(root, 'Root')
  const decoded = decodeRoot(bytes)
  if (decoded == null) {
    const other = versionOf(bytes)
    throw other === undefined ? new ForeignArchiveError() : other === version ? invalid(root, 'root') : new UnsupportedVersionError(`The archive is of version ${String(other)} of the format, and only version ${version} can be read: a newer version of orbitdb-backup may do`, { version: other })
  }
  const { databases, access } = decoded
  assertWithin(limits, 'databases', databases.length + access.length, `The databases of archive ${rootToString(root)}`)
  return Promise.all([...databases, ...access].map(async (digest, i) => {
    const snapshot = decodeSnapshot(await reader.need(digest, 'Snapshot')) ?? invalid(digest, 'snapshot')
    const manifestDigest = digestOfAddress(snapshot.address) ?? invalid(digest, 'snapshot')
    const manifest = readManifest(await reader.need(manifestDigest, 'Manifest'), hashOfDigest(manifestDigest))
    assertWithin(limits, 'nameBytes', manifest.name.length, `The name of ${snapshot.address}`)
    return { snapshot, isAccess: i >= databases.length, manifest }
  }))
}

const invalid = (digest: Uint8Array, what: string): never => {
  throw new DamagedArchiveError(`The archive is damaged: block "${hashOfDigest(digest)}" is not a valid ${what}`, { code: 'dag-invalid', hash: hashOfDigest(digest) })
}

function digestOfAddress (address: string): Uint8Array | undefined {
  try {
    return digestOf(toBytes(address.slice(address.lastIndexOf('/') + 1)))
  } catch {
    // Not the address of a database
  }
}

function pick (snapshots: Listed[], nameOrAddress: string): Listed {
  const byAddress = snapshots.filter(({ snapshot }) => snapshot.address === nameOrAddress)
  const found = byAddress.length > 0 ? byAddress : snapshots.filter(({ isAccess, manifest }) => !isAccess && manifest.name === nameOrAddress)
  if (found.length === 0) {
    throw new DatabaseNotFoundError(`The backup has no database "${nameOrAddress}", but ${snapshots.filter(({ isAccess }) => !isAccess).map(({ manifest: { name } }) => `"${name}"`).join(', ')}`)
  }
  if (found.length > 1) {
    throw new DatabaseNotFoundError(`The backup has several databases "${nameOrAddress}": give the address, ${found.map(({ snapshot }) => snapshot.address).join(' or ')}`, { code: 'database-ambiguous' })
  }
  return found[0]
}

/** What databases of a backup are opened with: a node that reads its blocks, and an identity that writes nothing. */
interface Reader {
  ipfs: HeliaNode
  identities: Awaited<ReturnType<typeof Identities>>
  identity: SigningIdentity
}

async function createReader (reader: BlockReader): Promise<Reader> {
  const find = async (cid: { bytes: Uint8Array }, signal?: AbortSignal): Promise<Uint8Array | undefined> => {
    const digest = digestOf(cid.bytes)
    return digest == null ? undefined : reader.get(digest, signal)
  }
  const ipfs = createScratchNode({
    libp2p: {},
    blockstore: {
      has: async cid => await find(cid) != null,
      get: async function * (cid, options) {
        const bytes = await find(cid, options?.signal)
        if (bytes == null) {
          throw Object.assign(new Error(`Block "${String(cid)}" is not in the backup`), { name: 'NotFoundError' })
        }
        yield bytes
      }
    }
  })
  const keystore = await KeyStore({ storage: await MemoryStorage() })
  const identities = await Identities({ ipfs, keystore, verifySignatures })
  const identity = await identities.createIdentity({ id: 'orbitdb-backup' })
  return { ipfs, identities, identity: { ...identity, sign: async () => { throw new ReadOnlyError() } } }
}

interface OpenListedOptions extends OpenDatabaseOptions {
  snapshots: Listed[]
  reader: BlockReader
  identity: Reader
  limits: Limits
  /** How many databases it decides on stand one behind the other. */
  depth: number
}

async function openDatabase (listed: Listed, options: OpenListedOptions): Promise<Database> {
  const { snapshot, manifest } = listed
  const { Database: OpenType = getDatabaseType(manifest.type)(), encryption, verify = true, reader, identity: { ipfs, identity } } = options
  const { address, heads, entries } = snapshot
  const access = await openAccess(listed, options)
  try {
    const entryStorage = await createEntryStorage({ address, reader, verify, identity, access, encryption })
    const params = {
      ipfs,
      identity,
      address,
      name: manifest.name,
      access,
      meta: manifest.meta,
      entryStorage,
      headsStorage: await createHeadsStorage(await readHeads({ name: 'heads', address, list: heads }, options, encryption)),
      indexStorage: await createIndexStorage({ name: 'entries', address, list: entries }, reader, encryption),
      syncAutomatically: false,
      encryption
    }
    return await (OpenType.withoutIndex ?? OpenType)(params)
  } catch (error) {
    await access.close?.()
    throw error
  }
}

/** The heads as OrbitDB keeps them; those that can not be read without what they name. */
async function readHeads (list: Parameters<typeof readDigests>[0], { reader, identity: { identity } }: OpenListedOptions, encryption: Encryption | undefined): Promise<Head[]> {
  const rules = createVerification({ id: list.address, identity, access: { canAppend: () => true }, encryption })
  const heads: Head[] = []
  for await (const digest of readDigests(list, reader)) {
    const hash = hashOfDigest(digest)
    const next = await rules.read(hash, await reader.need(digest, 'Entry')).then(({ entry }) => entry.next, () => [])
    heads.push({ hash, next })
  }
  return heads
}

async function openAccess ({ manifest: { accessController: address }, snapshot: { accessController: name } }: Listed, options: OpenListedOptions): Promise<AccessController> {
  const { snapshots, reader, identity: { ipfs, identities, identity }, limits, depth } = options
  const [, type, hash] = address.split('/')
  if (['ipfs', 'orbitdb'].includes(type) && !(isHash(hash) && address === `/${type}/${hash}`)) {
    throw new DamagedArchiveError(`The archive is damaged: "${address}", which a manifest names, is not the address of an access controller`, { code: 'manifest-invalid' })
  }
  const openAccessController = options.AccessController ?? getAccessController(type)()
  const open = async (address: string): Promise<Database> => {
    const found = snapshots.find(({ snapshot }) => snapshot.address === String(address))
    if (found == null) {
      throw new DatabaseNotFoundError(`The backup does not have "${String(address)}", the database of an access controller`)
    }
    assertWithin(limits, 'accessDepth', depth + 1, `The access controllers of a database, each the database of the one before, to ${String(address)}`)
    return openDatabase(found, { ...options, depth: depth + 1, Database: undefined, AccessController: undefined, encryption: undefined, verify: options.verify !== false })
  }
  const access = await openAccessController({ orbitdb: { open: open as any, identity, ipfs }, identities, address })
  if (name != null && 'state' in name) {
    const bytes = await reader.need(name.state, 'State of an access controller')
    await access.import?.(decodeBlock({ digest: name.state, bytes }) as {}, { verify: true })
  }
  return access
}
