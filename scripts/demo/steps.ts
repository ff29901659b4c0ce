// The steps of the demo besides those of the command line. Each starts the nodes that it needs and stops
// them again: nothing goes from one step to the next but what is on disk.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import * as stock from '@orbitdb/core-stock'
import * as orbitdbBackup from '../../src/index.ts'
import { createNode } from '../node.ts'
import type { ArchiveSummary, Database, Documents } from '../../src/index.ts'

/** Tells how much of a step is done. */
export type OnProgress = (done: number, total: number) => void

/** A package in a package-lock.json: its path, and all that the file says about it. */
export interface Package {
  _id: string
  [field: string]: unknown
}

// How long to wait for another node that sends nothing, in ms
const patience = 30_000

/** Reads the packages in a package-lock.json. The first in the file, which is the project itself, is left out. */
export async function readPackages (lockfile: string): Promise<Package[]> {
  const { packages = {} } = JSON.parse(await readFile(lockfile, 'utf8'))
  const paths = Object.keys(packages).filter(path => path !== '')
  if (paths.length === 0) {
    throw new Error(`There are no packages in ${lockfile}`)
  }
  return paths.map(path => ({ ...packages[path], _id: path }))
}

/**
 * Writes packages to a documents database with the unpatched `@orbitdb/core`. Two writers, on two
 * connected nodes, write one half each at the same time, and both have all of it in the end.
 */
export async function write (packages: Package[], directories: [string, string], onProgress?: OnProgress): Promise<string> {
  await using first = await start(stock, directories[0])
  await using second = await start(stock, directories[1])

  const writers = [first, second].map(({ orbitdb }) => orbitdb.identity.id)
  const AccessController = stock.IPFSAccessController({ write: writers })
  const db = await first.orbitdb.open<Documents<Package>>('packages', { type: 'documents', AccessController })
  await second.ipfs.libp2p.dial(first.ipfs.libp2p.getMultiaddrs())
  const replica = await second.orbitdb.open<Documents<Package>>(db.address, { type: 'documents' })
  await until(() => db.peers.size > 0 && replica.peers.size > 0, 'The nodes did not find each other')

  const hashes: string[] = []
  const put = async (writer: Documents<Package>, share: Package[]): Promise<void> => {
    for (const document of share) {
      hashes.push(await writer.put(document))
      onProgress?.(hashes.length, packages.length)
    }
  }
  const half = Math.ceil(packages.length / 2)
  await Promise.all([put(db, packages.slice(0, half)), put(replica, packages.slice(half))])
  await Promise.all([receiveAll(db, hashes), receiveAll(replica, hashes)])
  return db.address
}

/** Fails unless an archive is of a database and has an entry for each package, and tells what else is in it. */
export function checkArchive ({ databases }: ArchiveSummary, address: string, packages: Package[]): { heads: number, writers: number } {
  const [database, ...others] = databases
  if (database?.address !== address || others.length > 0) {
    throw new Error(`The archive is of ${databases.map(({ address }) => address).join(', ')}, not of ${address}`)
  }
  if (database.entries !== packages.length) {
    throw new Error(`The archive has ${database.entries} entries, not ${packages.length}`)
  }
  return { heads: database.heads, writers: database.writers.length }
}

/** Deletes nodes: their databases, their blocks and their private keys. */
export async function deleteNodes (directories: string[]): Promise<void> {
  for (const directory of directories) {
    await rm(directory, { recursive: true })
  }
}

/** Fails unless the documents in a database are these packages, all of them and no others. */
export async function compare (address: string, directory: string, packages: Package[]): Promise<void> {
  await using node = await start(orbitdbBackup, directory)
  const db = await node.orbitdb.open<Documents<Package>>(address, { type: 'documents', sync: false })

  const documents = new Map((await db.all()).map(({ key, value }) => [key, value]))
  const expected = new Map(packages.map(pkg => [pkg._id, pkg]))
  const paths = new Set([...documents.keys(), ...expected.keys()])
  const differing = [...paths].filter(path => !isDeepStrictEqual(documents.get(path), expected.get(path)))
  if (differing.length > 0) {
    throw new Error(`${differing.length} of ${paths.size} documents differ: ${differing.slice(0, 5).join(', ')}${differing.length > 5 ? ', ...' : ''}`)
  }
}

/** Starts a node, and OrbitDB on it: the patched one or the other. */
export async function start ({ createOrbitDB }: Pick<typeof orbitdbBackup, 'createOrbitDB'>, directory: string) {
  const ipfs = await createNode(join(directory, 'ipfs'))
  const orbitdb = await createOrbitDB({ ipfs, directory: join(directory, 'orbitdb') })
  const stop = async (): Promise<void> => {
    await orbitdb.stop()
    await ipfs.stop()
  }
  return { ipfs, orbitdb, [Symbol.asyncDispose]: stop }
}

/** Waits until a database has all of some entries, for as long as they keep coming. */
async function receiveAll (db: Database, hashes: string[]): Promise<void> {
  let missing = hashes
  while (missing.length > 0) {
    const before = missing
    await until(async () => {
      const isThere = await Promise.all(before.map(hash => db.log.has(hash)))
      missing = before.filter((_, i) => !isThere[i])
      return missing.length < before.length
    }, `${before.length} of ${hashes.length} entries did not arrive at the other node`)
  }
}

async function until (isSo: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + patience
  while (!await isSo()) {
    if (performance.now() > deadline) {
      throw new Error(`${otherwise} within ${patience / 1000} s`)
    }
    await setTimeout(50)
  }
}
