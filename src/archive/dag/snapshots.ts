import { DamagedArchiveError, ForeignArchiveError, hashOfDigest, rootToString, UnsupportedVersionError } from '../errors.ts'
import { decodeRoot, version, versionOf } from '../format/root.ts'
import { decodeSnapshot } from '../format/snapshot.ts'
import { assertWithin } from '../limits.ts'
import { digestOf } from '../../blocks/cids.ts'
import { toBytes } from '../../blocks/hashes.ts'
import type { Root } from '../format/root.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { Limits } from '../limits.ts'

/** A block of an archive. */
interface Block {
  digest: Uint8Array
  bytes: Uint8Array
}

/** A snapshot that was read. */
export interface ReadSnapshot extends Snapshot {
  /** Digest of the manifest, which the address names. */
  manifest: Uint8Array
}

/** A database of an archive, as far as it is known who decides about it. */
export interface NamedDatabase extends Pick<Snapshot, 'address' | 'accessController'> {
  /** Whether it is the database of an access controller, which came along with others. */
  isAccess: boolean
}

const damaged = ({ digest }: Block, what: string): never => {
  const hash = hashOfDigest(digest)
  throw new DamagedArchiveError(`The archive is damaged: block "${hash}" is not ${what}`, { code: 'dag-invalid', hash })
}

/**
 * Reads the root of an archive.
 *
 * @throws ForeignArchiveError, UnsupportedVersionError, DamagedArchiveError or LimitExceededError
 */
export function readRoot (block: Block, limits: Limits): Root {
  const root = decodeRoot(block.bytes)
  if (root == null) {
    const found = versionOf(block.bytes)
    if (found === undefined) {
      throw new ForeignArchiveError()
    }
    if (found !== version) {
      throw new UnsupportedVersionError(`The archive is of version ${String(found)} of the format, and only version ${version} can be read: a newer version of orbitdb-backup may do`, { version: found })
    }
    return damaged(block, 'a valid root')
  }
  assertWithin(limits, 'databases', root.access.length + root.databases.length, `The databases of archive ${rootToString(block.digest)}`)
  return root
}

/**
 * Reads a snapshot of a database.
 *
 * @throws DamagedArchiveError or LimitExceededError
 */
export function readSnapshot (block: Block, limits: Limits): ReadSnapshot {
  const snapshot = decodeSnapshot(block.bytes) ?? damaged(block, 'a valid snapshot')
  const manifest = digestOfAddress(snapshot.address) ?? damaged(block, 'the snapshot of a database')
  for (const name of ['heads', 'identities', 'entries'] as const) {
    assertWithin(limits, name, snapshot[name]?.count ?? 0, `The list of ${name} of ${snapshot.address}`)
  }
  return { ...snapshot, manifest }
}

/** The digest of the manifest that an address names: undefined when it is no address. */
function digestOfAddress (address: string): Uint8Array | undefined {
  const [, hash] = /^\/orbitdb\/(zdpu[1-9A-HJ-NP-Za-km-z]{45})$/.exec(address) ?? []
  try {
    return hash == null ? undefined : digestOf(toBytes(hash))?.slice()
  } catch {
    // Not a hash
  }
}

/** The address of the database that decides about another one, if one does. */
export const accessOf = ({ accessController: name }: Pick<Snapshot, 'accessController'>): string | undefined => {
  return name != null && 'database' in name ? name.database : undefined
}

/**
 * Checks how many databases of access controllers stand one behind the other, whichever of the archives that have one of
 * them is asked.
 *
 * @throws LimitExceededError
 */
export function assertAreShallow (databases: Array<Pick<Snapshot, 'address' | 'accessController'>>, limits: Limits): void {
  const byAddress = Map.groupBy(databases, ({ address }) => address as string)
  for (const address of byAddress.keys()) {
    let next = new Set([address])
    for (let depth = 0; next.size > 0; depth++) {
      assertWithin(limits, 'accessDepth', depth, `The access controllers of ${address}, each the database of the one before`)
      next = new Set([...next].flatMap(name => byAddress.get(name) ?? []).map(accessOf).filter(name => name != null && byAddress.has(name)) as string[])
    }
  }
}

/**
 * Checks the databases of an archive against each other.
 *
 * @param all - those of access controllers first, each in their order; undefined for what is not there
 * @throws DamagedArchiveError or LimitExceededError
 */
export function assertAreSound (all: ReadonlyArray<NamedDatabase | undefined>, limits: Limits): void {
  const fail = (what: string): never => {
    throw new DamagedArchiveError(`The archive is damaged: ${what}`, { code: 'dag-invalid' })
  }
  const databases = all.filter(database => database != null)
  for (const [i, { address, isAccess }] of databases.entries()) {
    const before = databases[i - 1]
    if (before != null && before.isAccess === isAccess && before.address >= address) fail('its databases are not in the order of their addresses')
  }
  const addresses = new Set<string>(databases.map(({ address }) => address))
  if (addresses.size < databases.length) fail('it has a database twice')
  assertAreShallow(databases, limits)
  if (databases.length < all.length) {
    return
  }
  const needed = new Set(databases.map(accessOf))
  for (const database of databases) {
    const { address, isAccess } = database
    const name = accessOf(database)
    if (name != null && !addresses.has(name)) fail(`the access controller of ${address}, database ${name}, is not in it`)
    if (isAccess && !needed.has(address)) fail(`${address} is no access controller of another database`)
  }
}
