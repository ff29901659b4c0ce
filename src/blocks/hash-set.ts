import { cidOf } from './cids.ts'
import { createDigestTable, digestLength } from './digests.ts'
import { toHash, writeDigest } from './hashes.ts'

/** A set of very many hashes of DAG-CBOR blocks: what a `Set` of strings is, which can not have more than 16 million. */
export interface HashSet extends Iterable<string> {
  readonly size: number
  /** Adds a hash, unless it is not that of a DAG-CBOR block. */
  add: (hash: string) => void
  has: (hash: string) => boolean
  /** All of them, some at a time. */
  batches: (length: number) => Iterable<string[]>
}

/** Creates a set of hashes, which keeps their digests. */
export function createHashSet (hashes: Iterable<string> = []): HashSet {
  const table = createDigestTable()
  const digest = new Uint8Array(digestLength)
  const set: HashSet = {
    get size () { return table.size },
    add: hash => {
      if (writeDigest(hash, digest, 0)) table.add(digest)
    },
    has: hash => writeDigest(hash, digest, 0) && table.has(digest),
    * batches (length) {
      for (let start = 0; start < table.size; start += length) {
        yield Array.from({ length: Math.min(length, table.size - start) }, (_, i) => toHash(cidOf(table.at(start + i))))
      }
    },
    * [Symbol.iterator] () {
      for (let place = 0; place < table.size; place++) yield toHash(cidOf(table.at(place)))
    }
  }
  for (const hash of hashes) set.add(hash)
  return set
}
