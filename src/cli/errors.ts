import { CommanderError } from 'commander'
import { shown } from './text.ts'

/** What the command exits with. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  inUse: 3,
  notFound: 4,
  damaged: 5,
  unsupported: 6,
  incomplete: 7
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

interface LibraryError extends Error {
  /** Hash of the block or entry that it is about. */
  hash?: string
}

/** The errors of the library, and what they say to do where that is something else on the command line. */
const libraryErrors: Record<string, [code: keyof typeof exitCodes, toMessage?: (error: LibraryError) => string]> = {
  EmptyArchiveError: ['damaged'],
  NotAnArchiveError: ['damaged'],
  ForeignArchiveError: ['damaged'],
  DamagedArchiveError: ['damaged'],
  TruncatedArchiveError: ['damaged'],
  UnsupportedVersionError: ['unsupported'],
  InvalidStateError: ['damaged'],
  InvalidBlockError: ['damaged'],
  InvalidEntryError: ['damaged'],
  MissingBlockError: ['damaged', ({ hash }) => `Block "${hash}" is missing: the node does not have all of the database, which it may get from its peers when it runs`],
  AccessDeniedError: ['damaged', ({ hash }) => `Entry "${hash}" is of a writer who may not write: if it was allowed to when it wrote the entry, use --verify signatures`],
  EncryptedEntryError: ['damaged', ({ hash }) => `Entry "${hash}" is encrypted, and there is no key here: to restore the entries unread, use --verify none`]
}

/** The error about a type that an app has registered with OrbitDB. */
export const unsupportedType = (type: string): CLIError => {
  return new CLIError('unsupported', `"${shown(type)}" is not one of OrbitDB's own types: use the library in an app that has registered it`)
}

/** The error about a directory that is not for this process to change. */
export const notWritable = (path: string): CLIError => {
  return new CLIError('failed', `"${path}" can not be written to: it is read-only, or belongs to another user`)
}

/** An error, what it was caused by, what that was caused by, and so on. */
function * causesOf (error: unknown): Generator<Error & { code?: string }> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    yield cause
  }
}

/** Finds out what an error means to somebody who did not see the code that threw it. */
export function toCLIError (error: unknown): CLIError {
  for (const cause of causesOf(error)) {
    const { name, code, message } = cause
    if (cause instanceof CLIError) {
      return cause
    }
    if (cause instanceof CommanderError) {
      return new CLIError('usage', message.replace(/^error: /, ''))
    }
    if (code === 'LEVEL_LOCKED') {
      const path = /lock (.+)[/\\]LOCK/.exec(message)?.[1] ?? 'the directory'
      return new CLIError('inUse', `"${path}" is in use by a running node, or by another run of this command: stop the node, or use the library in it`, { cause })
    }
    if (code === 'LEVEL_CORRUPTION') {
      return new CLIError('damaged', `A LevelDB of the node is damaged: ${message}`, { cause })
    }
    if (Object.hasOwn(libraryErrors, name)) {
      const [code, toMessage = () => message] = libraryErrors[name]
      return new CLIError(code, toMessage(cause), { cause })
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
