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

/** How far apart the texts of the hashes are that an entry names. */
export const linkLength = linkAt(0, 1)

export interface ReadLinksOptions {
  /** Address of its database. */
  address: string
  encryption?: Encryption
  /**
   * Called with where the texts of the hashes are that an entry names, in `next` or else in `refs`: each starts
   * {@link linkLength} bytes behind the one before.
   */
  onLinks: (text: Uint8Array, at: number, count: number, isNext: boolean) => void
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

function readPlain (bytes: Uint8Array, { address, encryption, onLinks, onProblem }: ReadLinksOptions): EntryLinks {
  let fields
  try {
    fields = scanEntry(bytes)
  } catch (error) {
    onProblem({ code: 'entry-invalid', message: `is not an entry: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}` })
    return readLoosely(bytes, onLinks)
  }
  if (!isText(bytes, fields.id, fields.idEnd, address)) {
    onProblem({ code: 'entry-foreign', message: 'is of another log' })
  }
  if (encryption?.data != null && bytes[fields.payload] >> 5 !== 2) {
    onProblem({ code: 'entry-plain', message: 'has data that is not encrypted, though the database was opened with encryption of its data' })
  }
  onLinks(bytes, fields.next, fields.nextCount, true)
  onLinks(bytes, fields.refs, fields.refsCount, false)
  const { identity, key, keyEnd, time } = fields
  return { bytes, identity, key, keyEnd, time }
}

/** The hash of the identity that wrote an entry; undefined when it names none. */
export const identityOf = ({ bytes, identity }: EntryLinks): string | undefined => identity === -1 ? undefined : hashAt(bytes, identity)

/** Calls a function with each of the hashes that `onLinks` is called with. */
export const eachLink = (onLink: (hash: string, isNext: boolean) => void): ReadLinksOptions['onLinks'] => (text, at, count, isNext) => {
  for (let i = 0; i < count; i++) onLink(hashAt(text, at + i * linkLength), isNext)
}

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
function readLoosely (bytes: Uint8Array, onLinks: ReadLinksOptions['onLinks']): EntryLinks {
  let entry: any
  try {
    entry = decode(bytes)
  } catch {
    // Not DAG-CBOR
  }
  const hashesOf = (value: unknown): string[] => Array.isArray(value) ? value.filter(isHash) : []
  for (const hash of hashesOf(entry?.next)) onLinks(encoder.encode(hash), 0, 1, true)
  for (const hash of hashesOf(entry?.refs)) onLinks(encoder.encode(hash), 0, 1, false)
  const identity = isHash(entry?.identity) ? entry.identity : ''
  const bytesRead = encoder.encode(identity + String(entry?.key))
  return { bytes: bytesRead, identity: identity === '' ? -1 : 0, key: identity.length, keyEnd: bytesRead.length, time: timeOf(entry) }
}
