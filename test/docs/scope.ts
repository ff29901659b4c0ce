// What the examples of the documentation take as given.
import { createNode } from '../helpers/node.ts'
import { createOrbitDB } from '../../src/index.ts'
import type { Documents } from '../../src/index.ts'

const closings: Array<() => Promise<unknown>> = []

async function createPeer (directory: string) {
  const ipfs = await createNode()
  const orbitdb = await createOrbitDB({ ipfs, id: directory, directory: `./scope/${directory}` })
  closings.push(async () => {
    await orbitdb.stop()
    await ipfs.stop()
  })
  return { ipfs, orbitdb }
}

/** The names that an example may use without declaring them. */
export const names = ['ipfs', 'orbitdb', 'otherOrbitdb', 'db', 'address']

/** Creates two nodes, and a database on one of them that has something in it. */
export async function createScope () {
  const { ipfs, orbitdb } = await createPeer('one')
  const { orbitdb: otherOrbitdb } = await createPeer('other')
  const db = await orbitdb.open<Documents<{ _id: string, text: string }>>('posts', { type: 'documents', sync: false })
  await db.put({ _id: 'first', text: 'Hello' })
  await db.put({ _id: 'second', text: 'World' })
  return { ipfs, orbitdb, otherOrbitdb, db, address: db.address }
}

/** Stops all that was created for examples. */
export async function closeScopes (): Promise<void> {
  for (const close of closings.splice(0)) {
    await close()
  }
}
