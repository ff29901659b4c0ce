import type { Identities } from './identities.ts'
import type { Intake } from './intake.ts'
import type { SignaturesVerifier } from './keystore.ts'
import { core } from './runtime.ts'
import type { RestoreState } from './state.ts'

/** Something that is wrong with a state. */
export interface StateProblem extends Error {
  code: string
  /** Hash of the block that it is about. */
  hash?: string
}

/** Options of {@link Verifier}. */
export interface VerifierOptions {
  /** Ask access controllers and identity providers that were registered, besides OrbitDB's own; defaults to false. */
  isCustom?: boolean
  verifySignatures?: SignaturesVerifier
}

/** A state to verify, whose entries an intake has taken. */
export interface VerifiableState {
  address: string
  heads: readonly string[]
  /** What has taken the entries. It is told the problems with them. */
  intake: Intake
  /** The state of the access controller, if it has one. */
  accessController?: RestoreState | {}
}

/** Verifies states of databases by the rules of an import, without a node. */
export interface Verifier {
  readonly identities: Identities
  /** Keeps a block that matches its hash: of a manifest, an identity, an access controller, or an entry of its database. */
  put (hash: string, bytes: Uint8Array): Promise<void>
  /** Verifies a state, once all of its blocks were put or taken. */
  verify (state: VerifiableState, options: {
    onProblem: (problem: StateProblem) => void
    /** Called with what can not be decided here. */
    onUnchecked: (code: 'access-controller' | 'identity', message: string, hash?: string) => void
    signal?: AbortSignal
  }): Promise<void>
}

/** Creates what verifies states of databases without a node. */
export const Verifier: (options?: VerifierOptions) => Promise<Verifier> = core.Verifier
