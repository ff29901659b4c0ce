import { timeOf } from './time.ts'
import { textLength } from '../../blocks/fingerprints.ts'
import { decode, isHash, linkAt, readEncrypted, scanEntry } from '../../core/blocks.ts'
import { Entry } from '../../core/index.ts'
import type { Encryption } from '../../core/index.ts'

/** What a backup needs to know of an entry. */
export interface EntryLinks {
  /** The bytes that have what the positions are of. */
  bytes: Uint8Array
  /** Where the text of the hash of the identity starts that wrote it; -1 when it names none. */
  identity: number
  /** Where the text of the key that it was signed with starts and ends. */
  key: number
  keyEnd: number
  /** The time that a list has of it. */
  time: number
}

/** Something about an entry that a restore would refuse. */
export interface EntryProblem {
  code: string
  message: string
}

export interface ReadLinksOptions {
  /** Address of its database. */
  address: string
  encryption?: Encryption
  /** Called with where the text of the hash of each entry is that it names, in `next` or else in `refs`. */
  onLink: (text: Uint8Array, at: number, isNext: boolean) => void
  onProblem: (problem: EntryProblem) => void
}

/**
 * Reads the links of an entry, whatever is wrong with it, and tells that: undefined when it is encrypted, and there is
 * no key.
 */
export function readLinks (bytes: Uint8Array, options: ReadLinksOptions): EntryLinks | undefined | Promise<EntryLinks | undefined> {
  const isEncrypted = Entry.isEncrypted(bytes)
  const { encryption, onProblem } = options
  const decrypt = encryption?.replication?.decrypt
  if (!isEncrypted) {
    if (encryption?.replication != null) {
      onProblem({ code: 'entry-plain', message: 'is not encrypted, though the database was opened with encryption of its entries' })
    }
    return readPlain(bytes, options)
  }
  return decrypt == null ? undefined : readDecrypted(bytes, decrypt, options)
}

async function readDecrypted (bytes: Uint8Array, decrypt: NonNullable<Encryption['replication']>['decrypt'], options: ReadLinksOptions): Promise<EntryLinks | undefined> {
  let plain
  try {
    plain = await decrypt(readEncrypted(bytes))
  } catch {
    options.onProblem({ code: 'entry-encrypted', message: 'can not be decrypted with the key that the database was opened with' })
    return
  }
  // With the key or without, the list of entries is the same
  return { ...readPlain(plain, options), time: 0 }
}

function readPlain (bytes: Uint8Array, { address, encryption, onLink, onProblem }: ReadLinksOptions): EntryLinks {
  let fields
  try {
    fields = scanEntry(bytes)
  } catch (error) {
    onProblem({ code: 'entry-invalid', message: `is not an entry: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}` })
    return readLoosely(bytes, onLink)
  }
  if (!isText(bytes, fields.id, fields.idEnd, address)) {
    onProblem({ code: 'entry-foreign', message: 'is of another log' })
  }
  if (encryption?.data != null && bytes[fields.payload] >> 5 !== 2) {
    onProblem({ code: 'entry-plain', message: 'has data that is not encrypted, though the database was opened with encryption of its data' })
  }
  for (let i = 0; i < fields.nextCount; i++) onLink(bytes, linkAt(fields.next, i), true)
  for (let i = 0; i < fields.refsCount; i++) onLink(bytes, linkAt(fields.refs, i), false)
  const { identity, key, keyEnd, time } = fields
  return { bytes, identity, key, keyEnd, time }
}

/** The hash of the identity that wrote an entry; undefined when it names none. */
export const identityOf = ({ bytes, identity }: EntryLinks): string | undefined => identity === -1 ? undefined : hashAt(bytes, identity)

/** The hash whose text starts at a byte. */
export const hashAt = (bytes: Uint8Array, at: number): string => String.fromCharCode.apply(null, bytes.subarray(at, at + textLength) as unknown as number[])

const encoder = new TextEncoder()

/** Whether the text between two positions is this one, which is ASCII. */
function isText (bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) {
    return false
  }
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) {
      return false
    }
  }
  return true
}

/** Reads what can be read of something that is not an entry. */
function readLoosely (bytes: Uint8Array, onLink: ReadLinksOptions['onLink']): EntryLinks {
  let entry: any
  try {
    entry = decode(bytes)
  } catch {
    // Not DAG-CBOR
  }
  const hashesOf = (value: unknown): string[] => Array.isArray(value) ? value.filter(isHash) : []
  for (const hash of hashesOf(entry?.next)) onLink(encoder.encode(hash), 0, true)
  for (const hash of hashesOf(entry?.refs)) onLink(encoder.encode(hash), 0, false)
  const identity = isHash(entry?.identity) ? entry.identity : ''
  const bytesRead = encoder.encode(identity + String(entry?.key))
  return { bytes: bytesRead, identity: identity === '' ? -1 : 0, key: identity.length, keyEnd: bytesRead.length, time: timeOf(entry) }
}
