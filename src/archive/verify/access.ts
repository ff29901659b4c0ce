import * as dagCbor from '@ipld/dag-cbor'
import { Log, MemoryStorage } from '../../core/index.ts'
import type { ArchivedDatabase } from './archived.ts'
import type { Operation, SigningIdentity } from '../../core/index.ts'

/** Ids of those who may write; undefined when that can not be found out. */
export type Writers = Set<string> | undefined

const isIterable = (value: unknown): value is Iterable<unknown> => Symbol.iterator in Object(value)
const areStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every(id => typeof id === 'string')

/** Whether an id is among those who may write, where `*` is everybody. */
export const mayWrite = (writers: Set<string>, id: string): boolean => writers.has(id) || writers.has('*')

/** Who may write according to the block of an IPFSAccessController. */
export function readIPFSAccess (bytes: Uint8Array): Writers {
  try {
    const { write } = dagCbor.decode<{ write: unknown }>(bytes)
    return areStrings(write) ? new Set(write) : undefined
  } catch {
    // Not DAG-CBOR
  }
}

/**
 * Who may write according to the database of an OrbitDBAccessController, as of the end of its log:
 * as OrbitDB has it, those with the capability `write` or `admin`, and the writers of that database.
 */
export async function readOrbitDBAccess (database: ArchivedDatabase, getBytes: (hash: string) => Uint8Array | undefined, writers: Set<string>): Promise<Writers> {
  const entryStorage = await MemoryStorage()
  for (const hash of database.entries) {
    const bytes = getBytes(hash)
    if (bytes == null) {
      return
    }
    await entryStorage.put(hash, bytes)
  }
  const log = await Log<Operation>({} as SigningIdentity, { logId: database.address, entryStorage })
  const capabilities = new Map<string | null, unknown[]>()
  try {
    await log.import({ heads: [...database.heads], index: database.entries }, { verify: false })
    for await (const { payload: { op, key, value } } of log.traverse()) {
      if (!capabilities.has(key) && (op === 'PUT' || op === 'DEL')) {
        capabilities.set(key, op === 'PUT' && isIterable(value) ? [...value] : [])
      }
    }
  } catch {
    // What is wrong with the log is reported as it is of every log
    return
  }
  const granted = ['write', 'admin'].flatMap(capability => capabilities.get(capability) ?? [])
  return new Set([...granted as string[], ...writers])
}
