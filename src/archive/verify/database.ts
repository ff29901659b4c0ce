import * as dagCbor from '@ipld/dag-cbor'
import { mayWrite, readIPFSAccess, readOrbitDBAccess } from './access.ts'
import { linksOf } from './facts.ts'
import { verifySignature } from '../../signatures/index.ts'
import type { Writers } from './access.ts'
import type { EntryFacts, Facts } from './facts.ts'
import type { Findings, ProblemCode, UncheckedCode } from './report.ts'
import type { IdentityRecord } from './entries.ts'
import type { ArchivedDatabase } from './archived.ts'

/** What the databases of an archive are checked against. */
export interface Evidence {
  facts: Facts
  /** Whether a block is there and intact. */
  has: (hash: string) => boolean
  /** Whether a block is there and damaged. */
  isDamaged: (hash: string) => boolean
  findings: Findings
}

/** Checks a database that was archived. */
export async function checkDatabase (database: ArchivedDatabase, evidence: Evidence): Promise<void> {
  const { facts, has, isDamaged, findings } = evidence
  const { address, identities, entries } = database
  const report = (code: ProblemCode, message: string, hash?: string): void => {
    findings.problems.push({ code, message, hash, address })
  }
  const reportUnchecked = (code: UncheckedCode, message: string, hash?: string): void => {
    findings.unchecked.push({ code, message, hash, address })
  }

  for (const hash of new Set([database.manifest, ...database.access == null ? [] : [database.access], ...identities, ...entries])) {
    if (!has(hash) && !isDamaged(hash)) {
      report('block-missing', `Block "${hash}" is missing`, hash)
    }
  }

  const accessController = checkManifest(database, evidence, report)
  const { writers, encrypted, isWhole } = checkEntries(database, evidence, report)
  if (encrypted > 0) {
    reportUnchecked('entries-encrypted', `${encrypted} of ${entries.size} entries are encrypted`)
  }
  checkLinks(database, facts, report, { isWhole: isWhole && encrypted === 0, isReadable: encrypted === 0 })

  for (const hash of writers) {
    if (!identities.has(hash)) {
      report('identity-missing', `Identity "${hash}", which wrote entries, is not in the list of identities`, hash)
    }
  }
  const allowed = accessController == null ? undefined : await readAccess(database, evidence, accessController)
  if (accessController != null && allowed == null) {
    if (/^\/(ipfs|orbitdb)\//.test(accessController)) {
      report('access-controller-invalid', `The access controller "${accessController}" can not be read`)
    } else {
      reportUnchecked('access-controller', `Who may write is decided by an access controller of another type, "${accessController}"`)
    }
  }
  for (const hash of identities) {
    if (isWhole && encrypted === 0 && !writers.has(hash)) {
      report('identity-extra', `Identity "${hash}" is in the list of identities, and wrote no entry`, hash)
    }
    if (!has(hash)) {
      continue
    }
    const identity = facts.identities.get(hash)
    if (identity == null) {
      report('identity-invalid', `Block "${hash}" is not an identity`, hash)
    } else if (identity.type !== 'publickey') {
      reportUnchecked('identity', `Identity "${hash}" is of another type, "${identity.type}"`, hash)
    } else if (!await isValid(identity)) {
      report('identity-invalid', `The signatures of identity "${hash}" are not valid`, hash)
    }
    if (identity != null && writers.has(hash) && allowed != null && !mayWrite(allowed, identity.id)) {
      report('access-denied', `Identity "${hash}" wrote entries, and "${identity.id}" is not allowed to write`, hash)
    }
  }
}

type Report = (code: ProblemCode, message: string, hash?: string) => void

/** Checks the manifest against the snapshot, and returns the address of the access controller. */
function checkManifest ({ manifest: hash, access, accessDatabase }: ArchivedDatabase, { facts, has }: Evidence, report: Report): string | undefined {
  if (!has(hash)) {
    return
  }
  const manifest = decodeMap(facts.blocks.get(hash))
  if (manifest == null || typeof manifest.accessController !== 'string') {
    report('manifest-invalid', `Block "${hash}" is not a manifest`, hash)
    return
  }
  const address: string = manifest.accessController
  const linked = access ?? accessDatabase?.manifest
  if (/^\/(ipfs|orbitdb)\//.test(address) && linked !== address.split('/').pop()) {
    report('access-controller-invalid', `The access controller of the manifest is "${address}", and that of the snapshot is not`)
    return
  }
  return address
}

/** Checks each entry by itself. */
function checkEntries ({ address, entries, identities }: ArchivedDatabase, { facts, has }: Evidence, report: Report): { writers: Set<string>, encrypted: number, isWhole: boolean } {
  const writers = new Set<string>()
  let encrypted = 0
  let isWhole = true
  for (const hash of entries) {
    const entry = facts.entries.get(hash)
    if (entry == null) {
      if (facts.encrypted.has(hash)) {
        encrypted++
      } else {
        isWhole = false
        if (has(hash)) {
          report('entry-invalid', `Block "${hash}" is not an entry`, hash)
        }
      }
      continue
    }
    if (entry.id !== address) {
      isWhole = false
      report('entry-invalid', `Entry "${hash}" is of another log, "${entry.id}"`, hash)
      continue
    }
    writers.add(entry.identity)
    checkWriter(hash, entry, identities.has(entry.identity) ? facts.identities.get(entry.identity) : undefined, report)
  }
  return { writers, encrypted, isWhole }
}

function checkWriter (hash: string, { identity: identityHash, key, isValid }: EntryFacts, identity: IdentityRecord | undefined, report: Report): void {
  if (!isValid) {
    report('signature-invalid', `The signature of entry "${hash}" is not valid`, hash)
  }
  if (identity != null && identity.publicKey !== key) {
    report('key-wrong', `Entry "${hash}" is not signed by the key of its identity, "${identityHash}"`, hash)
  }
}

/** Checks that the heads are those that no entry names, and that no entry names what is not in the list. */
function checkLinks (database: ArchivedDatabase, facts: Facts, report: Report, { isWhole, isReadable }: { isWhole: boolean, isReadable: boolean }): void {
  const { heads, entries } = database
  const { named, broken } = linksOf(facts, database)
  for (const { hash, name } of broken) {
    report('entry-missing', `Entry "${hash}" names "${name}", which is not in the list of entries`, hash)
  }
  for (const hash of heads) {
    if (!entries.has(hash)) {
      report('head-wrong', `Head "${hash}" is not in the list of entries`, hash)
    } else if (isReadable && named.has(hash)) {
      report('head-wrong', `Head "${hash}" is not one: another entry follows it`, hash)
    }
  }
  if (isWhole) {
    for (const hash of entries) {
      if (!named.has(hash) && !heads.has(hash)) {
        report('head-missing', `Entry "${hash}" is a head, and not in the list of heads`, hash)
      }
    }
  }
}

/** Who may write, where the access controller is one of OrbitDB's own. */
async function readAccess ({ access, accessDatabase }: ArchivedDatabase, evidence: Evidence, address: string): Promise<Writers> {
  const getBytes = (hash: string): Uint8Array | undefined => evidence.facts.blocks.get(hash)
  if (address.startsWith('/ipfs/') && access != null) {
    const bytes = getBytes(access)
    return bytes == null ? undefined : readIPFSAccess(bytes)
  }
  if (address.startsWith('/orbitdb/') && accessDatabase != null) {
    const manifest = decodeMap(getBytes(accessDatabase.manifest))
    const writers = typeof manifest?.accessController === 'string' ? await readAccess(accessDatabase, evidence, manifest.accessController) : undefined
    return writers == null ? undefined : readOrbitDBAccess(accessDatabase, getBytes, writers)
  }
}

/** Whether the signatures of an identity of type publickey are valid. */
async function isValid ({ id, publicKey, signatures }: IdentityRecord): Promise<boolean> {
  return await verifySignature(signatures.id, publicKey, id) && verifySignature(signatures.publicKey, id, publicKey + signatures.id)
}

function decodeMap (bytes: Uint8Array | undefined): Record<string, unknown> | undefined {
  try {
    const value = bytes == null ? undefined : dagCbor.decode<Record<string, unknown> | null>(bytes)
    return value != null && typeof value === 'object' ? value : undefined
  } catch {
    // Not DAG-CBOR
  }
}
