import { createBlockReader } from './block-reader.ts'
import { toBackup } from './create/index.ts'
import { createPlan } from './create/plan.ts'
import { openDag } from './dag/index.ts'
import { readRoot, readSnapshot } from './dag/snapshots.ts'
import { toLimits } from './limits.ts'
import { openTree } from './lists/tree.ts'
import { pickAllRoots } from './roots.ts'
import { openOrSalvage } from './salvage/open.ts'
import { isSeveral } from './sources/index.ts'
import { openRandomAccess } from './sources/random.ts'
import { readInBatches } from '../blocks/batches.ts'
import { createDigestTable, digestLength, keyOf } from '../blocks/digests.ts'
import { digestOf } from '../blocks/cids.ts'
import { toBlocks } from './sinks/car.ts'
import { sortPacked } from '../blocks/packed.ts'
import type { BlockReader } from './block-reader.ts'
import type { Backup, Planned } from './create/index.ts'
import type { Contents } from './create/contents.ts'
import type { Dag, DagDatabase } from './dag/index.ts'
import type { AccessControllerName, Snapshot } from './format/snapshot.ts'
import type { Node } from './format/node.ts'
import type { Limits } from './limits.ts'
import type { ArchiveOptions, ArchiveProgressEvent } from './progress.ts'
import type { PickedRoots } from './roots.ts'
import type { Salvaged } from './salvage/index.ts'
import type { ArchiveSource, BackupSource } from './sources/index.ts'
import type { Source } from './sources/source.ts'
import type { DigestTable } from '../blocks/digests.ts'
import type { Encryption, HeliaNode } from '../core/index.ts'

/** Tells how much of a merged archive is written. */
export type MergeProgressEvent = ArchiveProgressEvent<'orbitdb-backup:create:write'>

/** Options of {@link mergeBackups}. */
export interface MergeOptions extends ArchiveOptions<MergeProgressEvent> {
  /** The node whose blocks and peers a CID is looked up with. */
  ipfs?: HeliaNode
  /** Whether the sources have blocks of databases, but no lists: as of `restoreBackup`. */
  salvage?: boolean
  /** Called with what was found by `salvage`. */
  onSalvage?: (salvaged: Salvaged) => void
  /** The keys of entries that are encrypted, to salvage them. */
  encryption?: Encryption
  limits?: Partial<Limits>
  /** How long peers and gateways may give no block before it is given up, in ms; 60 s by default. */
  timeout?: number
  /** The most bytes to get from peers and gateways. */
  maxBytes?: number
}

/**
 * Merges backups to one whole archive: of each database that is in any of them, the union of its logs. Backups of replicas
 * become one, as do a backup and its increments. That of backups that were all read with the same keys has the root that
 * a backup of the union has.
 *
 * Blocks are checked against their hashes as they are written, and nothing else is: `verifyBackup` tells whether what
 * it holds is valid. Files that are given as a Blob, and what a node has, are read where they are, twice; a stream is
 * read into memory. Besides, it takes about 150 bytes of memory for each entry.
 *
 * @throws TypeError when there is no source.
 *
 * Reading it throws IncompleteArchiveError when what one of them is based on is not among them, and what reading
 * an archive throws.
 *
 * @example
 * ```ts
 * import { createBackup, mergeBackups, restoreBackup } from 'orbitdb-backup'
 *
 * const monday = await new Response(createBackup(db).stream()).blob()
 * await db.put({ _id: 'mood', text: 'better' })
 * const tuesday = await new Response(createBackup(db, { base: monday }).stream()).blob()
 *
 * const whole = await new Response(mergeBackups([monday, tuesday]).stream()).blob()
 * await restoreBackup(otherOrbitdb, whole)
 * ```
 */
export function mergeBackups (sources: readonly BackupSource[], options: MergeOptions = {}): Backup {
  if (!Array.isArray(sources) || sources.length === 0) {
    throw new TypeError('Could not merge backups: there is no source')
  }
  return toBackup(() => planMerge(sources, options), options)
}

/** A database of an archive, and the entries of its list. */
interface Part {
  database: DagDatabase
  leaves: Node[]
}

async function planMerge (sources: readonly BackupSource[], { ipfs, salvage, onSalvage, encryption, limits: someLimits, signal, timeout, maxBytes }: MergeOptions): Promise<Planned> {
  const limits = toLimits(someLimits)
  const flat = sources.flatMap(source => isSeveral(source) ? source.sources : [source as ArchiveSource])
  const { opened: source } = await openOrSalvage({ sources: flat }, openRandomAccess, { salvage, onSalvage, encryption, ipfs, limits, signal, timeout, maxBytes })
  try {
    const { roots, bases, others: left } = pickAllRoots(source)
    const reader = createBlockReader(source, { bases, limits, signal })
    let read = await readLists(source, { roots, bases }, limits, signal)
    const others = await findOthers(left, read, reader, limits)
    if (others.length > 0) read = await readLists(source, { roots: [...roots, ...others], bases }, limits, signal)
    const { dag, parts } = read
    const readEntries = createReader(reader, signal)
    const byAddress = Map.groupBy(dag.databases(), ({ address }) => address)
    const own: Contents[] = []
    const access: Contents[] = []
    for (const databases of byAddress.values()) {
      const contents = await mergeDatabase(databases.map(database => parts.get(database) ?? { database, leaves: [] }), readEntries)
      ;(databases.every(({ isAccess }) => isAccess) ? access : own).push(contents)
    }
    return { plan: await createPlan(own, access, limits), close: () => source.close() }
  } catch (error) {
    await source.close()
    throw error
  }
}

interface ReadLists {
  dag: Dag
  parts: Map<DagDatabase, Part>
}

/** Reads the lists of archives. */
async function readLists (source: Source, picked: PickedRoots, limits: Limits, signal?: AbortSignal): Promise<ReadLists> {
  const parts: ReadLists['parts'] = new Map()
  const onEntries = (database: DagDatabase, leaf: Node): void => {
    const part = parts.get(database)
    part == null ? parts.set(database, { database, leaves: [leaf] }) : part.leaves.push(leaf)
  }
  const dag = openDag({ ...source, blocks: undefined }, { picked, limits, signal, onEntries })
  const batches = dag.blocks()
  while (!dag.isListed() && (await batches.next()).done !== true);
  await batches.return()
  if (!dag.isListed() || dag.parts.some(part => part.isPartial())) {
    dag.assertIsComplete()
  }
  return { dag, parts }
}

/**
 * Finds those of some roots that have more than the archives which are based on them: a database that these are not of, or heads that they
 * do not know, as when a log was backed up that had not all of its base.
 */
async function findOthers (roots: Uint8Array[], { dag, parts }: ReadLists, { needPart }: BlockReader, limits: Limits): Promise<Uint8Array[]> {
  const known = new Map<string, DigestTable>()
  const isKnown = async ({ address, heads }: Snapshot): Promise<boolean> => {
    const databases = dag.databases().filter(database => database.address === address)
    if (!known.has(address)) known.set(address, tableOf(databases.flatMap(database => parts.get(database)?.leaves ?? [])))
    for await (const { digests } of heads == null ? [] : openTree('heads', address, heads, needPart).leaves()) {
      if (!digestsIn(digests).every(digest => known.get(address)!.has(digest))) return false
    }
    return databases.length > 0
  }
  const others: Uint8Array[] = []
  for (const root of roots) {
    const { access, databases } = readRoot({ digest: root, bytes: await needPart(root) }, limits)
    for (const digest of [...access, ...databases]) {
      if (await isKnown(readSnapshot({ digest, bytes: await needPart(digest) }, limits))) continue
      others.push(root)
      break
    }
  }
  return others
}

const tableOf = (leaves: Node[]): DigestTable => {
  const table = createDigestTable()
  for (const { digests } of leaves) table.addAll(digests)
  return table
}

type Read = Contents['readEntries']

/** Reads blocks from the sources, in the order in which they are asked for. */
function createReader ({ getMany, missing }: BlockReader, signal?: AbortSignal): Read {
  return async function * (digests) {
    const read = async (cids: Uint8Array[]): Promise<Uint8Array[]> => {
      const wanted = cids.map(cid => digestOf(cid)!)
      const found = await getMany(wanted)
      return wanted.map(digest => {
        const bytes = found.get(keyOf(digest))
        if (bytes == null) {
          throw missing(digest)
        }
        return bytes
      })
    }
    for await (const { start, blocks } of readInBatches(digests, read, { signal })) {
      yield { digests: digests.subarray(start * digestLength, (start + blocks.length) * digestLength), blocks: blocks as Uint8Array[] }
    }
  }
}

/** The union of what several archives have of one database. */
async function mergeDatabase (parts: Part[], readEntries: Read): Promise<Contents> {
  const [{ database: { address, manifest } }] = parts
  const entries = createDigestTable()
  const times: number[] = []
  for (const { leaves } of parts) {
    for (const { digests, times: leafTimes } of leaves) {
      for (const [i, time] of leafTimes.entries()) {
        if (entries.add(digests, i * digestLength) >= 0) times.push(time)
      }
    }
  }
  const identities = createDigestTable()
  for (const { database } of parts) {
    for (let place = 0; place < database.identities.size; place++) identities.add(database.identities.at(place))
  }
  const heads = mergeHeads(parts)
  const accessController = parts.map(({ database }) => database.accessController).findLast(name => name != null)
  const digests = entries.packed()
  return {
    address,
    accessController,
    setup: await readSetup([manifest, ...blocksOf(accessController), ...digestsIn(identities.packed())], readEntries),
    identities: identities.packed(),
    heads: { digests: heads, times: Float64Array.from(digestsIn(heads), digest => times[entries.find(digest)] ?? 0) },
    entries: { digests, times: Float64Array.from(times) },
    written: sortPacked(digests),
    // Who could read all of it knows all writers
    isUnread: parts.some(({ database }) => database.isUnread) && !parts.some(({ database }) => !database.isUnread && database.counts.entries === entries.size),
    readEntries
  }
}

/** The heads of the union: those that no archive has which knows something that follows them. */
function mergeHeads (parts: Part[]): Uint8Array {
  const known = parts.map(({ leaves }) => tableOf(leaves))
  const heads = createDigestTable()
  for (const { database } of parts) {
    for (const digest of digestsIn(database.heads.packed())) {
      if (parts.every(({ database: { heads } }, i) => heads.has(digest) || !known[i].has(digest))) heads.add(digest)
    }
  }
  return heads.packed()
}

const blocksOf = (name?: AccessControllerName): Uint8Array[] => {
  return name == null || 'database' in name ? [] : ['block' in name ? name.block : name.state]
}

const digestsIn = (packed: Uint8Array): Uint8Array[] => {
  return Array.from({ length: packed.length / digestLength }, (_, i) => packed.subarray(i * digestLength, (i + 1) * digestLength))
}

async function readSetup (digests: Uint8Array[], read: Read): Promise<Contents['setup']> {
  const table = createDigestTable()
  for (const digest of digests) table.add(digest)
  const setup: Contents['setup'] = []
  for await (const run of read(table.packed())) setup.push(...toBlocks(run))
  return setup
}
