// What browser.ts has a page do.
import { createBackup, restoreBackup } from '../src/index.ts'
import { createReplica } from '../test/browser/nodes.ts'
import type { Stores } from '../test/browser/nodes.ts'
import type { Events, RestoreBackupOptions } from '../src/index.ts'

declare global {
  var prepare: (count: number) => Promise<void>
  var measure: (stores: Stores, options: RestoreBackupOptions) => Promise<number>
}

let archive: Blob

/** Archives so many entries. */
globalThis.prepare = async count => {
  const { orbitdb, stop } = await createReplica('memory')
  const db = await orbitdb.open<Events>('measured', { type: 'events' })
  for (let i = 0; i < count; i++) await db.add('x'.repeat(200) + i)
  const parts: BlobPart[] = []
  for await (const part of createBackup(db)) parts.push(part.slice())
  archive = new Blob(parts)
  await stop()
  await globalThis.measure('memory', {})
}

/** Restores them on a new node: how many ms that takes. */
globalThis.measure = async (stores, options) => {
  const { orbitdb, stop } = await createReplica(stores)
  const start = performance.now()
  await restoreBackup(orbitdb, archive, options)
  const took = performance.now() - start
  await stop()
  return took
}
