import { keyOf } from '../../blocks/digests.ts'
import { hashOfDigest, IncompleteArchiveError, rootToString } from '../errors.ts'
import type { Source } from '../sources/source.ts'

/** Reads single blocks of a backup, as they are asked for. */
export interface BlockReader {
  /** A block, which matches its digest; undefined when the backup does not have it. */
  get: (digest: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array | undefined>
  /**
   * A block that must be there.
   *
   * @throws IncompleteArchiveError when it may be in a base, MissingBlockError else
   */
  need: (digest: Uint8Array, what: string, signal?: AbortSignal) => Promise<Uint8Array>
}

/** @param bases - digests of archives that are needed besides, and are not there */
export function createBlockReader (source: Source, bases: Uint8Array[], missing: (hash: string, what: string) => Error): BlockReader {
  const get: BlockReader['get'] = async (digest, signal) => {
    for await (const blocks of source.getMany!([digest], { signal })) {
      for (const block of blocks) {
        if (block.isIntact && block.digest != null && keyOf(block.digest) === keyOf(digest)) {
          return block.bytes
        }
      }
    }
  }
  return {
    get,
    need: async (digest, what, signal) => {
      const bytes = await get(digest, signal)
      if (bytes != null) {
        return bytes
      }
      if (bases.length > 0) {
        const names = bases.map(rootToString)
        throw new IncompleteArchiveError(`The archive has only what is new since ${names.join(', ')}, which is needed with it`, { bases: names })
      }
      throw missing(hashOfDigest(digest), what)
    }
  }
}
