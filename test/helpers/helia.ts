import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { FsBlockstore } from 'blockstore-fs'
import { LevelBlockstore } from 'blockstore-level'
import { FsDatastore } from 'datastore-fs'
import { LevelDatastore } from 'datastore-level'
import { createHeliaLight } from 'helia'
import { createHelia6Node } from './helia-6.ts'
import type { Node } from './node.ts'

type CreateHelia = (directory: string) => Promise<Node>

interface Stores {
  blockstore: LevelBlockstore | FsBlockstore
  datastore: LevelDatastore | FsDatastore
}

/** Starts a Helia 7 node without a network. */
async function startHelia ({ blockstore, datastore }: Stores): Promise<Node> {
  await blockstore.open()
  await datastore.open()
  const node = await createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }).start()
  const stop = node.stop.bind(node)
  node.stop = async () => {
    await stop()
    await blockstore.close()
    await datastore.close()
    return node
  }
  return node as Node
}

/** Kinds of nodes, by their versions and stores. */
export const kinds = {
  'Helia 7 with level stores': directory => startHelia({
    blockstore: new LevelBlockstore(join(directory, 'blocks')),
    datastore: new LevelDatastore(join(directory, 'data'))
  }),
  'Helia 7 with a level blockstore and a file datastore': directory => startHelia({
    blockstore: new LevelBlockstore(join(directory, 'blocks')),
    datastore: new FsDatastore(join(directory, 'data'))
  }),
  'Helia 7 with file stores': directory => startHelia({
    blockstore: new FsBlockstore(join(directory, 'blocks')),
    datastore: new FsDatastore(join(directory, 'data'))
  }),
  'Helia 7 in memory': async () => await createHeliaLight({ codecs: [dagCbor] }).start() as Node,
  'Helia 6 with level stores': createHelia6Node
} satisfies Record<string, CreateHelia>

/** Gives the tests of a file Helia nodes without OrbitDB, which are stopped and removed after each. */
export function useHelia (): { create: (kind?: keyof typeof kinds) => Promise<Node> } {
  let created: Array<{ node: Node, directory: string }> = []

  afterEach(async () => {
    for (const { node, directory } of created) {
      await node.stop()
      await rm(directory, { recursive: true, force: true })
    }
    created = []
  })

  return {
    create: async (kind = 'Helia 7 with level stores') => {
      const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
      const node = await kinds[kind](directory)
      created.push({ node, directory })
      return node
    }
  }
}
