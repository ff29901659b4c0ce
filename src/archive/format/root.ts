import * as dagCbor from '@ipld/dag-cbor'
import { createWriter, read } from './cbor.ts'
import { readList, writeList } from './list.ts'
import { keyOf } from '../../blocks/digests.ts'
import type { CBORReader } from './cbor.ts'
import type { List } from './list.ts'

const format = 'orbitdb-backup'

/** The version of the format. */
export const version = 1

/** The root of an archive. */
export interface Root {
  /** The digests of the snapshots of databases, in the order of their addresses. */
  databases: Uint8Array[]
  /** Those of databases of access controllers, which came along. */
  access: Uint8Array[]
  /** All blocks of databases that are not an entry of exactly one of them. */
  shared?: List
}

/** Encodes the root of an archive. */
export function encodeRoot ({ databases, access, shared }: Root): Uint8Array {
  const writer = createWriter()
  const writeLinks = (digests: Uint8Array[]): void => {
    writer.array(digests.length)
    for (const digest of digests) writer.link('dag-cbor', digest)
  }
  writer.map(3 + (access.length > 0 ? 1 : 0) + (shared == null ? 0 : 1))
  if (access.length > 0) {
    writer.text('access')
    writeLinks(access)
  }
  writer.text('format')
  writer.text(format)
  if (shared != null) {
    writer.text('shared')
    writeList(writer, shared)
  }
  writer.text('version')
  writer.uint(version)
  writer.text('databases')
  writeLinks(databases)
  return writer.finish()
}

/** Reads the root of an archive: undefined when it is none. */
export function decodeRoot (bytes: Uint8Array): Root | undefined {
  const readLinks = (reader: CBORReader): Uint8Array[] => {
    const length = reader.array()
    if (length === 0) reader.refuse()
    const digests = []
    for (let i = 0; i < length; i++) {
      const digest = reader.link('dag-cbor').slice()
      const key = keyOf(digest)
      // A tree links to each block once
      if (linked.has(key)) reader.refuse()
      linked.add(key)
      digests.push(digest)
    }
    return digests
  }
  const linked = new Set<string>()
  return read(bytes, reader => {
    const size = reader.map()
    const access = reader.hasKey('access') ? readLinks(reader) : []
    reader.key('format')
    if (reader.text() !== format) reader.refuse()
    const shared = reader.hasKey('shared') ? readList(reader) : undefined
    reader.key('version')
    if (reader.uint() !== version) reader.refuse()
    reader.key('databases')
    const databases = readLinks(reader)
    if (size !== 3 + (access.length > 0 ? 1 : 0) + (shared == null ? 0 : 1)) reader.refuse()
    return { databases, access, shared }
  })
}

/**
 * What version of the format a block that is not a root of this one says that it is of: undefined when it is nothing
 * of this format at all.
 */
export function versionOf (bytes: Uint8Array): unknown {
  try {
    const root = dagCbor.decode<Record<string, unknown> | null>(bytes)
    return root?.format === format ? root.version : undefined
  } catch {
    // Something else
  }
}
