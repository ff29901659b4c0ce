export { createBackup } from './create/index.ts'
export {
  ArchiveError, DamagedArchiveError, EmptyArchiveError, ForeignArchiveError, IncompleteArchiveError, LimitExceededError, NotAnArchiveError,
  SourceFailedError, TruncatedArchiveError, UnsupportedVersionError, WrongRootError
} from './errors.ts'
export { inspectBackup } from './inspect.ts'
export { defaultLimits } from './limits.ts'
export { DatabaseNotFoundError } from './pick.ts'
export { restoreBackup } from './restore.ts'
export { verifyBackup } from './verify/index.ts'
export type { Backup, CreateOptions, CreateProblem, CreateProblemEvent, CreateProgressEvent } from './create/index.ts'
export type { ArchiveSummary, DatabaseSummary, InspectOptions, InspectProgressEvent } from './inspect.ts'
export type { Amount, ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
export type { RestoreBackupOptions, RestoreProgressEvent } from './restore.ts'
export type { RootLike } from './dag/index.ts'
export type { Limits } from './limits.ts'
export type { ArchiveSource, BackupSource, RootCID } from './sources/index.ts'
export type { Finding, ProblemCode, UncheckedCode, VerifiedDatabase, VerifyOptions, VerifyProgressEvent, VerifyReport } from './verify/index.ts'
