import { createListReader, MalformedListError } from '../lists/read.ts'
import { openTree } from '../lists/tree.ts'
import { DamagedArchiveError, hashOfDigest } from '../errors.ts'
import { digestLength } from '../../blocks/digests.ts'
import type { BlockReader } from '../block-reader.ts'
import type { List } from '../format/list.ts'
import type { ListName, Node } from '../format/node.ts'

/** A list of a database. */
export interface NamedList {
  name: ListName
  /** The address of the database, where it is that of one. */
  address?: string
  list?: List
}

/** Gives the leaves of a list, in order, which are read as they are asked for. */
export async function * readLeaves ({ name, address, list }: NamedList, reader: BlockReader): AsyncGenerator<Node> {
  if (list == null) {
    return
  }
  const nodes = createListReader(name, address, list)
  for (let wanted = nodes.wanted(); wanted != null; wanted = nodes.wanted()) {
    const digest = wanted.digest.slice()
    const bytes = await reader.needPart(digest)
    let leaf
    try {
      leaf = nodes.add(bytes)
    } catch (cause) {
      if (!(cause instanceof MalformedListError)) throw cause
      throw new DamagedArchiveError(`The archive is damaged: its list of ${name} has ${cause.message}, block "${hashOfDigest(digest)}"`, { code: 'dag-invalid', hash: hashOfDigest(digest), cause })
    }
    if (leaf != null) yield leaf
  }
}

/** The digests in a list, in order. */
export async function * readDigests (list: NamedList, reader: BlockReader): AsyncGenerator<Uint8Array> {
  for await (const { digests } of readLeaves(list, reader)) {
    for (let at = 0; at < digests.length; at += digestLength) yield digests.slice(at, at + digestLength)
  }
}

/** Whether a list has an item of a time: it reads the nodes that may have it, from the root to a leaf. */
export async function listHas ({ name, address, list }: NamedList, reader: BlockReader, digest: Uint8Array, time: number): Promise<boolean> {
  const found = list == null ? [] : await openTree(name, address, list, reader.needPart).find({ digests: digest, times: Float64Array.of(time) })
  return found.length > 0
}
