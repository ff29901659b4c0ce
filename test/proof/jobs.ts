// What is interrupted: each job runs on a node of its own, and says what it has done
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { createBackup, restoreBackup } from '../../src/index.ts'
import { openByName, openDatabase, write } from './nodes.ts'
import { dial, ignoreErrors, synced } from './peer.ts'
import type { Addresses, AnyDB, Name, RunningNode } from './nodes.ts'
import type { AddressedState, Block } from '../../src/index.ts'

export interface JobOptions {
  addresses: Addresses
  archive: string
  state: string
  /** The addresses of a peer that has all that is in the archive. */
  peer?: string[]
}

/** Says that an entry was appended, once the append has resolved. */
type Say = (name: Name, hash: string) => void

export type Job = (node: RunningNode, options: JobOptions, say: Say) => Promise<void>

const restore = async ({ orbitdb }: RunningNode, { archive }: JobOptions): Promise<void> => {
  await restoreBackup(orbitdb, new Uint8Array(await readFile(archive)), { Database: openByName, sync: false })
}

const append = async (dbs: Array<[Name, AnyDB]>, count: number, say: Say): Promise<void> => {
  for (let i = 0; i < count; i++) {
    await Promise.all(dbs.map(async ([name, db]) => say(name, await write(db, name, `meanwhile ${i}`))))
  }
}

const openAll = async (node: RunningNode, addresses: Addresses, names: Name[]): Promise<Array<[Name, AnyDB]>> => {
  const dbs: Array<[Name, AnyDB]> = []
  for (const name of names) dbs.push([name, await openDatabase(node, addresses, name, node.core)])
  return dbs
}

export const jobs = {
  /** A state is imported into a database that is open. */
  import: async (node, { addresses, state }) => {
    const db = await openDatabase(node, addresses, 'posts')
    await db.import(dagCbor.decode<AddressedState & { blocks: Block[] }>(await readFile(state)))
  },

  /** An archive is restored. */
  restore,

  /** Entries are appended to databases that an archive is restored into. */
  'restore beside appends': async (node, options, say) => {
    const dbs = await openAll(node, options.addresses, ['posts', 'settings'])
    await Promise.all([restore(node, options), append(dbs, 8, say)])
  },

  /** Entries are appended to databases that a backup is made of. */
  'create beside appends': async (node, { addresses }, say) => {
    const dbs = await openAll(node, addresses, ['posts', 'settings', 'team'])
    const create = async (): Promise<void> => {
      for (let i = 0; i < 2; i++) {
        const file = await open(join(node.directory, `${i}.part`), 'w')
        for await (const chunk of createBackup(dbs.map(([, db]) => db))) await file.write(chunk)
        await file.close()
      }
    }
    await Promise.all([create(), append(dbs, 5, say)])
  },

  /** What a peer has is joined, entry by entry. */
  sync: async (node, { addresses, peer }) => {
    const dbs = await openAll(node, addresses, [...synced])
    await dial(node, peer!)
    await Promise.all(dbs.map(async ([, db]) => {
      ignoreErrors(db)
      const joined = new Promise<void>(resolve => db.events.once('update', resolve))
      await db.sync.start()
      await joined
    }))
  }
} satisfies Record<string, Job>

export type JobName = keyof typeof jobs
