import { findDatabases, hashOf } from './databases.ts'
import type { StoredDatabase } from './databases.ts'
import type { Layout } from './layout.ts'
import type { BackupSource, Database, Limits } from '../index.ts'

interface ArchivedOptions {
  /** Whether all databases of the node are asked for. */
  all?: boolean
  root?: string
  salvage?: boolean
  limits: Partial<Limits>
  signal: AbortSignal
}

/** Opens those databases of a node that an archive has as well, and tells which others there are. The archive is read more than once. */
export async function withArchived<Result> (archive: BackupSource, layout: Layout, { all = false, root, salvage, limits, signal }: ArchivedOptions, fn: (databases: Database[], others: StoredDatabase[]) => Promise<Result>): Promise<Result> {
  const { inspectBackup } = await import('../index.ts')
  const { openNode } = await import('./node.ts')
  const { openDatabase } = await import('./open.ts')
  const archived = new Set((await inspectBackup(archive, { root, salvage, limits, signal })).databases.map(({ address }) => hashOf(address)))
  const node = await openNode(layout, { write: false })
  try {
    const found = await findDatabases(layout.orbitdb, node.readBlocks)
    const isMeant = ({ address, controls }: StoredDatabase): boolean => archived.has(hashOf(address)) || (all && controls.length === 0)
    const databases: Database[] = []
    for (const { address } of found.filter(isMeant)) databases.push((await openDatabase(node, layout.orbitdb, address)).db)
    return await fn(databases, found.filter(database => !isMeant(database) && database.controls.length === 0))
  } finally {
    await node.close()
  }
}
