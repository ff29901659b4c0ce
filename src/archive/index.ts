export { createBackup } from './create.ts'
export {
  ArchiveError, DamagedArchiveError, EmptyArchiveError, ForeignArchiveError, NotAnArchiveError, TruncatedArchiveError, UnsupportedVersionError
} from './errors.ts'
export { inspectBackup } from './inspect.ts'
export { restoreBackup } from './restore.ts'
export { verifyBackup } from './verify/index.ts'
export type { CreateOptions, CreateProgressEvent } from './create.ts'
export type { ArchiveSummary, DatabaseSummary, InspectOptions, InspectProgressEvent } from './inspect.ts'
export type { Amount, ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
export type { RestoreBackupOptions, RestoreProgressEvent } from './restore.ts'
export type { ArchiveSource } from './source.ts'
export type { Finding, ProblemCode, UncheckedCode, VerifiedDatabase, VerifyOptions, VerifyProgressEvent, VerifyReport } from './verify/index.ts'
