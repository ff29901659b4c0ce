import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as dagCbor from '@ipld/dag-cbor'
import SimpleEncryption from '@orbitdb/simple-encryption'
import { KeyValueIndexed } from '../../src/index.ts'
import type { OpenWith } from './backups.ts'
import type { DatabaseAddress, Encryption } from '../../src/index.ts'

/** The versions of `@orbitdb/core` that wrote the directories in test/fixtures. */
export const publishedVersions = ['2.4.3', '3.0.2']

/** What a published version read of a database that it wrote. */
export interface PublishedDatabase {
  address: DatabaseAddress
  type: string
  heads: string[]
  /** The hashes of its entries in the order of the log. */
  entries: string[]
  /** What its iterator gives. */
  records: unknown[]
}

/** Lays out the directory of a node that a published version wrote, and gives what that read there, by names of databases. */
export async function layOutPublished (version: string, directory: string): Promise<Record<string, PublishedDatabase>> {
  await promisify(execFile)('tar', ['-xzf', join(import.meta.dirname, `../fixtures/orbitdb-${version}.tar.gz`), '-C', directory])
  return dagCbor.decode<{ databases: Record<string, PublishedDatabase> }>(await readFile(join(directory, 'contents.cbor'))).databases
}

/** With what one of its databases is opened. */
export async function optionsOf (name: string): Promise<OpenWith> {
  const data = async (): Promise<Encryption['data']> => SimpleEncryption({ password: 'of the data' })
  const encryption: Record<string, () => Promise<Encryption>> = {
    secret: async () => ({ data: await data() }),
    sealed: async () => ({ data: await data(), replication: await SimpleEncryption({ password: 'of the replication' }) })
  }
  return {
    sync: false,
    ...(name === 'indexed' && { Database: KeyValueIndexed() }),
    ...(name in encryption && { encryption: await encryption[name]() })
  }
}
