import { assertWithin } from '../limits.ts'
import { cidOf } from '../../blocks/cids.ts'
import { digestLength } from '../../blocks/digests.ts'
import { invalidBlock, missingBlock } from '../../blocks/errors.ts'
import { toHash } from '../../blocks/hashes.ts'
import { hasDigest } from '../../blocks/sha256.ts'
import type { Origin } from './contents.ts'
import type { WrittenBlock, WrittenRun } from '../sinks/car.ts'
import type { DatabaseState } from '../../core/index.ts'

/** Reads the blocks of a database: from the node, or else from where the database keeps its entries. */
export interface Reader {
  has: (digest: Uint8Array) => Promise<boolean>
  getBlock: (digest: Uint8Array) => Promise<WrittenBlock>
  /** Reads entries that are given in the order of the stores' keys. */
  readRuns: (digests: Uint8Array) => AsyncGenerator<{ start: number, blocks: Uint8Array[] }>
  readEntries: (digests: Uint8Array) => AsyncGenerator<WrittenRun>
}

export function createReader (state: DatabaseState | undefined, { db, blocks, limits, signal }: Origin): Reader {
  /** The blocks of a database that can not be asked for them one by one, where the node does not have them */
  let kept: Map<string, Uint8Array> | undefined
  const getElsewhere = async (hash: string): Promise<Uint8Array | undefined> => {
    if (db != null) {
      return db.log.storage.get(hash, signal, { offline: true })
    }
    if (kept == null) {
      kept = new Map()
      for await (const [hash, bytes] of state?.blocks ?? []) {
        signal?.throwIfAborted()
        kept.set(hash, bytes)
      }
    }
    return kept.get(hash)
  }

  const assertIs = (isBlock: boolean, digests: Uint8Array, at: number): void => {
    if (!isBlock) throw invalidBlock(cidOf(digests, at))
  }

  const readRuns: Reader['readRuns'] = async function * (digests) {
    for await (const { start, blocks: found } of blocks.readInOrder(digests, { signal })) {
      signal?.throwIfAborted()
      for (let i = 0, at = start * digestLength; i < found.length; i++, at += digestLength) {
        let bytes = found[i]
        if (bytes == null) {
          const hash = toHash(cidOf(digests, at))
          found[i] = bytes = await getElsewhere(hash)
          if (bytes == null) throw missingBlock(hash)
        }
        if (bytes.length > limits.blockBytes) {
          assertWithin(limits, 'blockBytes', bytes.length, `Could not create a backup: the bytes of entry "${toHash(cidOf(digests, at))}"`)
        }
        const isBlock = hasDigest(bytes, digests, at)
        assertIs(typeof isBlock === 'boolean' ? isBlock : await isBlock, digests, at)
      }
      yield { start, blocks: found as Uint8Array[] }
    }
  }

  return {
    has: async digest => (await blocks.hasMany([cidOf(digest)], { signal }))[0],
    getBlock: async digest => {
      const [found] = await blocks.getMany([cidOf(digest)], { signal })
      const bytes = found ?? (db == null ? await getElsewhere(toHash(cidOf(digest))) : undefined)
      if (bytes == null) {
        throw missingBlock(cidOf(digest))
      }
      assertIs(await hasDigest(bytes, digest), digest, 0)
      return { digest, bytes }
    },
    readRuns,
    readEntries: async function * (digests) {
      for await (const { start, blocks } of readRuns(digests)) {
        yield { digests: digests.subarray(start * digestLength, (start + blocks.length) * digestLength), blocks }
      }
    }
  }
}
