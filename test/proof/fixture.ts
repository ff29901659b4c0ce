/**
 * A user and an archive. The user's node has a part of what is in the archive, and entries of its own
 * that are nowhere else: these are what must not be lost.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { createBackup, restoreBackup } from '../../src/index.ts'
import { collect } from '../helpers/backups.ts'
import { readNode } from './contents.ts'
import { names, openByName, openDatabase, optionsOf, startNode, write } from './nodes.ts'
import type { Contents } from './contents.ts'
import type { Addresses, AnyDB, Name } from './nodes.ts'

export interface Fixture {
  directory: string
  addresses: Addresses
  /** The directory of the user's node: copy it before use. */
  user: string
  /** A directory with nothing in it. */
  empty: string
  /** A directory of a node that has all that is in the archive. */
  source: string
  /** The file of the archive of all databases. */
  archive: string
  /** The file of the state of `posts`, in DAG-CBOR. */
  state: string
  /** What the user has. */
  before: Record<Name, Contents>
  /** What is in the archive. */
  archived: Record<Name, Contents>
  /** What the user has when the archive was restored. */
  after: Record<Name, Contents>
}

const contentsOf = (result: Awaited<ReturnType<typeof readNode>>): Record<Name, Contents> => {
  const faults = names.flatMap(name => result[name]!.faults)
  if (faults.length > 0) throw new Error(`The fixture is not whole: ${faults.join(', ')}`)
  return Object.fromEntries(names.map(name => [name, result[name]!.contents])) as Record<Name, Contents>
}

/** Makes a fixture: of `size` entries that both have, `size` of the user alone and three times `size` of the archive alone. */
export async function createFixture (directory: string, size = 10): Promise<Fixture> {
  const [user, empty, source, merged] = ['user', 'empty', 'source', 'merged'].map(name => join(directory, name))
  for (const path of [user, empty, source]) await mkdir(path, { recursive: true })
  const fill = async (dbs: AnyDB[], text: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      for (const [at, db] of dbs.entries()) await write(db, names[at], `${text} ${'.'.repeat(i % 50)}${i}`)
    }
  }
  const archiveOf = async (dbs: AnyDB[]): Promise<Uint8Array> => concat(await all(createBackup(dbs)))

  const theirs = await startNode(source)
  const mine = await startNode(user)
  const addresses = {} as Addresses
  const sources: AnyDB[] = []
  for (const name of names) {
    const db: AnyDB = await theirs.orbitdb.open(name, optionsOf(name) as {})
    if (name === 'team') await db.access.grant('write', mine.orbitdb.identity.id)
    addresses[name] = db.address
    sources.push(db)
  }
  await fill(sources, 'shared', size)
  await restoreBackup(mine.orbitdb, await archiveOf(sources), { Database: openByName, sync: false })
  await fill(await Promise.all(names.map(name => openDatabase(mine, addresses, name))), 'mine', size)
  await fill(sources, 'theirs', 3 * size)

  const archive = join(directory, 'archive.car')
  await writeFile(archive, await archiveOf(sources))
  const state = join(directory, 'state')
  const { index, ...posts } = await collect(await sources[0].export())
  await writeFile(state, dagCbor.encode({ ...posts, index: [...index.keys()] }))
  for (const db of sources) await db.close()
  await mine.stop()
  const archived = contentsOf(await readNode(theirs, addresses))
  await theirs.stop()

  const again = await startNode(user)
  const had = contentsOf(await readNode(again, addresses))
  await again.stop()
  await cp(user, merged, { recursive: true })
  const node = await startNode(merged)
  await restoreBackup(node.orbitdb, await readArchive(archive), { Database: openByName, sync: false })
  await node.stop()
  const restarted = await startNode(merged)
  const after = contentsOf(await readNode(restarted, addresses))
  await restarted.stop()
  for (const name of names) {
    const union = [...new Set([...had[name].index, ...archived[name].index])].sort()
    if (String(after[name].index) !== String(union)) throw new Error(`Restored "${name}" is not the union`)
  }
  return { directory, addresses, user, empty, source, archive, state, before: had, archived, after }
}

/** Reads an archive into memory. */
export async function readArchive (path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path))
}

/** Gives the tests of a file a fixture, which is removed after the last. */
export function useFixture (size: number): () => Fixture {
  let fixture: Fixture
  before(async () => {
    fixture = await createFixture(await mkdtemp(join(tmpdir(), 'orbitdb-backup-proof-')), size)
  })
  after(() => rm(fixture.directory, { recursive: true, force: true }))
  return () => fixture
}
