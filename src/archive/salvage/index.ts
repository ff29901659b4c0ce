import { readLoose } from './blocks.ts'
import { eachLink, identityOf, readLinks } from '../create/links.ts'
import { digestOfAddress } from '../create/contents.ts'
import { createPlan } from '../create/plan.ts'
import { decodeBlock } from '../decode.ts'
import { ArchiveError, ForeignArchiveError, hashOfDigest } from '../errors.ts'
import { toRootDigest } from '../roots.ts'
import { createDigestTable, digestLength, keyOf } from '../../blocks/digests.ts'
import { toBytes } from '../../blocks/hashes.ts'
import { digestOf } from '../../blocks/cids.ts'
import { sortPacked } from '../../blocks/packed.ts'
import { readEncrypted, readManifest, scanEntry } from '../../core/blocks.ts'
import { Entry } from '../../core/index.ts'
import type { FoundBlock } from './blocks.ts'
import type { Contents } from '../create/contents.ts'
import type { Limits } from '../limits.ts'
import type { RootLike } from '../roots.ts'
import type { BackupSource } from '../sources/index.ts'
import type { Source } from '../sources/source.ts'
import type { DatabaseAddress, Encryption } from '../../core/index.ts'

/** What was found among blocks without lists. */
export interface Salvaged {
  /** The addresses of the databases. */
  databases: DatabaseAddress[]
  /** How many blocks are nothing of these databases. */
  unused: number
  /** Says that it can not be known whether anything newer is missing, and which databases of access controllers are. */
  message: string
}

export interface SalvageOptions {
  /** The CID of the manifest of the one database that is asked for. */
  root?: RootLike
  encryption?: Encryption
  limits: Limits
  signal?: AbortSignal
}

/** What was salvaged, as a source of an archive that has lists. */
export interface SalvagedSource extends Source {
  salvaged: Salvaged
}

/**
 * Finds the databases among blocks that other tools have kept: their manifests, and the entries that say that they are
 * of their logs. Heads are the entries that no other one names, so that nobody knows whether there were newer ones.
 *
 * @throws ForeignArchiveError when there is no manifest, ArchiveError with the code `entry-encrypted` when there are
 * entries that can not be read.
 */
export async function openSalvaged (source: BackupSource, { root, encryption, limits, signal }: SalvageOptions): Promise<SalvagedSource> {
  const found = await readLoose(source, limits, signal)
  const wanted = root == null ? undefined : keyOf(toRootDigest(root))
  const manifests = new Map<string, ReturnType<typeof readManifest>>()
  const entries = new Map<string, FoundBlock[]>()
  for (const block of found.values()) {
    signal?.throwIfAborted()
    const address = `/orbitdb/${hashOfDigest(block.digest)}`
    const manifest = tryTo(() => readManifest(block.bytes))
    if (manifest != null) {
      manifests.set(address, manifest)
      continue
    }
    const id = await readId(block, encryption)
    if (id == null) continue
    const known = entries.get(id)
    known == null ? entries.set(id, [block]) : known.push(block)
  }
  const controllers = (address: string): string[] => {
    const access = manifests.get(address)?.accessController
    return access != null && manifests.has(access) ? [access] : []
  }
  const asked = [...manifests.keys()].filter(address => wanted == null || keyOf(digestOfAddress(address)!) === wanted)
  if (asked.length === 0) {
    throw new ForeignArchiveError(manifests.size === 0
      ? 'There is nothing to salvage: no block is the manifest of a database'
      : `There is no manifest with the CID ${String(root)}, but ${[...manifests.keys()].map(address => address.slice('/orbitdb/'.length)).join(', ')}`)
  }
  // A database is followed by that of its access controller
  const addresses = new Set(asked)
  for (const address of addresses) controllers(address).forEach(access => addresses.add(access))
  const access = new Set([...addresses].flatMap(controllers))

  const own: Contents[] = []
  const others: Contents[] = []
  for (const address of addresses) {
    const contents = await toContents(address as DatabaseAddress, entries.get(address) ?? [], found, encryption)
    ;(access.has(address) ? others : own).push(contents)
  }
  const plan = await createPlan(own, others, limits)
  const used = createDigestTable()
  for (const { setup, entries } of [...own, ...others]) {
    for (const { digest } of setup) used.add(digest)
    used.addAll(entries.digests)
  }
  const databases = own.map(({ address }) => address)
  const absent = [...addresses].flatMap(address => manifests.get(address)?.accessController ?? []).filter(access => access.startsWith('/orbitdb/') && !manifests.has(access))
  const blocks = new Map([...found, ...[...plan.nodes()].map((block): [string, FoundBlock] => [keyOf(block.digest), block])])
  return {
    headers: [[plan.root]],
    isRepeatable: true,
    getMany: async function * (digests) {
      yield digests.flatMap(digest => {
        const bytes = blocks.get(keyOf(digest))?.bytes
        return bytes == null ? [] : [{ digest, bytes, length: bytes.length, isIntact: true }]
      })
    },
    close: async () => {},
    salvaged: {
      databases,
      unused: found.size - used.size,
      message: `The heads were found as entries that no other one names: it can not be known whether anything newer is missing${absent.length === 0 ? '' : `. The databases of access controllers are not there, and have to be on the node: ${absent.join(', ')}`}`
    }
  }
}

function tryTo<Result> (fn: () => Result): Result | undefined {
  try {
    return fn()
  } catch {
    // Something else
  }
}

/** The id of the log that a block is an entry of: undefined when it is none. */
async function readId ({ digest, bytes }: FoundBlock, encryption?: Encryption): Promise<string | undefined> {
  let plain = bytes
  if (Entry.isEncrypted(bytes)) {
    const encrypted = tryTo(() => readEncrypted(bytes))
    // Not every block that starts like an encrypted entry is one: a text may
    if (encrypted == null) return
    try {
      plain = await encryption!.replication!.decrypt(encrypted)
    } catch (cause) {
      const hash = hashOfDigest(digest)
      throw new ArchiveError(`Entry "${hash}" is encrypted, and can not be read: without lists, what entries are of a database can be found with the key only. Give it by the option encryption`, { code: 'entry-encrypted', hash, cause })
    }
  }
  const fields = tryTo(() => scanEntry(plain))
  return fields == null ? undefined : new TextDecoder().decode(plain.subarray(fields.id, fields.idEnd))
}

/** What there is of a database. */
async function toContents (address: DatabaseAddress, entries: FoundBlock[], found: Map<string, FoundBlock>, encryption?: Encryption): Promise<Contents> {
  const all = createDigestTable()
  const times: number[] = []
  const identities = createDigestTable()
  const named = createDigestTable()
  const onLinks = eachLink((hash, isNext) => {
    if (isNext) named.add(toBytes(hash), 4)
  })
  for (const { digest, bytes } of entries) {
    const links = (await readLinks(bytes, { address, encryption, onLinks, onProblem: () => {} }))!
    if (all.add(digest) >= 0) times.push(links.time)
    const writer = identityOf(links)
    const identity = writer == null ? undefined : digestOf(toBytes(writer))
    // What is missing may be on the node
    if (identity != null && found.has(keyOf(identity))) identities.add(identity)
  }
  const manifest = digestOfAddress(address)!
  const controller = (decodeBlock({ digest: manifest, bytes: found.get(keyOf(manifest))!.bytes }) as { accessController: string }).accessController
  const block = digestOfAddress(controller)
  const hasBlock = block != null && found.has(keyOf(block))
  const heads = createDigestTable()
  for (let place = 0; place < all.size; place++) {
    if (!named.has(all.at(place))) heads.add(all.at(place).slice())
  }
  const digests = all.packed()
  const setup = createDigestTable()
  setup.add(manifest)
  if (hasBlock) setup.add(block)
  for (let place = 0; place < identities.size; place++) setup.add(identities.at(place).slice())
  const blocksOf = (packed: Uint8Array): FoundBlock[] => {
    return Array.from({ length: packed.length / digestLength }, (_, i) => found.get(keyOf(packed, i * digestLength))!)
  }
  return {
    address,
    accessController: !hasBlock ? undefined : controller.startsWith('/orbitdb/') ? { database: controller } : { block },
    setup: blocksOf(setup.packed()),
    identities: identities.packed(),
    heads: { digests: heads.packed(), times: Float64Array.from({ length: heads.size }, (_, i) => times[all.find(heads.at(i).slice())]) },
    entries: { digests, times: Float64Array.from(times) },
    written: sortPacked(digests),
    isUnread: false,
    readEntries: async function * (some) { yield { digests: some, blocks: blocksOf(some).map(({ bytes }) => bytes) } }
  }
}
