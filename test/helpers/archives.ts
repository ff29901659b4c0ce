import { CarReader, CarWriter } from '@ipld/car'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { concat } from 'uint8arrays/concat'
import { assertRestores, read } from './backups.ts'
import { createBackup, OrbitDBAccessController, restoreBackup } from '../../src/index.ts'
import type { AssertRestoresOptions, Backup, CollectedState, IterableDatabase } from './backups.ts'
import type { Replica, useReplicas } from './replicas.ts'
import type { Database, Events, RestoreBackupOptions } from '../../src/index.ts'
import type { CID } from 'multiformats/cid'

/** An archive of a database, and what was read from it. */
export interface Archive extends Pick<Backup, 'contents'> {
  bytes: Uint8Array
}

/** Reads an archive of databases into memory. */
export async function archive (...[databases, options]: Parameters<typeof createBackup>): Promise<Uint8Array> {
  return concat(await all(createBackup(databases, options)))
}

/** Reads and archives a database, and stops its node. */
export async function archiveAndStop ({ stop }: Replica, db: IterableDatabase): Promise<Archive> {
  const contents = await read(db)
  const bytes = await archive(db)
  await stop()
  return { bytes, contents }
}

/** Restores an archive on a new node with another identity, and reads it there, also after a restart. */
export async function assertArchiveRestores (
  replicas: Pick<ReturnType<typeof useReplicas>, 'createReplica'>,
  { bytes, contents }: Archive,
  { createOptions }: Pick<AssertRestoresOptions, 'createOptions'> = {}
): Promise<void> {
  const state = { address: contents.address } as CollectedState
  await assertRestores(replicas, { state, contents }, {
    createOptions,
    restore: (orbitdb, state, options) => restoreBackup<IterableDatabase>(orbitdb, bytes, options as RestoreBackupOptions)
  })
}

/** Archives a database of events with an entry of another, who may not write to it any more. */
export async function archiveOfRevoked (owner: Replica, other: Replica): Promise<Uint8Array> {
  const db = await owner.orbitdb.open<Events>('log', { type: 'events', AccessController: OrbitDBAccessController(), sync: false })
  const access = db.access as OrbitDBAccessController
  await access.grant('write', other.orbitdb.identity.id)
  const copy = await other.orbitdb.import<Events>(await db.export(), { sync: false })
  await copy.add('by another')
  await db.import(await copy.export())
  await access.revoke('write', other.orbitdb.identity.id)
  return archive(db)
}

/** A block as IPLD tools have it. */
export interface CarBlock {
  cid: CID
  bytes: Uint8Array
}

/** Reads an archive with `@ipld/car`. */
export async function readCar (bytes: Uint8Array): Promise<{ roots: CID[], blocks: CarBlock[] }> {
  const reader = await CarReader.fromBytes(bytes)
  return { roots: await reader.getRoots(), blocks: await all(reader.blocks()) }
}

/** Writes an archive with `@ipld/car`. */
export async function writeCar (roots: CID[], blocks: CarBlock[]): Promise<Uint8Array> {
  const { writer, out } = CarWriter.create(roots)
  const written = all(out)
  for (const block of blocks) {
    await writer.put(block)
  }
  await writer.close()
  return concat(await written)
}

/** The root of an archive, as the hash of a block. */
export async function rootOf (bytes: Uint8Array): Promise<string> {
  const { roots: [root] } = await readCar(bytes)
  return root.toString(base58btc)
}

/** The hashes of everything in a database, sorted. */
export async function hashesOf (db: Database<any>): Promise<string[]> {
  return [...(await db.log.export()).index.keys()].sort()
}
