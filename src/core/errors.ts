import { core } from './runtime.ts'

/** A class of errors, for `instanceof`. */
export type ErrorClass<E extends Error> = abstract new (...args: never[]) => E

/** A state is malformed, or of another database. */
export interface InvalidStateError extends Error {
  name: 'InvalidStateError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
}

/** A block that is needed is not found. */
export interface MissingBlockError extends Error {
  name: 'MissingBlockError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the block. */
  hash: string
}

/** A block's bytes do not match its hash. */
export interface InvalidBlockError extends Error {
  name: 'InvalidBlockError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the block. */
  hash: string
}

/** An entry is malformed, of another log, or has an invalid signature. */
export interface InvalidEntryError extends Error {
  name: 'InvalidEntryError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the entry. */
  hash: string
}

/** An entry was written by an identity that may not write, as of now. */
export interface AccessDeniedError extends Error {
  name: 'AccessDeniedError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the entry. */
  hash: string
  /** Hash of the identity. */
  identity: string
}

/** An access controller failed, so that it is not known who may write; its error is the `cause`. */
export interface AccessFailedError extends Error {
  name: 'AccessFailedError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the entry. */
  hash: string
  /** Hash of the identity. */
  identity: string
}

/** An entry is encrypted for replication, and there is no key to read it. */
export interface EncryptedEntryError extends Error {
  name: 'EncryptedEntryError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Hash of the entry. */
  hash: string
}

/** The type of the database has no `import`: it does not pass on what `Database` returns. */
export interface ImportNotSupportedError extends Error {
  name: 'ImportNotSupportedError'
  /** What is wrong, more exactly: see docs/ERRORS.md. */
  code: string
  /** Type of the database. */
  type: string
}

/** A log or a database was closed or dropped before what was begun with it was done. */
export interface LogClosedError extends Error {
  name: 'LogClosedError'
  code: 'log-closed' | 'log-cleared'
}

/**
 * A write to a store failed, as on a full disk. Nothing more is written to it before it is opened
 * again, as that would be lost.
 */
export interface StorageFailedError extends Error {
  name: 'StorageFailedError'
  code: 'storage-failed'
}

/** OrbitDB was stopped before it could do what it was asked. */
export interface OrbitDBStoppedError extends Error {
  name: 'OrbitDBStoppedError'
  code: 'orbitdb-stopped'
}

/** A state is malformed, or of another database. */
export const InvalidStateError: ErrorClass<InvalidStateError> = core.InvalidStateError

/** A block that is needed is not found. */
export const MissingBlockError: ErrorClass<MissingBlockError> = core.MissingBlockError

/** A block's bytes do not match its hash. */
export const InvalidBlockError: ErrorClass<InvalidBlockError> = core.InvalidBlockError

/** An entry is malformed, of another log, or has an invalid signature. */
export const InvalidEntryError: ErrorClass<InvalidEntryError> = core.InvalidEntryError

/** An entry was written by an identity that may not write, as of now. */
export const AccessDeniedError: ErrorClass<AccessDeniedError> = core.AccessDeniedError

/** An access controller failed, so that it is not known who may write; its error is the `cause`. */
export const AccessFailedError: ErrorClass<AccessFailedError> = core.AccessFailedError

/** An entry is encrypted for replication, and there is no key to read it. */
export const EncryptedEntryError: ErrorClass<EncryptedEntryError> = core.EncryptedEntryError

/** The type of the database has no `import`: it does not pass on what `Database` returns. */
export const ImportNotSupportedError: ErrorClass<ImportNotSupportedError> = core.ImportNotSupportedError

/** A log or a database was closed or dropped before what was begun with it was done. */
export const LogClosedError: ErrorClass<LogClosedError> = core.LogClosedError

/** A write to a store failed, as on a full disk. */
export const StorageFailedError: ErrorClass<StorageFailedError> = core.StorageFailedError

/** OrbitDB was stopped before it could do what it was asked. */
export const OrbitDBStoppedError: ErrorClass<OrbitDBStoppedError> = core.OrbitDBStoppedError

/** The IPFS node is one that OrbitDB can not work with. */
export class UnsupportedNodeError extends Error {
  override name = 'UnsupportedNodeError' as const
  readonly code = 'node-unsupported'
}
