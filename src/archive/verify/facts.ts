import { readEntry, readIdentity } from './entries.ts'
import { hashOfDigest } from '../errors.ts'
import { Entry } from '../../core/index.ts'
import { verifySignature } from '../../signatures/index.ts'
import type { ArchivedDatabase } from './archived.ts'
import type { IdentityRecord } from './entries.ts'
import type { PlacedBlock } from '../dag/index.ts'

/** What is remembered of an entry. */
export interface EntryFacts {
  /** Address of its log. */
  id: string
  identity: string
  key: string
  /** Whether its signature is valid. */
  isValid: boolean
  /** What it names. */
  links: { next: string[], refs: string[] }
}

/** What is remembered of the links between the entries of a database. */
export interface Links {
  /** What some entry has in its next field. */
  named: Set<string>
  /** Entries, and what they name that is not in the list of entries. */
  broken: Array<{ hash: string, name: string }>
}

/** What is remembered of the blocks of an archive: little of the entries, as there can be many. */
export interface Facts {
  entries: Map<string, EntryFacts>
  /** Hashes of the entries that are encrypted. */
  encrypted: Set<string>
  identities: Map<string, IdentityRecord>
  /** The other blocks, and the entries of access controllers. */
  blocks: Map<string, Uint8Array>
  /** The hashes of all blocks. */
  seen: Set<string>
}

export const createFacts = (): Facts => ({ entries: new Map(), encrypted: new Set(), identities: new Map(), blocks: new Map(), seen: new Set() })

/** Remembers what matters about a block. */
export async function addFacts (facts: Facts, { digest, bytes, database }: PlacedBlock, isOfAccess: (address: string) => boolean): Promise<void> {
  const hash = hashOfDigest(digest)
  facts.seen.add(hash)
  const entry = readEntry(bytes)
  if (entry == null) {
    const identity = readIdentity(bytes)
    if (identity != null) {
      facts.identities.set(hash, identity)
    } else if (Entry.isEncrypted(bytes)) {
      facts.encrypted.add(hash)
    } else {
      facts.blocks.set(hash, bytes.slice())
    }
    return
  }
  const { id, identity, key, next, refs } = entry
  if (database == null || database.isAccess || isOfAccess(database.address)) {
    facts.blocks.set(hash, bytes.slice())
  }
  const isValid = key !== '' && entry.sig !== '' && await Entry.verify({ verify: verifySignature }, entry)
  facts.entries.set(hash, { id, identity, key, isValid, links: { next, refs } })
}

/** The links between the entries of a database. */
export function linksOf ({ entries }: Facts, database: ArchivedDatabase): Links {
  const links: Links = { named: new Set(), broken: [] }
  for (const hash of database.entries) {
    const facts = entries.get(hash)
    if (facts?.id === database.address) {
      for (const name of facts.links.next) links.named.add(name)
      for (const name of [...facts.links.next, ...facts.links.refs]) {
        if (!database.entries.has(name)) links.broken.push({ hash, name })
      }
    }
  }
  return links
}
