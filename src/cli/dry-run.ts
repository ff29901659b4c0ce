import { withArchived } from './archived.ts'
import { toBlobs } from './files.ts'
import type { Layout } from './layout.ts'
import type { BackupSource, DatabaseSummary, Limits, Salvaged } from '../index.ts'

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
  const { DatabaseNotFoundError, diffBackups, inspectBackup } = await import('../index.ts')
  const source = await toBlobs(archive)
  const { databases } = await inspectBackup(source, { ...options, onSalvage })
  const isWanted = ({ address, name }: DatabaseSummary): boolean => names == null || names.includes(address) || (name != null && names.includes(name))
  const wanted = databases.filter(isWanted)
  const absent = names?.find(wantedName => !wanted.some(({ address, name }) => address === wantedName || name === wantedName))
  if (absent != null) {
    throw new DatabaseNotFoundError(`The archive has no database "${absent}"`)
  }
  const added = layout.blockstore.kind == null
    ? new Map<string, number>()
    : await withArchived(source, layout, options, async onNode => {
      if (onNode.length === 0) {
        return new Map<string, number>()
      }
      const { databases } = await diffBackups(onNode, source, { ...options, roots: { b: options.root } })
      return new Map(databases.map(({ address, entries }) => [address as string, entries.new]))
    })
  return wanted.map(({ address, name, type, entries }) => ({ address, name, type, entries, added: added.get(address) ?? entries }))
}
