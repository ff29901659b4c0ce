import { openDag } from '../dag/index.ts'
import { keyOf } from '../dag/reader.ts'
import { openSource } from '../sources/index.ts'
import type { DagDatabase } from '../dag/index.ts'
import type { BackupSource, SourceOptions } from '../sources/index.ts'

/** What an archive is based on: whose blocks it can leave out. */
export interface Base {
  /** The digests of the roots, and then of those that they are based on. */
  roots: Uint8Array[]
  /** Whether a block is there: one of a database, or of an archive. */
  has: (digest: Uint8Array, at?: number) => boolean
  databases: DagDatabase[]
}

/** Reads what archives have: of each only its lists, which are at its beginning where we wrote it. */
export async function readBase (source: BackupSource, options: SourceOptions): Promise<Base> {
  const opened = await openSource(source, { ...options, offline: true })
  try {
    const dag = openDag(opened, options)
    const blocks = dag.blocks()
    while (!dag.isListed() && (await blocks.next()).done !== true);
    await blocks.return()
    const { parts } = dag
    if (!dag.isListed() || parts.some(part => part.isPartial())) {
      dag.assertIsComplete()
    }
    const roots = new Map(parts.map(({ digest }) => [keyOf(digest), digest]))
    for (const base of opened.headers.flat()) roots.set(keyOf(base), base)
    return {
      roots: [...roots.values()],
      has: (digest, at) => parts.some(({ nodes, blocks }) => nodes.has(digest, at) || blocks.has(digest, at)),
      databases: dag.databases()
    }
  } finally {
    await opened.close()
  }
}
