import { CommanderError } from 'commander'
import { shown } from './text.ts'

/** What the command exits with. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  differs: 1,
  usage: 2,
  inUse: 3,
  notFound: 4,
  damaged: 5,
  unsupported: 6,
  incomplete: 7,
  needsBase: 8
} as const

/** An error whose message is all that a user needs to see. */
export class CLIError extends Error {
  override name = 'CLIError'
  readonly exitCode: number

  constructor (code: keyof typeof exitCodes | number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = typeof code === 'number' ? code : exitCodes[code]
  }
}

/** An error with a code: of the library, of LevelDB, or of the system. */
interface CodedError extends Error {
  code?: unknown
  /** Hash of the block or entry that it is about. */
  hash?: string
  /** The limit that is too small. */
  limit?: string
}

/** What the codes of errors, and of what `verify` finds, mean here. */
export const exitOfCode: Record<string, keyof typeof exitCodes> = {
  // The archive
  'archive-empty': 'damaged',
  'not-an-archive': 'damaged',
  'archive-foreign': 'damaged',
  'archive-invalid': 'damaged',
  'archive-damaged': 'damaged',
  'archive-truncated': 'damaged',
  'archive-incomplete': 'needsBase',
  'archive-version': 'unsupported',
  'dag-invalid': 'damaged',
  'root-wrong': 'damaged',
  'root-required': 'usage',
  'limit-exceeded': 'damaged',
  'database-not-found': 'notFound',
  'database-ambiguous': 'usage',
  // Where it comes from
  'source-failed': 'failed',
  'source-timeout': 'failed',
  'source-too-large': 'failed',
  // Blocks
  'block-missing': 'damaged',
  'block-damaged': 'damaged',
  'block-doubled': 'damaged',
  'block-invalid': 'damaged',
  'state-invalid': 'damaged',
  'address-invalid': 'damaged',
  'manifest-invalid': 'damaged',
  'access-list-invalid': 'damaged',
  'identity-invalid': 'damaged',
  'identity-missing': 'damaged',
  // Entries
  'entry-invalid': 'damaged',
  'entry-foreign': 'damaged',
  'entry-encrypted': 'damaged',
  'entry-plain': 'damaged',
  'head-missing': 'damaged',
  'head-wrong': 'damaged',
  'signature-invalid': 'damaged',
  'key-wrong': 'damaged',
  'access-denied': 'damaged',
  'access-failed': 'damaged',
  'access-too-deep': 'damaged',
  'import-not-supported': 'unsupported',
  // The node
  'node-unsupported': 'failed',
  'read-only': 'failed',
  'storage-failed': 'failed',
  'join-failed': 'failed',
  'log-closed': 'failed',
  'log-cleared': 'failed',
  'orbitdb-stopped': 'failed',
  'backup-left': 'failed',
  LEVEL_LOCKED: 'inUse',
  LEVEL_CORRUPTION: 'damaged'
}

const lackedByNode = (hash?: string): string => `Block "${hash}" is missing: the node does not have all of the database, which it may get from its peers when it runs`

/** What to do about errors, where that is something else on the command line than in an app. */
const messages: Record<string, (error: CodedError) => string> = {
  'block-missing': ({ hash }) => lackedByNode(hash),
  'access-denied': ({ hash }) => `Entry "${hash}" is of a writer who may not write: if it was allowed to when it wrote the entry, use --verify signatures`,
  'entry-encrypted': ({ message, hash }) => /without lists/.test(message) ? `Entry "${hash}" is encrypted, so that without its key nobody knows of what database it is: use the library, with its option encryption` : `Entry "${hash}" is encrypted, and there is no key here: to restore the entries unread, use --verify none`,
  'limit-exceeded': ({ message, limit }) => limit == null ? message : `${message.replace(/\. Whoever trusts it.*/s, '')}: if you trust it, raise the limit with --limit ${limit}=${/(\d+) is more than/.exec(message)?.[1] ?? '...'}, here and where it is read`,
  'archive-foreign': ({ message }) => /something else$/.test(message) ? `${message}. If another tool wrote blocks of a database to it, look at it with inspect --salvage` : message,
  'root-required': ({ message }) => `${message}: give it with --root`,
  LEVEL_LOCKED: ({ message }) => `"${/lock (.+)[/\\]LOCK/.exec(message)?.[1] ?? 'the directory'}" is in use by a running node, or by another run of this command: stop the node, or use the library in it`,
  LEVEL_CORRUPTION: ({ message }) => `A LevelDB of the node is damaged: ${message}`
}

/** The error about a type that an app has registered with OrbitDB. */
export const unsupportedType = (type: string): CLIError => {
  return new CLIError('unsupported', `"${shown(type)}" is not one of OrbitDB's own types: use the library in an app that has registered it`)
}

/** Says of a block that was not found while an archive was read that the archive lacks it, and not only the node. */
export function lackedByArchive (error: unknown): unknown {
  const { code, hash } = (error ?? {}) as CodedError
  return code === 'block-missing' ? new CLIError('damaged', `Block "${hash}" is missing: neither the archive nor the node has it`, { cause: error }) : error
}

/** The error about a directory that is not for this process to change. */
export const notWritable = (path: string): CLIError => {
  return new CLIError('failed', `"${path}" can not be written to: it is read-only, or belongs to another user`)
}

/** An error, what it was caused by, what that was caused by, and so on. */
function * causesOf (error: unknown): Generator<CodedError> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    yield cause
  }
}

/** Finds out what an error means to somebody who did not see the code that threw it. */
export function toCLIError (error: unknown): CLIError {
  for (const cause of causesOf(error)) {
    const { code, message } = cause
    if (cause instanceof CLIError) {
      return cause
    }
    if (cause instanceof CommanderError) {
      return new CLIError('usage', message.replace(/^error: /, ''))
    }
    if (typeof code === 'string' && Object.hasOwn(exitOfCode, code)) {
      return new CLIError(exitOfCode[code], messages[code]?.(cause) ?? message, { cause })
    }
    // What Helia says, which has no network here
    const absent = /^No block brokers .+, the CID (\w+) /.exec(message)?.[1]
    if (absent != null) {
      return new CLIError('damaged', lackedByNode(absent), { cause })
    }
    const type = /^AccessController type '(.+)' is not supported$/.exec(message)?.[1]
    if (type != null) {
      return unsupportedType(type)
    }
  }
  // What LevelDB itself says, which its caller leaves out
  const said = error instanceof Error && error.cause instanceof Error && (error as NodeJS.ErrnoException).code?.startsWith('LEVEL_') ? error.cause : error
  return new CLIError('failed', said instanceof Error ? said.message : String(said), { cause: error })
}

/** Whether an error is about what a node has of a database, and not that something was interrupted, or could not be written. */
export const isOfDatabase = (error: unknown): boolean => ([exitCodes.damaged, exitCodes.unsupported] as number[]).includes(toCLIError(error).exitCode)
