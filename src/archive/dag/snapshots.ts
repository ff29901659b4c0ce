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
 * Checks the databases of an archive against each other.
 *
 * @param all - those of access controllers first, each in their order; undefined for what is not there
 * @throws DamagedArchiveError or LimitExceededError
 */
export function assertAreSound (all: ReadonlyArray<NamedDatabase | undefined>, limits: Limits, root: string): void {
  const fail = (what: string): never => {
    throw new DamagedArchiveError(`The archive is damaged: ${what}`, { code: 'dag-invalid' })
  }
  const databases = all.filter(database => database != null)
  const isWhole = databases.length === all.length
  for (const [i, { address, isAccess }] of databases.entries()) {
    const before = databases[i - 1]
    if (before != null && before.isAccess === isAccess && before.address >= address) fail('its databases are not in the order of their addresses')
  }
  const byAddress = new Map(databases.map(database => [database.address as string, database]))
  if (byAddress.size < databases.length) fail('it has a database twice')
  const needed = new Set(databases.map(accessOf))
  for (const database of databases) {
    let next: NamedDatabase | undefined = database
    for (let depth = 0; next != null; depth++) {
      assertWithin(limits, 'accessDepth', depth, `The access controllers of ${database.address}, each the database of the one before, in archive ${root}`)
      const name = accessOf(next)
      if (name != null && !byAddress.has(name) && isWhole) fail(`the access controller of ${next.address}, database ${name}, is not in it`)
      next = name == null ? undefined : byAddress.get(name)
    }
    if (database.isAccess && isWhole && !needed.has(database.address)) fail(`${database.address} is no access controller of another database`)
  }
}
