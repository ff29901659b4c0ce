import { join } from 'node:path'
import { namesIn } from './names.ts'
import { openLevel } from './stores/level.ts'
import type { Layout } from './layout.ts'
import type { OfflineNode } from './node.ts'

/** Does something with a node that nobody else uses meanwhile. */
export async function withNode<Result> (layout: Layout, fn: (node: OfflineNode) => Promise<Result>): Promise<Result> {
  // A node whose stores are files has no lock but this one
  const keystore = join(layout.orbitdb, 'keystore')
  const lock = (await namesIn(keystore)).includes('CURRENT') ? await openLevel(keystore, { write: true }) : undefined
  try {
    const { openNode } = await import('./node.ts')
    const node = await openNode(layout, { write: true })
    try {
      return await fn(node)
    } finally {
      await node.close()
    }
  } finally {
    await lock?.close()
  }
}
