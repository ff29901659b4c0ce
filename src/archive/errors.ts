import { toHash } from '../blocks/hashes.ts'
import { cidOf } from '../blocks/cids.ts'
import { CID } from 'multiformats/cid'

/** What more an error about an archive says. */
export interface ArchiveErrorDetails {
  code?: string
  /** Hash of the block that it is about, where it is about one. */
  hash?: string
  /** Where in the archive that is, in bytes. */
  offset?: number
  /** How many blocks are missing. */
  missing?: number
  /** The version of the archive's format. */
  version?: unknown
  /** CIDs of the archives that are needed besides. */
  bases?: string[]
  /** The option that is too small, and how large it would have to be. */
  limit?: string
  needed?: number
  cause?: unknown
}

/** Something is wrong with an archive. */
export class ArchiveError extends Error {
  override name = 'ArchiveError'
  /** What is wrong, for programs: the same in every version. */
  readonly code: string
  /** Hash of the block that it is about, where it is about one. */
  readonly hash?: string
  /** Where in the archive that is, in bytes. */
  readonly offset?: number

  constructor (message: string, { code = 'archive-invalid', hash, offset, cause }: ArchiveErrorDetails = {}) {
    super(message, { cause })
    this.code = code
    if (hash != null) this.hash = hash
    if (offset != null) this.offset = offset
  }
}

/** There is nothing to read: not one byte. */
export class EmptyArchiveError extends ArchiveError {
  override name = 'EmptyArchiveError'

  constructor (message = 'The archive is empty', details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-empty', ...details })
  }
}

/** The bytes are not those of a CAR file. */
export class NotAnArchiveError extends ArchiveError {
  override name = 'NotAnArchiveError'

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'not-an-archive', ...details })
  }
}

/** A CAR file, but not one that holds a backup of OrbitDB databases. */
export class ForeignArchiveError extends ArchiveError {
  override name = 'ForeignArchiveError'

  constructor (message = 'Not an archive of OrbitDB databases: a CAR file of something else', details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-foreign', ...details })
  }
}

/** A backup of a version that this version of the package can not read. */
export class UnsupportedVersionError extends ArchiveError {
  override name = 'UnsupportedVersionError'
  /** The version of the archive's format. */
  readonly version: unknown

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-version', ...details })
    this.version = details.version
  }
}

/** A part of the archive is not what it was when it was written, or was never valid. */
export class DamagedArchiveError extends ArchiveError {
  override name = 'DamagedArchiveError'

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-damaged', ...details })
  }
}

/** The archive ends before all of its blocks came. */
export class TruncatedArchiveError extends ArchiveError {
  override name = 'TruncatedArchiveError'
  /** How many blocks are missing, where it is known. */
  readonly missing?: number

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-truncated', ...details })
    this.missing = details.missing
  }
}

/** A thin archive, and what it is based on is not there. */
export class IncompleteArchiveError extends ArchiveError {
  override name = 'IncompleteArchiveError'
  /** CIDs of the archives whose blocks were left out. */
  readonly bases: string[]

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'archive-incomplete', ...details })
    this.bases = details.bases ?? []
  }
}

/** The archive has another root than the one that was asked for, or several of which one has to be picked. */
export class WrongRootError extends ArchiveError {
  override name = 'WrongRootError'

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'root-wrong', ...details })
  }
}

/** More of something than a limit allows. */
export class LimitExceededError extends ArchiveError {
  override name = 'LimitExceededError'
  /** The limit, by the name that it has in the option `limits`. */
  readonly limit?: string

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'limit-exceeded', ...details })
    this.limit = details.limit
  }
}

/** Nothing could be read for too long, or too much was. */
export class SourceFailedError extends ArchiveError {
  override name = 'SourceFailedError'

  constructor (message: string, details: ArchiveErrorDetails = {}) {
    super(message, { code: 'source-failed', ...details })
  }
}

/** The hash of the block that has a digest, as OrbitDB names its blocks. */
export const hashOfDigest = (digest: Uint8Array): string => toHash(cidOf(digest))

/** The CID of a root, as IPFS tools write it. */
export const rootToString = (digest: Uint8Array): string => CID.decode(cidOf(digest)).toString()

/** The error about a block that does not match its hash. */
export function damagedBlock (hash: string, offset?: number): DamagedArchiveError {
  const where = offset == null ? '' : ` at byte ${offset}`
  return new DamagedArchiveError(`The archive is damaged: block "${hash}"${where} does not match its hash`, { code: 'block-damaged', hash, offset })
}
