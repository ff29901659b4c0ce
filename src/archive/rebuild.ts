import { eachLink, identityOf, readLinks } from './create/links.ts'
import { createList } from './lists/write.ts'
import { createDigestTable } from '../blocks/digests.ts'
import { cidOf } from '../blocks/cids.ts'
import { toBytes } from '../blocks/hashes.ts'
import { check } from './sources/car.ts'
import { equals } from 'uint8arrays/equals'
import type { DagDatabase } from './dag/index.ts'
import type { Blocks } from '../blocks/index.ts'
import type { SourceBlock } from './sources/source.ts'

/** How many entries are followed at once. */
const batchSize = 1000

/**
 * Whether the lists of a database, of which an archive has a part, are those of the entries that its heads lead to on the
 * node.
 */
export async function isOnNode ({ address, heads, counts, lists }: DagDatabase, blocks: Blocks, signal?: AbortSignal): Promise<boolean> {
  if (heads.size < counts.heads) {
    return false
  }
  const entries = createDigestTable()
  const times: number[] = []
  const identities = createDigestTable()
  const onLinks = eachLink(hash => { entries.add(toBytes(hash), 4) })
  for (let place = 0; place < heads.size; place++) entries.add(heads.at(place))

  for (let next = 0; next < entries.size;) {
    signal?.throwIfAborted()
    const digests = Array.from({ length: Math.min(batchSize, entries.size - next) }, (_, i) => entries.at(next + i).slice())
    next += digests.length
    const found = await blocks.getMany(digests.map(digest => cidOf(digest)), { signal })
    const read = await check(found.flatMap((bytes, i): SourceBlock[] => bytes == null ? [] : [{ digest: digests[i], bytes, length: bytes.length, isIntact: false }]))
    if (read.length < digests.length || !read.every(({ isIntact }) => isIntact)) {
      return false
    }
    for (const { bytes } of read) {
      const links = await readLinks(bytes, { address, onLinks, onProblem: () => {} })
      if (links == null || entries.size > counts.entries) {
        return false
      }
      times.push(links.time)
      const identity = identityOf(links)
      if (identity != null) identities.add(toBytes(identity), 4)
    }
  }
  const entryList = await createList('entries', address, { digests: entries.packed(), times: Float64Array.from(times) })
  const identityList = await createList('identities', address, { digests: identities.packed() })
  return areEqual(entryList?.root, lists.entries?.root) && areEqual(identityList?.root, lists.identities?.root)
}

const areEqual = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => a == null || b == null ? a === b : equals(a, b)
