import type { AccessControllerFactory } from './access-controllers.ts'
import type { DatabaseFactory } from './database.ts'
import type { Encryption } from './encryption.ts'
import type { Entry, SignedEntry } from './entry.ts'
import type { HeliaNode } from './helia.ts'
import type { SigningIdentity } from './identities.ts'
import type { LogAccess } from './log.ts'
import { core } from './runtime.ts'

/*
 * What reads a log that is kept elsewhere than OrbitDB keeps its logs. No app needs it.
 */

/** The rules of what can be in a log. */
export interface Verification {
  /**
   * Reads an entry from its block, and checks the bytes, the form and the log.
   *
   * @throws InvalidBlockError, InvalidEntryError or EncryptedEntryError
   */
  read (hash: string, bytes: Uint8Array): Promise<{ entry: Entry, signed: Uint8Array }>
  /**
   * Checks the signature, the key and the access of an entry that was read.
   *
   * @throws InvalidEntryError, MissingBlockError, AccessDeniedError or AccessFailedError
   */
  verify (read: { entry: Entry, signed: Uint8Array }, signal?: AbortSignal): Promise<void>
  /** Asks the access controller about an entry. */
  authorize (entry: SignedEntry): Promise<void>
}

/** Creates the rules of what can be in a log: those of joins and imports. */
export const createVerification: (params: { id: string, identity: SigningIdentity, access: LogAccess, encryption?: Encryption }) => Verification = core.Verification

/** The part of a node that a {@link createScratchNode} reads what it lacks from. */
export interface BlockReader {
  libp2p: { peerId?: unknown }
  blockstore: Pick<HeliaNode['blockstore'], 'has' | 'get'>
}

/** Creates a node that keeps in memory what is put to it, and reads what it lacks from another one. It has no peers. */
export const createScratchNode: (blocks: BlockReader) => HeliaNode = core.ScratchNode

/**
 * The type of databases that was registered by a name.
 *
 * @throws Error when there is none.
 */
export const getDatabaseType: (type: string) => (() => DatabaseFactory<any>) = core.getDatabaseType

/**
 * The type of access controllers that was registered by a name.
 *
 * @throws Error when there is none.
 */
export const getAccessController: (type: string) => (() => AccessControllerFactory) = core.getAccessController
