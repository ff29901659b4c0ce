import { hasHeads, readAdded } from './added.ts'
import { readLog } from './entries.ts'
import { createReader } from './reader.ts'
import { dagCbor, decodeBlock } from '../decode.ts'
import { assertWithin } from '../limits.ts'
import { cidOf, digestOf } from '../../blocks/cids.ts'
import { isDagCborHash, toBytes, toHash } from '../../blocks/hashes.ts'
import { sha256 } from '../../blocks/sha256.ts'
import { readAccessList, readIdentity, readManifest } from '../../core/blocks.ts'
import type { Base, BaseDatabase } from './base.ts'
import type { LogSnapshot, ReadLog } from './entries.ts'
import type { Reader } from './reader.ts'
import type { Spool } from './spool.ts'
import type { AccessControllerName } from '../format/snapshot.ts'
import type { Limits } from '../limits.ts'
import type { WrittenBlock, WrittenRun } from '../sinks/car.ts'
import type { Blocks } from '../../blocks/index.ts'
import type { Database, DatabaseAddress, DatabaseState } from '../../core/index.ts'

/** What is read of a database before its snapshot can be made. */
export interface Contents {
  address: DatabaseAddress
  accessController?: AccessControllerName
  /** What it has besides its entries: manifest, access controller, identities. Without bytes where the base has it. */
  setup: Array<Pick<WrittenBlock, 'digest'> & Partial<WrittenBlock>>
  /** Digests of the identities of the writers, and of the heads with their times. */
  identities: Uint8Array
  heads: { digests: Uint8Array, times: Float64Array }
  /** Digests of the entries that were read, and their times. */
  entries: { digests: Uint8Array, times: Float64Array }
  /** Where those are that are not among these, if any. */
  base?: BaseDatabase
  /** Digests of those entries that may have to be written, in the order of the stores' keys. */
  written: Uint8Array
  /** How many bytes these have, where that is known. */
  writtenBytes?: number
  /** Whether some entries could not be read. */
  isUnread: boolean
  /** Reads some entries, given in the order of the stores' keys, checked. */
  readEntries: (digests: Uint8Array) => AsyncIterable<WrittenRun>
}

/** Something in a log that a restore would refuse. */
export interface CreateProblem {
  code: string
  hash: string
  address: DatabaseAddress
  message: string
}

/** Where the contents of a database come from. */
export interface Origin {
  /** The database itself; unknown of that of an access controller. */
  db?: Database
  /** The blocks of its node. */
  blocks: Blocks
  base?: Base
  /** What keeps entries that are read until they are written. */
  spool?: Spool
  limits: Limits
  signal?: AbortSignal
  /** Called with the number of entries and of bytes that have been read. */
  onRead: (entries: number, bytes: number) => void
  onProblem: (problem: CreateProblem) => void
}

/** Reads the contents of a database, and of that of its access controller where that is one, which comes after it. */
export async function readDatabase (db: Database, someOrigin: Omit<Origin, 'db'>): Promise<Contents[]> {
  const origin = { ...someOrigin, db }
  const { signal, base } = origin
  const { address } = db
  const reader = createReader(undefined, origin)
  const known = await base?.getDatabase(address)
  const isInLog = known != null && await hasHeads(db, known)
  const { heads, hashes } = await db.log.snapshot()
  let log = isInLog ? await readAdded(heads, known, reader, origin) : undefined
  if (log == null) {
    log = await readAll(address, { heads, hashes }, reader, origin)
  } else {
    await hashes.return()
  }
  // Later than the log, so that it knows all who have written to it
  const accessState = await db.access.export?.({ verify: false, signal })
  return finish(address, accessState, reader, log, origin)
}

/** Reads all entries of a log, of which those have to be written that no base has. */
async function readAll (address: DatabaseAddress, snapshot: LogSnapshot, reader: Reader, origin: Origin): Promise<ReadLog> {
  const log = await readLog(address, snapshot, reader, origin)
  const written = await origin.base?.without(address, log.entries) ?? log.written
  return { ...log, written, writtenBytes: written === log.written ? log.writtenBytes : undefined }
}

async function readState (state: DatabaseState, origin: Origin): Promise<Contents[]> {
  const { address, heads, index, accessController } = state
  const reader = createReader(state, origin)
  const log = await readAll(address, { heads, hashes: [index] }, reader, origin)
  return finish(address, accessController, reader, log, origin)
}

/** Reads what a database has besides its entries. */
async function finish (address: DatabaseAddress, accessState: unknown, reader: Reader, { writers, identities, ...entries }: ReadLog, origin: Origin): Promise<Contents[]> {
  const { db, base, limits, signal, onProblem } = origin
  const setup: Contents['setup'] = []
  const report = (digest: Uint8Array, check: () => void): void => {
    try {
      check()
    } catch (error) {
      const { code, message } = error as Error & { code: string }
      onProblem({ code, hash: toHash(cidOf(digest)), address, message })
    }
  }

  const manifest = await reader.getBlock(digestOfAddress(address)!)
  setup.push(manifest)
  report(manifest.digest, () => readManifest(manifest.bytes, toHash(cidOf(manifest.digest))))
  assertWithin(limits, 'nameBytes', db?.name.length ?? 0, 'Could not create a backup: the name of a database')
  let accessController: AccessControllerName | undefined
  const others: Contents[] = []
  if (isDatabaseState(accessState)) {
    others.push(...await readState(accessState, { ...origin, db: undefined }))
    accessController = { database: others[0].address }
  } else if (accessState != null) {
    const bytes = dagCbor.encode(accessState)
    const block = { digest: await sha256(bytes), bytes }
    setup.push(block)
    accessController = { state: block.digest }
  } else {
    const access = (decodeBlock(manifest) as { accessController?: unknown } | null)?.accessController
    const digest = typeof access === 'string' ? digestOfAddress(access) : undefined
    const isList = String(access).startsWith('/ipfs/')
    if (digest != null && (isList || await reader.has(digest))) {
      const block = await reader.getBlock(digest)
      if (isList) report(digest, () => readAccessList(block.bytes, toHash(cidOf(digest))))
      setup.push(block)
      accessController = { block: digest }
    }
  }

  for (let place = 0; place < identities.size; place++) {
    signal?.throwIfAborted()
    const digest = identities.at(place).slice()
    const hash = toHash(cidOf(digest))
    const signed = writers.get(hash)
    if (signed == null && base?.has(digest) === true) {
      setup.push({ digest })
      continue
    }
    const bytes = hash === db?.identity.hash ? db.identity.bytes : (await reader.getBlock(digest)).bytes
    setup.push({ digest, bytes })
    report(digest, () => {
      const { publicKey } = readIdentity(bytes, hash)
      const wrong = signed?.find(({ key }) => publicKey !== new TextDecoder().decode(key))
      if (wrong != null) {
        onProblem({ code: 'key-wrong', hash: wrong.hash, address, message: `Entry "${wrong.hash}" is not signed with the key of the identity that it names, "${hash}"` })
      }
    })
  }
  return [{ address, accessController, setup, ...entries, identities: identities.packed(), readEntries: reader.readEntries }, ...others]
}

/** The digest of the block that an address names. */
export function digestOfAddress (address: string): Uint8Array | undefined {
  const hash = address.slice(address.lastIndexOf('/') + 1)
  return isDagCborHash(hash) ? digestOf(toBytes(hash)) : undefined
}

const isDatabaseState = (state: unknown): state is DatabaseState => {
  const { address, heads, index, blocks } = (state ?? {}) as Partial<DatabaseState>
  return address != null && Array.isArray(heads) && typeof index?.toJSON === 'function' && blocks != null
}
