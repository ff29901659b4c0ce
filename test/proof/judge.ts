// What must hold of a user's node after anything happened to it
import { cp, rm } from 'node:fs/promises'
import { restoreBackup } from '../../src/index.ts'
import { findUnpinned, missingIn, readNode } from './contents.ts'
import { readArchive } from './fixture.ts'
import { names, openByName, startNode } from './nodes.ts'
import { findUnsynced } from './peer.ts'
import type { Contents } from './contents.ts'
import type { Fixture } from './fixture.ts'
import type { Core, Name } from './nodes.ts'
import type { Peer } from './peer.ts'

type All = Record<Name, Contents>

export interface Expectation {
  fixture: Fixture
  /** What was there before: that of the user, or of nobody. */
  before?: All
  /** Hashes of entries that were appended since, by appends that have resolved. */
  appended?: Record<Name, string[]>
  /** The databases that something was said to have restored. */
  claimed?: readonly Name[]
  /** A peer from which entries come one by one. */
  peer?: Peer
  /** Whether it was stock OrbitDB that something happened to: it leaves entries that the heads reach out of the index. */
  isOfStock?: boolean
  /** Whether what was being written may be lost, as after a power loss: then only another restore has to bring it. */
  isPower?: boolean
}

const nobody: Contents = { heads: [], index: [], entries: [], records: [] }

/** Judges a directory, which is changed by it: returns what does not hold, in words. */
export async function judge (directory: string, { fixture, before, appended, claimed = [], peer, isOfStock = false, isPower = false }: Expectation): Promise<string[]> {
  const { addresses, archived, after } = fixture
  const faults: string[] = []
  const fault = (where: string, what: string): void => { faults.push(`${where}: ${what}`) }
  const known = before == null ? [] : names
  const had = (name: Name): string[] => [...before?.[name].entries ?? nobody.entries, ...appended?.[name] ?? []]

  const attempt = async (where: string, fn: () => Promise<void>): Promise<void> => {
    try {
      await fn()
    } catch (error) {
      fault(where, String((error as Error).stack ?? error))
    }
  }

  /** Opens the databases, and looks at each. */
  const look = async (where: string, directory: string, core: Core, only: readonly Name[], check: (name: Name, contents: Contents, faults: string[]) => void): Promise<void> => attempt(where, async () => {
    const node = await startNode(directory, core)
    try {
      const found = await readNode(node, addresses, core, only)
      for (const name of only) check(name, found[name]!.contents, found[name]!.faults)
    } finally {
      await node.stop()
    }
  })

  const assertHas = (where: string, name: Name, { entries }: Contents): void => {
    const lost = missingIn(entries, had(name))
    if (lost.length > 0) fault(where, `"${name}" lost ${lost.length} of ${had(name).length} entries that were there`)
  }

  // 1. An app that goes back to stock OrbitDB loses nothing
  if (!isPower && known.length > 0) {
    const copy = `${directory}.stock`
    await cp(directory, copy, { recursive: true })
    await look('stock, at once', copy, 'stock', known, (name, contents) => assertHas('stock, at once', name, contents))
    await rm(copy, { recursive: true })
  }

  // 2. Here nothing is lost either, and of the archive there is all or nothing
  const openable = before == null ? claimed : names
  if (!isPower) {
    await look('opened', directory, 'ours', openable, (name, contents, found) => {
      assertHas('opened', name, contents)
      if (!isOfStock) {
        for (const what of found) fault('opened', `"${name}": ${what}`)
      }
      const isNew = new Set(missingIn(had(name), archived[name].entries))
      const came = contents.entries.filter(hash => isNew.has(hash))
      if (claimed.includes(name) && came.length < isNew.size) fault('opened', `"${name}" was said to be restored, but lacks ${isNew.size - came.length} entries`)
      if (peer == null && came.length > 0 && came.length < isNew.size) fault('opened', `"${name}" has ${came.length} of ${isNew.size} entries of the archive`)
    })
  }

  if (peer != null) {
    await attempt('synced', async () => {
      const node = await startNode(directory)
      try {
        for (const name of await findUnsynced(node, peer, fixture)) fault('synced', `"${name}" has not all that its peer has`)
      } finally {
        await node.stop()
      }
    })
  }

  // 3. Another restore brings what is not there, and pins it
  await attempt('restored again', async () => {
    const node = await startNode(directory)
    try {
      await restoreBackup(node.orbitdb, await readArchive(fixture.archive), { Database: openByName, sync: false })
      await node.ipfs.gc()
    } finally {
      await node.stop()
    }
  })
  const complete = (where: string) => (name: Name, contents: Contents, found: string[]): void => {
    const expected = new Set([...had(name), ...archived[name].entries])
    for (const what of found) fault(where, `"${name}": ${what}`)
    const lost = missingIn(contents.entries, expected)
    if (lost.length > 0) fault(where, `"${name}" lacks ${lost.length} of ${expected.size} entries`)
    const isExact = (appended?.[name] ?? []).length === 0 && contents.entries.length === expected.size
    const wanted = before == null ? archived[name] : after[name]
    if (isExact && JSON.stringify(contents.records) !== JSON.stringify(wanted.records)) fault(where, `"${name}" answers with other records`)
  }
  await look('restored again', directory, 'ours', names, complete('restored again'))
  await attempt('pins', async () => {
    const node = await startNode(directory)
    try {
      const unpinned = await findUnpinned(node, addresses)
      if (unpinned.length > 0) fault('pins', `${unpinned.length} blocks are not pinned, as ${unpinned[0]}`)
    } finally {
      await node.stop()
    }
  })

  // 4. Also with stock OrbitDB
  await look('stock, restored', directory, 'stock', names, complete('stock, restored'))
  return faults
}
