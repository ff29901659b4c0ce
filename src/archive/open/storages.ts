import { listHas, readDigests } from './lists.ts'
import { ReadOnlyError } from './errors.ts'
import { ArchiveError, hashOfDigest } from '../errors.ts'
import { digestOf } from '../../blocks/cids.ts'
import { createDigestTable } from '../../blocks/digests.ts'
import { toBytes } from '../../blocks/hashes.ts'
import { missingBlock } from '../../blocks/errors.ts'
import { createVerification } from '../../core/elsewhere.ts'
import { scanEntry } from '../../core/blocks.ts'
import { ComposedStorage, Entry, LRUStorage, MemoryStorage } from '../../core/index.ts'
import type { NamedList } from './lists.ts'
import type { BlockReader } from '../block-reader.ts'
import type { Encryption, Head, ImportOptions, LogAccess, SigningIdentity, Storage } from '../../core/index.ts'

/** As many entries as OrbitDB keeps in memory. */
const cacheSize = 1000

const refuse = async (): Promise<never> => { throw new ReadOnlyError() }

/** What all storages of a database in a backup have in common: nothing is written. */
async function createReadOnly<Value> ({ get, iterator }: Pick<Storage<Value>, 'get' | 'iterator'>): Promise<Storage<Value>> {
  return { get, iterator, put: refuse, putMany: refuse, del: refuse, persist: refuse, merge: refuse, clear: refuse, close: async () => {} }
}

export interface EntryStorageOptions {
  address: string
  /** The list of the entries. */
  entries: NamedList
  reader: BlockReader
  verify: NonNullable<ImportOptions['verify']>
  identity: SigningIdentity
  access: LogAccess
  encryption?: Encryption
}

/**
 * The entries of a backup as a storage: each is read when it is asked for, and given out once it was verified, by the
 * rules of imports. One that the log has and the backup lacks is an error, and not the end of the log.
 */
export async function createEntryStorage ({ address, entries, reader, verify, identity, access, encryption }: EntryStorageOptions): Promise<Storage> {
  const anyone: LogAccess = { canAppend: () => true }
  const rules = createVerification({ id: address, identity, access: verify === true ? access : anyone, encryption })
  /** Entries that others follow, until they are asked for. */
  const followed = new Set<string>()
  /** What was verified: heads are read each time. */
  const checked = createDigestTable()

  const check = async (hash: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> => {
    try {
      const read = await rules.read(hash, bytes)
      if (verify !== false) await rules.verify(read, signal)
      for (const next of read.entry.next) followed.add(next)
    } catch (error) {
      const { code, cause } = error as { code?: string, cause?: unknown }
      // What is missing in the backup, or damaged there, is that and nothing else
      if (cause instanceof ArchiveError) throw cause
      if (verify !== false || code === 'entry-foreign') throw error
    }
  }

  const assertIsOther = async (hash: string): Promise<void> => {
    for await (const digest of readDigests(entries, reader)) {
      if (hashOfDigest(digest) === hash) throw reader.missing(digest)
    }
    if (followed.has(hash)) {
      throw missingBlock(hash)
    }
  }

  const verified = await createReadOnly<Uint8Array>({
    get: async (hash, signal) => {
      const digest = digestOf(toBytes(hash))!
      const bytes = await reader.get(digest, signal)
      if (bytes == null) {
        await assertIsOther(hash)
      } else if (!checked.has(digest)) {
        await check(hash, bytes, signal)
        checked.add(digest)
      }
      followed.delete(hash)
      return bytes
    },
    iterator: async function * () {}
  })
  const cached = await ComposedStorage(await LRUStorage<Uint8Array>({ size: cacheSize }), verified)
  return { ...verified, get: cached.get }
}

/** The hashes of the heads of a database. */
export async function readHeads (list: NamedList, reader: BlockReader): Promise<Set<string>> {
  const heads = new Set<string>()
  for await (const digest of readDigests(list, reader)) heads.add(hashOfDigest(digest))
  return heads
}

/** The heads of a backup as a storage, in the form that OrbitDB has them in. What they follow is of no use where nothing is written. */
export async function createHeadsStorage (heads: ReadonlySet<string>): Promise<Storage> {
  const memory = await MemoryStorage<Uint8Array>()
  await memory.put('heads', new TextEncoder().encode(JSON.stringify(Array.from(heads, (hash): Head => ({ hash, next: [] })))))
  return createReadOnly(memory)
}

/**
 * The index of a backup as a storage. It is not read: whether an entry is in it is looked up in the tree that its list is.
 * OrbitDB asks for all heads when it opens a log, which are in it.
 */
export async function createIndexStorage (entries: NamedList, heads: ReadonlySet<string>, reader: BlockReader): Promise<Storage<unknown>> {
  /** The time by which an entry stands in the list: none of one that is encrypted. */
  const timeOf = (bytes: Uint8Array): number => {
    try {
      return Entry.isEncrypted(bytes) ? 0 : scanEntry(bytes).time
    } catch {
      return 0
    }
  }
  return createReadOnly<unknown>({
    get: async (hash, signal) => {
      if (heads.has(hash)) {
        return true
      }
      const digest = digestOf(toBytes(hash))
      const bytes = digest == null ? undefined : await reader.get(digest, signal)
      return bytes != null && await listHas(entries, reader, digest!, timeOf(bytes)) ? true : undefined
    },
    iterator: async function * () {
      for await (const digest of readDigests(entries, reader)) yield [hashOfDigest(digest), true]
    }
  })
}
