import type { Encryption } from './encryption.ts'
import type { Identities } from './identities.ts'
import { core } from './runtime.ts'
import type { ImportOptions } from './state.ts'

/** Options of {@link Intake}. */
export interface IntakeOptions extends Pick<ImportOptions, 'verify' | 'onProgress'> {
  /** Address of the database. */
  id: string
  encryption?: Encryption
  /** What verifies signatures. */
  identities?: Pick<Identities, 'verify'>
  /** Called with each error; by default the first one is thrown, and nothing is taken any more. */
  onProblem?: (error: Error & { code: string, hash?: string }) => void
}

/**
 * Reads and verifies the entries of a state as they come, in any order, so that
 * they do not have to be read again when the state is imported. It remembers
 * their hashes, and not the entries.
 */
export interface Intake {
  readonly id: string
  /**
   * Adds a hash to those of the state.
   *
   * @throws InvalidStateError when it is not that of an entry.
   */
  expect (hash: string): void
  /** Adds a hash by its text, 49 characters, which is faster where there are many. */
  expectText (text: Uint8Array): void
  /** Whether a hash is that of an entry of the state, as far as is known. */
  expects (hash: string): boolean
  /**
   * Takes a block that matches its hash, and whose bytes do not change any more.
   * Whether it is that of an entry that is expected: what is not can be taken
   * again. A promise where it has to wait.
   *
   * @throws The first error, where there is no `onProblem`.
   */
  take (hash: string, bytes: Uint8Array): boolean | Promise<boolean>
  /** Adds a hash by its text, of which nothing is kept, and takes its block. See {@link Intake.take}. */
  takeText (text: Uint8Array, bytes: Uint8Array): boolean | Promise<boolean>
  /** Waits until what was taken is verified. */
  settle (): Promise<void>
}

/** Creates what reads and verifies the entries of a state as they come. */
export const Intake: (options: IntakeOptions) => Intake = core.Intake
