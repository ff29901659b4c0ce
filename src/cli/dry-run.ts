import { withArchived } from './archived.ts'
import { toBlobs } from './files.ts'
import type { Layout } from './layout.ts'
import type { BackupSource, Limits, Salvaged } from '../index.ts'

/** What a restore would add to a database. */
export interface Planned {
  address: string
  name?: string
  type?: string
  /** How many entries the archive has. */
  entries: number
  /** How many of them the node does not have. */
  added: number
}

interface PlanOptions {
  names?: string[]
  root?: string
  limits: Partial<Limits>
  salvage?: boolean
  onSalvage: (salvaged: Salvaged) => void
  signal: AbortSignal
}

/** Finds out what a restore would add to a node, from what the archive claims to hold. */
export async function planRestore (archive: BackupSource, layout: Layout, { names, onSalvage, ...options }: PlanOptions): Promise<Planned[]> {
  const { notFound } = await import('../archive/pick.ts')
  const { diffBackups, inspectBackup } = await import('../index.ts')
  const source = await toBlobs(archive)
  const { databases, bases } = await inspectBackup(source, { ...options, onSalvage })
  const differences = layout.blockstore.kind == null
    ? []
    // What a base has of databases that did not change since, the node may have as well
    : await withArchived(source, layout, { ...options, all: bases.length > 0 }, async onNode => {
      return onNode.length === 0 ? [] : (await diffBackups(onNode, source, { ...options, roots: { b: options.root } })).databases
    })
  const known = new Map(differences.map(difference => [difference.address, difference]))
  const planned = databases.map(({ address, name, type, entries }) => {
    // Of an increment, the node may know the name
    const { name: knownName, type: knownType, entries: { new: added } = { new: entries } } = known.get(address) ?? {}
    return { address, name: name ?? knownName, type: type ?? knownType, entries, added }
  })
  const isNamed = ({ address, name }: Planned, wanted: string): boolean => address === wanted || name === wanted
  const absent = names?.find(wanted => !planned.some(database => isNamed(database, wanted)))
  if (absent != null) {
    throw notFound(absent, planned)
  }
  return planned.filter(database => names == null || names.some(wanted => isNamed(database, wanted)))
}
