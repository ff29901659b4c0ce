// What a database has, as the unpatched OrbitDB finds it.
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import all from 'it-all'
import { Level } from 'level'
import { logDirectoryOf, open, setupOf, start, stop } from '../node.ts'
import type { Dataset } from '../dataset.ts'
import type { KeyValue } from '../../src/index.ts'
import type { TaskOf } from './tasks.ts'

/** What a source has. */
export interface Contents {
  /** The hashes of the entries, as they are found by traversal. */
  entries: string[]
  heads: string[]
  index: string[]
  /** A digest of the keys and their values. */
  records: string
  /** The ids of those who may write; that of the first writer comes first. */
  writers: string[]
  /** The hashes of the identities of those who did. */
  identities: string[]
  /** The hashes of the manifest and the access controller. */
  setup: string[]
}

/** Reads what a source has, and writes it to a file. */
export async function readSource ({ dataset, directory, file }: TaskOf<'read'>): Promise<undefined> {
  const { db, ipfs, ...running } = await open(await start(directory, 'stock'), dataset)
  const entries: string[] = []
  const identities = new Set<string>()
  for await (const { hash, identity } of db.log.traverse()) {
    entries.push(hash)
    identities.add(identity)
  }
  const contents: Omit<Contents, 'index'> = {
    entries,
    identities: [...identities],
    heads: await readHeads(db),
    records: await readRecords(db),
    writers: readWriters(db),
    setup: await setupOf(ipfs, dataset.address)
  }
  await stop({ ipfs, ...running })
  await writeFile(file, JSON.stringify({ ...contents, index: await readIndex(directory, dataset) } satisfies Contents))
}

export async function readEntries (db: KeyValue<string>): Promise<string[]> {
  return (await all(db.log.traverse())).map(({ hash }) => hash)
}

export async function readHeads (db: KeyValue<string>): Promise<string[]> {
  return (await db.log.heads()).map(({ hash }) => hash).sort()
}

/** A digest of what the database answers. */
export async function readRecords (db: KeyValue<string>): Promise<string> {
  const records = (await all(db.iterator())).map(({ key, hash, value }) => JSON.stringify([key, hash, value]))
  return createHash('sha256').update(records.sort().join()).digest('hex')
}

export function readWriters ({ access }: KeyValue<string>): string[] {
  return (access as unknown as { write: string[] }).write
}

/** Reads the index of a log that is closed. */
export async function readIndex (directory: string, dataset: Dataset): Promise<string[]> {
  const index = new Level(join(logDirectoryOf(directory, dataset), '_index'), { createIfMissing: false })
  try {
    await index.open()
    return await index.keys().all()
  } finally {
    await index.close()
  }
}
