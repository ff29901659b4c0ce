/** Something is wrong with an archive. */
export class ArchiveError extends Error {
  override name = 'ArchiveError'
}

/** There is nothing to read: not one byte. */
export class EmptyArchiveError extends ArchiveError {
  override name = 'EmptyArchiveError'

  constructor () {
    super('The archive is empty')
  }
}

/** The bytes are not those of a CAR file of version 1. */
export class NotAnArchiveError extends ArchiveError {
  override name = 'NotAnArchiveError'
}

/** A CAR file, but not one that holds a backup of OrbitDB databases. */
export class ForeignArchiveError extends ArchiveError {
  override name = 'ForeignArchiveError'
}

/** A backup of a version that this version of the package can not read. */
export class UnsupportedVersionError extends ArchiveError {
  override name = 'UnsupportedVersionError'
  /** The version of the archive's format. */
  readonly version: unknown

  constructor (version: unknown) {
    super(`The archive is of version ${String(version)} of the format, and only version 1 can be read: a newer version of orbitdb-backup may do`)
    this.version = version
  }
}

/** A part of the archive is not what it was when it was written, or was never valid. */
export class DamagedArchiveError extends ArchiveError {
  override name = 'DamagedArchiveError'
  /** Hash of the damaged block, where it is known. */
  readonly hash?: string
  /** Where the damaged part starts in the archive, in bytes. */
  readonly offset?: number

  constructor (message: string, { hash, offset, cause }: { hash?: string, offset?: number, cause?: unknown } = {}) {
    super(message, { cause })
    this.hash = hash
    this.offset = offset
  }
}

/** The archive ends before all of its blocks came. */
export class TruncatedArchiveError extends ArchiveError {
  override name = 'TruncatedArchiveError'
  /** Hash of a block that is missing, where it is known. */
  readonly hash?: string
  /** How many blocks are missing, where it is known. */
  readonly missing?: number

  constructor (message: string, { hash, missing }: { hash?: string, missing?: number } = {}) {
    super(message)
    this.hash = hash
    this.missing = missing
  }
}

/** The error about a block that does not match its hash. */
export function damagedBlock ({ hash, offset }: { hash: string, offset: number }): DamagedArchiveError {
  return new DamagedArchiveError(`The archive is damaged: block "${hash}" at byte ${offset} does not match its hash`, { hash, offset })
}

/**
 * Fails when there are blocks that did not come.
 *
 * @param damaged - where blocks start that came, and do not match their hashes
 */
export function assertHasAll (root: string, hashes: string[], damaged: ReadonlyMap<string, number>): void {
  const hash = hashes.find(hash => damaged.has(hash))
  if (hash != null) {
    throw damagedBlock({ hash, offset: damaged.get(hash)! })
  }
  if (hashes.length > 0) {
    const message = hashes[0] === root
      ? `The archive is truncated: its root, block "${root}", is missing`
      : `The archive is truncated: ${hashes.length} ${hashes.length === 1 ? 'block is' : 'blocks are'} missing, such as "${hashes[0]}"`
    throw new TruncatedArchiveError(message, { hash: hashes[0], missing: hashes.length })
  }
}
