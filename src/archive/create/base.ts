import { openDag } from '../dag/index.ts'
import { concatItems } from '../lists/write.ts'
import { keyOf } from '../../blocks/digests.ts'
import { openSource } from '../sources/index.ts'
import type { DagDatabase } from '../dag/index.ts'
import type { Node } from '../format/node.ts'
import type { BackupSource, SourceOptions } from '../sources/index.ts'

/** A database that a base has, and its entries in the order of its list. */
export interface BaseDatabase extends DagDatabase {
  columns: { digests: Uint8Array, times: Float64Array }
}

/** What an archive is based on: whose blocks it can leave out. */
export interface Base {
  /** The digests of the roots, and then of those that they are based on. */
  roots: Uint8Array[]
  /** Whether a block is there: one of a database, or of an archive. */
  has: (digest: Uint8Array, at?: number) => boolean
  /** A database, by its address, where all of its lists are there. */
  getDatabase: (address: string) => BaseDatabase | undefined
}

/** Reads what archives have: of each only its lists, which are at its beginning where we wrote it. */
export async function readBase (source: BackupSource, options: SourceOptions): Promise<Base> {
  const opened = await openSource(source, { ...options, offline: true })
  const leaves = new Map<DagDatabase, Node[]>()
  const onEntries = (database: DagDatabase, leaf: Node): void => {
    const known = leaves.get(database)
    known == null ? leaves.set(database, [leaf]) : known.push(leaf)
  }
  try {
    const dag = openDag(opened, { ...options, onEntries })
    const blocks = dag.blocks()
    while (!dag.isListed() && (await blocks.next()).done !== true);
    await blocks.return()
    const { parts } = dag
    if (!dag.isListed() || parts.some(part => part.isPartial())) {
      dag.assertIsComplete()
    }
    const roots = new Map(parts.map(({ digest }) => [keyOf(digest), digest]))
    for (const base of opened.headers.flat()) roots.set(keyOf(base), base)
    const databases = new Map(dag.databases().map(database => [database.address as string, database]))
    return {
      roots: [...roots.values()],
      has: (digest, at) => parts.some(({ nodes, blocks }) => nodes.has(digest, at) || blocks.has(digest, at)),
      getDatabase: address => {
        const database = databases.get(address)
        return database == null ? undefined : Object.assign(Object.create(database) as DagDatabase, { columns: concatItems(leaves.get(database) ?? []) })
      }
    }
  } finally {
    await opened.close()
  }
}
