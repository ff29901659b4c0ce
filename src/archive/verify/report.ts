import type { DatabaseAddress } from '../../core/index.ts'

/** What is wrong with an archive. */
export type ProblemCode =
  | 'archive-damaged'
  | 'archive-truncated'
  | 'block-damaged'
  | 'block-invalid'
  | 'block-missing'
  | 'dag-invalid'
  | 'state-invalid'
  | 'address-invalid'
  | 'manifest-invalid'
  | 'access-list-invalid'
  | 'access-too-deep'
  | 'entry-invalid'
  | 'entry-foreign'
  | 'head-missing'
  | 'head-wrong'
  | 'signature-invalid'
  | 'key-wrong'
  | 'identity-invalid'
  | 'identity-missing'
  | 'access-denied'
  | 'access-failed'

/** What can not be checked without a node, or without a key. */
export type UncheckedCode = 'access-controller' | 'entries-encrypted' | 'identity' | 'newer-entries'

/** Something that was found out about an archive. */
export interface Finding<Code extends string = string> {
  code: Code
  message: string
  /** Hash of the block that it is about. */
  hash?: string
  /** Address of the database that it is about. */
  address?: DatabaseAddress
}

/** A database that was verified. */
export interface VerifiedDatabase {
  address: DatabaseAddress
  /** Name and type, as its manifest has them. */
  name?: string
  type?: string
  /** The number of entries. */
  entries: number
  /** The number of heads. */
  heads: number
  /** Whether it is there as the database of an access controller. */
  isAccess: boolean
}

/** What a verification found out. */
export interface VerifyReport {
  /** CID of the root; of several archives, those of all. */
  root: string
  roots: string[]
  /** Whether nothing is wrong, and nothing is missing. */
  ok: boolean
  /** CIDs of archives that this one is based on, and without which it can not be judged; empty where it is whole. */
  needs: string[]
  /** The databases, those of access controllers first. */
  databases: VerifiedDatabase[]
  /** How many blocks are in it that are nothing of the databases, and that a restore leaves out. */
  extra: number
  /** All that is wrong. */
  problems: Array<Finding<ProblemCode>>
  /** What may be right or wrong. */
  unchecked: Array<Finding<UncheckedCode>>
}

/** Findings, as they are collected. */
export type Findings = Pick<VerifyReport, 'problems' | 'unchecked'>
