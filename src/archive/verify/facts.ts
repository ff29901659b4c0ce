import { readEntry, readIdentity } from '../entries.ts'
import { Entry } from '../../core/index.ts'
import { verifySignature } from '../../signatures/index.ts'
import type { IdentityRecord } from '../entries.ts'
import type { ArchivedBlock } from '../car.ts'
import type { ArchivedDatabase, SnapshotReader } from '../snapshots.ts'

/** What is remembered of an entry. */
export interface EntryFacts {
  /** Address of its log. */
  id: string
  identity: string
  key: string
  /** Whether its signature is valid. */
  isValid: boolean
  /** What it names, until it was followed. */
  links?: { next: string[], refs: string[] }
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
  links: Map<ArchivedDatabase, Links>
}

export const createFacts = (): Facts => ({ entries: new Map(), encrypted: new Set(), identities: new Map(), blocks: new Map(), links: new Map() })

/** Remembers what matters about a block. */
export async function addFacts (facts: Facts, { hash, bytes }: ArchivedBlock, snapshots: SnapshotReader): Promise<void> {
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
  const isKnown = snapshots.isComplete()
  if (isKnown) {
    follow(facts, snapshots.databases(), hash, id, { next, refs })
  }
  if (snapshots.isOfAccess(id)) {
    facts.blocks.set(hash, bytes.slice())
  }
  const isValid = key !== '' && entry.sig !== '' && await Entry.verify({ verify: verifySignature }, entry)
  facts.entries.set(hash, { id, identity, key, isValid, ...(!isKnown && { links: { next, refs } }) })
}

/** Follows the links of the entries that came before the lists of entries did. */
export function followRest (facts: Facts, databases: ArchivedDatabase[]): void {
  for (const [hash, { id, links }] of facts.entries) {
    if (links != null) {
      follow(facts, databases, hash, id, links)
    }
  }
}

function follow (facts: Facts, databases: ArchivedDatabase[], hash: string, id: string, { next, refs }: NonNullable<EntryFacts['links']>): void {
  for (const database of databases) {
    if (database.address === id && database.entries.has(hash)) {
      const { named, broken } = linksOf(facts, database)
      for (const name of next) named.add(name)
      for (const name of [...next, ...refs]) {
        if (!database.entries.has(name)) {
          broken.push({ hash, name })
        }
      }
    }
  }
}

/** The links between the entries of a database. */
export function linksOf ({ links }: Facts, database: ArchivedDatabase): Links {
  let found = links.get(database)
  if (found == null) {
    found = { named: new Set(), broken: [] }
    links.set(database, found)
  }
  return found
}
