import { createBlockReader } from '../block-reader.ts'
import { assertAreSound, readRoot, readSnapshot } from '../dag/snapshots.ts'
import { ReadOnlyError } from './errors.ts'
import { readDigests } from './lists.ts'
import { createEntryStorage, createHeadsStorage, createIndexStorage, readHeads } from './storages.ts'
import { pickRoots } from '../roots.ts'
import { decodeBlock } from '../decode.ts'
import { ArchiveError, DamagedArchiveError, hashOfDigest, rootToString } from '../errors.ts'
import { assertWithin, toLimits } from '../limits.ts'
import { DatabaseNotFoundError, notFound } from '../pick.ts'
import { openOrSalvage } from '../salvage/open.ts'
import { openRandomAccess } from '../sources/random.ts'
import { missingBlock } from '../../blocks/errors.ts'
import { digestOf } from '../../blocks/cids.ts'
import { createScratchNode, getAccessController, getDatabaseType } from '../../core/elsewhere.ts'
import { isHash, readManifest } from '../../core/blocks.ts'
import { Identities, KeyStore, MemoryStorage } from '../../core/index.ts'
import { verifySignatures } from '../../signatures/index.ts'
import { equals } from 'uint8arrays/equals'
import type { BlockReader } from '../block-reader.ts'
import type { NamedList } from './lists.ts'
import type { ReadSnapshot } from '../dag/snapshots.ts'
import type { BlockName } from '../../blocks/index.ts'
import type { Root } from '../format/root.ts'
import type { RootLike } from '../roots.ts'
import type { Limits } from '../limits.ts'
import type { Salvaged } from '../salvage/index.ts'
import type { BackupSource } from '../sources/index.ts'
import type { AccessController, AccessControllerFactory, AnyDatabase, Database, DatabaseAddress, DatabaseFactory, Encryption, HeliaNode, ImportOptions, SigningIdentity } from '../../core/index.ts'
import type { ManifestBlock } from '../../core/blocks.ts'
import type { AbortOptions } from 'abort-error'

/** Options of {@link openBackup}. */
export interface OpenBackupOptions extends AbortOptions {
  /** The node whose blocks and peers a CID is looked up with. */
  ipfs?: HeliaNode
  /** The root to open, where the source has several. */
  root?: RootLike
  /** Whether the source has blocks of databases, but no lists: as of `restoreBackup`. `root` is then the CID of a manifest. */
  salvage?: boolean
  /** Called with what was found by `salvage`. */
  onSalvage?: (salvaged: Salvaged) => void
  /** The keys of entries that are encrypted, to salvage them. */
  encryption?: Encryption
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
export async function openBackup (source: BackupSource | URL, { ipfs, root: someRoot, salvage, onSalvage, encryption, limits: someLimits, signal, timeout, maxBytes }: OpenBackupOptions = {}): Promise<OpenBackup> {
  const limits = toLimits(someLimits)
  const { opened, root } = await openOrSalvage(source, openRandomAccess, { salvage, onSalvage, root: someRoot, encryption, ipfs, limits, signal, timeout, maxBytes })
  try {
    const { roots, bases } = pickRoots(opened, root)
    if (roots.length > 1) {
      throw new ArchiveError(`There are several backups, with the roots ${roots.map(rootToString).join(', ')}: say which one by the option root`, { code: 'root-required' })
    }
    const reader = createBlockReader(opened, { bases, limits, signal })
    const { shared, ...decoded } = readRoot({ digest: roots[0], bytes: await reader.needPart(roots[0]) }, limits)
    const setup = createSetupReader(reader, { name: 'shared', list: shared })
    const snapshots = await readSnapshots({ digest: roots[0], ...decoded }, { reader, setup, limits })
    const identity = await createReader(setup)
    const openDatabases: Database[] = []

    return {
      root: rootToString(roots[0]),
      databases: snapshots.filter(({ isAccess }) => !isAccess).map(({ snapshot: { address, entries, heads }, manifest: { name, type } }) => {
        return { address, name, type, entries: entries?.count ?? 0, heads: heads?.count ?? 0 }
      }),
      open: async (nameOrAddress, options = {}) => {
        const db = await openDatabase(pick(snapshots, nameOrAddress), { ...options, snapshots, reader, setup, identity, limits, depth: 0 })
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
  snapshot: ReadSnapshot
  isAccess: boolean
  manifest: ManifestBlock
}

/** Reads what databases share: manifests, what access controllers have, and identities. */
interface SetupReader {
  /**
   * A block that must be there.
   *
   * @throws DamagedArchiveError when it is damaged, or the archive does not link to it, IncompleteArchiveError or TruncatedArchiveError
   */
  need: (digest: Uint8Array) => Promise<Uint8Array>
  /** A block that may be elsewhere: undefined when the archive neither has it nor links to it. */
  find: (digest: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array | undefined>
}

function createSetupReader (reader: BlockReader, shared: NamedList): SetupReader {
  const find: SetupReader['find'] = async (digest, signal) => {
    const bytes = await reader.get(digest, signal)
    if (bytes != null) {
      return bytes
    }
    for await (const other of readDigests(shared, reader)) {
      if (equals(other, digest)) throw reader.missing(digest)
    }
  }
  return {
    find,
    need: async digest => {
      const bytes = await find(digest)
      if (bytes == null) {
        const hash = hashOfDigest(digest)
        throw new DamagedArchiveError(`The archive is damaged: block "${hash}", which it names, is linked nowhere`, { code: 'dag-invalid', hash })
      }
      return bytes
    }
  }
}

async function readSnapshots ({ digest: root, access, databases }: Pick<Root, 'access' | 'databases'> & { digest: Uint8Array }, { reader, setup, limits }: { reader: BlockReader, setup: SetupReader, limits: Limits }): Promise<Listed[]> {
  const listed = await Promise.all([...access, ...databases].map(async (digest, i) => {
    return { snapshot: readSnapshot({ digest, bytes: await reader.needPart(digest) }, limits), isAccess: i < access.length }
  }))
  assertAreSound(listed.map(({ snapshot, isAccess }) => ({ ...snapshot, isAccess })), limits)
  return Promise.all(listed.map(async database => {
    const { manifest: digest, address } = database.snapshot
    const manifest = readManifest(await setup.need(digest), hashOfDigest(digest))
    assertWithin(limits, 'nameBytes', manifest.name.length, `The name of ${address}`)
    return { ...database, manifest }
  }))
}

function pick (snapshots: Listed[], nameOrAddress: string): Listed {
  const byAddress = snapshots.filter(({ snapshot }) => snapshot.address === nameOrAddress)
  const found = byAddress.length > 0 ? byAddress : snapshots.filter(({ isAccess, manifest }) => !isAccess && manifest.name === nameOrAddress)
  if (found.length === 0) {
    throw notFound(nameOrAddress, snapshots.filter(({ isAccess }) => !isAccess).map(({ snapshot: { address }, manifest: { name } }) => ({ address, name })))
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

async function createReader (setup: SetupReader): Promise<Reader> {
  const find = async (cid: { bytes: Uint8Array }, signal?: AbortSignal): Promise<Uint8Array | undefined> => {
    const digest = digestOf(cid.bytes)
    return digest == null ? undefined : setup.find(digest, signal)
  }
  const ipfs = createScratchNode({
    libp2p: {},
    blockstore: {
      has: async cid => await find(cid) != null,
      get: async function * (cid, options) {
        const bytes = await find(cid, options?.signal)
        if (bytes == null) {
          throw missingBlock(cid.bytes as BlockName)
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
  setup: SetupReader
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
    const list: NamedList = { name: 'entries', address, list: entries }
    const headHashes = await readHeads({ name: 'heads', address, list: heads }, reader)
    const entryStorage = await createEntryStorage({ address, entries: list, reader, verify, identity, access, encryption })
    const params = {
      ipfs,
      identity,
      address,
      name: manifest.name,
      access,
      meta: manifest.meta,
      entryStorage,
      headsStorage: await createHeadsStorage(headHashes),
      indexStorage: await createIndexStorage(list, headHashes, reader),
      syncAutomatically: false,
      encryption
    }
    return await (OpenType.withoutIndex ?? OpenType)(params)
  } catch (error) {
    await access.close?.()
    throw error
  }
}

async function openAccess ({ manifest: { accessController: address }, snapshot: { accessController: name } }: Listed, options: OpenListedOptions): Promise<AccessController> {
  const { snapshots, setup, identity: { ipfs, identities, identity }, limits, depth } = options
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
    const bytes = await setup.need(name.state)
    await access.import?.(decodeBlock({ digest: name.state, bytes }) as {}, { verify: true })
  }
  return access
}
