import { keyOf } from '../blocks/digests.ts'
import { decodeBlock } from './decode.ts'
import { LimitExceededError } from './errors.ts'
import { assertWithin } from './limits.ts'
import type { DagDatabase } from './dag/index.ts'
import type { Limits } from './limits.ts'

/** A database of an archive that was asked for is not there, or it is not clear which one is. */
export class DatabaseNotFoundError extends Error {
  override name = 'DatabaseNotFoundError'
  readonly code: string

  constructor (message: string, { code = 'database-not-found', cause }: { code?: string, cause?: unknown } = {}) {
    super(message, { cause })
    this.code = code
  }
}

/** The error about a database that is not among those of a backup. */
export function notFound (name: string, databases: Array<{ address: string, name?: string }>): DatabaseNotFoundError {
  const similar = databases.find(database => database.name?.normalize() === name.normalize())
  return new DatabaseNotFoundError(similar == null
    ? `The backup has no database "${name}", but ${databases.map(({ name, address }) => `"${name ?? address}"`).join(', ')}`
    : `The backup has no database "${name}", but one whose name looks the same and has other characters: give its address, ${similar.address}`)
}

/** What a manifest says of its database: nothing that is not text. */
export interface ManifestFacts {
  name?: string
  type?: string
  accessController?: string
}

export function readManifest (block: { digest: Uint8Array, bytes: Uint8Array }, limits: Limits): ManifestFacts {
  const manifest = decodeBlock(block)
  const textOf = (key: string): string | undefined => {
    const value = manifest != null && typeof manifest === 'object' && Object.hasOwn(manifest, key) ? (manifest as Record<string, unknown>)[key] : undefined
    return typeof value === 'string' ? value : undefined
  }
  const name = textOf('name')
  if (name != null) assertWithin(limits, 'nameBytes', name.length, 'The name of a database')
  return { name, type: textOf('type'), accessController: textOf('accessController') }
}

/** What a block says of a database, if it is a manifest at all. */
export function readManifestIf (block: { digest: Uint8Array, bytes: Uint8Array }, limits: Limits): ManifestFacts | undefined {
  try {
    const facts = readManifest(block, limits)
    return facts.name == null ? undefined : facts
  } catch (error) {
    if (error instanceof LimitExceededError) {
      throw error
    }
  }
}

/**
 * Picks databases of an archive by their names or addresses, and those of their access controllers.
 *
 * @param names - those that are asked for; all where left out
 * @param manifests - the manifests, by the keys of their digests
 * @throws DatabaseNotFoundError
 */
export function pickDatabases (databases: DagDatabase[], names: readonly string[] | undefined, manifests: ReadonlyMap<string, ManifestFacts>): Set<DagDatabase> {
  if (names == null) {
    return new Set(databases)
  }
  const picked = new Set<DagDatabase>()
  const nameOf = ({ manifest }: DagDatabase): string | undefined => manifests.get(keyOf(manifest))?.name
  for (const name of names) {
    const byAddress = databases.filter(({ address }) => address === name)
    const found = byAddress.length > 0 ? byAddress : databases.filter(database => !database.isAccess && nameOf(database) === name)
    const addresses = new Set(found.map(({ address }) => address))
    if (addresses.size === 0) {
      throw notFound(name, databases.filter(({ isAccess }) => !isAccess).map(database => ({ address: database.address, name: nameOf(database) })))
    }
    if (addresses.size > 1) {
      throw new DatabaseNotFoundError(`The archive has several databases "${name}": give the address, ${[...addresses].join(' or ')}`, { code: 'database-ambiguous' })
    }
    found.forEach(database => picked.add(database))
  }
  for (const { accessController } of picked) {
    if (accessController != null && 'database' in accessController) {
      for (const other of databases) {
        if (other.address === accessController.database) picked.add(other)
      }
    }
  }
  return picked
}
