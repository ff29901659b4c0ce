// The second half of the demo: a backup that is nothing but a CID, which a node has pinned that knows nothing of OrbitDB.
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { car as createCar } from '@helia/car'
import { CarReader } from '@ipld/car'
import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { start } from './steps.ts'
import { createNode } from '../node.ts'
import * as orbitdbBackup from '../../src/index.ts'
import type { OnProgress, Package } from './steps.ts'
import type { Documents } from '../../src/index.ts'

/** A document that links to a file. */
interface LinkingDocument {
  _id: string
  file: CID
  [field: string]: unknown
}

// Helia's packages bring versions of multiformats of their own, whose CIDs have other types: hence `as never`

/** How many documents link to files. */
const maxDocuments = 100

const raw = 0x55

async function toDocuments (packages: Package[]): Promise<Array<{ document: LinkingDocument, file: Uint8Array }>> {
  return Promise.all(packages.slice(0, maxDocuments).map(async ({ _id, version }) => {
    const file = new TextEncoder().encode(`${_id} ${String(version)}`)
    return { document: { _id, file: CID.createV1(raw, await sha256.digest(file)) }, file }
  }))
}

/**
 * Writes documents that link to files, which are on their node only, and has another node pin a backup of them and of
 * another database.
 *
 * @returns The CID of the backup's root.
 */
export async function pinBackup (address: string, packages: Package[], directory: string, pinner: string, onProgress?: OnProgress): Promise<string> {
  await using writer = await start(orbitdbBackup, directory)
  const db = await writer.orbitdb.open<Documents>(address, { type: 'documents', sync: false })
  const links = await writer.orbitdb.open<Documents<LinkingDocument>>('links', { type: 'documents', sync: false })
  const documents = await toDocuments(packages)
  for (const [i, { document, file }] of documents.entries()) {
    await writer.ipfs.blockstore.put(document.file as never, file)
    await links.put(document)
    onProgress?.(i + 1, documents.length)
  }

  const backup = orbitdbBackup.createBackup([db, links])
  const node = await createNode(join(pinner, 'ipfs'))
  try {
    await createCar(node).import(await CarReader.fromIterable(backup) as never)
    const root = await backup.root
    await drain(node.pins.add(root as never))
    await node.gc()
    return root.toString()
  } finally {
    await node.stop()
  }
}

/** Restores a backup from the node that has pinned it, by its CID, and fails unless all that was written is there. */
export async function restorePinned (root: string, packages: Package[], directory: string, pinner: string, onProgress?: OnProgress): Promise<number> {
  const node = await createNode(join(pinner, 'ipfs'))
  try {
    await using reader = await start(orbitdbBackup, directory)
    await reader.ipfs.libp2p.dial(node.libp2p.getMultiaddrs())
    const restored = await orbitdbBackup.restoreBackup<Documents[]>(reader.orbitdb, CID.parse(root), {
      sync: false,
      onProgress: ({ type, detail: { blocks } }) => {
        if (type === 'orbitdb-backup:restore:import') onProgress?.(blocks.done, blocks.total ?? blocks.done)
      }
    })
    const links = (await toDocuments(packages)).map(({ document }) => document)
    for (const db of restored) {
      const expected: object[] = db.name === 'links' ? links : packages
      const found = (await db.all()).map(({ value }) => value)
      if (!isDeepStrictEqual(sort(found), sort(expected))) {
        throw new Error(`The documents of "${db.name}" differ from those that were written`)
      }
    }
    return restored.length
  } finally {
    await node.stop()
  }
}

/** Documents in the order of their ids, with links as text. */
const sort = (documents: object[]): unknown[] => JSON.parse(JSON.stringify(documents, (key, value) => CID.asCID(value)?.toString() ?? value))
  .sort((a: LinkingDocument, b: LinkingDocument) => a._id < b._id ? -1 : 1)
