import { damagedBlock, hashOfDigest, IncompleteArchiveError, rootToString, TruncatedArchiveError } from './errors.ts'
import { assertWithin } from './limits.ts'
import { keyOf } from '../blocks/digests.ts'
import type { Limits } from './limits.ts'
import type { Source } from './sources/source.ts'

/** Reads single blocks of a backup, as they are asked for. */
export interface BlockReader {
  /** A block, which matches its digest; undefined when the backup does not have it. */
  get: (digest: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array | undefined>
  /** Blocks, by the keys of their digests, without those that the backup does not have. */
  getMany: (digests: Uint8Array[], signal?: AbortSignal) => Promise<Map<string, Uint8Array>>
  /**
   * A block that must be there.
   *
   * @throws The error of `missing`
   */
  need: (digest: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>
  /**
   * A block of the archive itself: a root, a snapshot or a node of a list.
   *
   * @throws The error of `missing`, or LimitExceededError
   */
  needPart: (digest: Uint8Array) => Promise<Uint8Array>
  /** The error about a block that is not there: DamagedArchiveError, IncompleteArchiveError where it may be in a base, or TruncatedArchiveError. */
  missing: (digest: Uint8Array) => Error
}

export interface BlockReaderOptions {
  /** Digests of archives that are needed besides, and are not there. */
  bases: Uint8Array[]
  limits: Limits
  signal?: AbortSignal
  /** Called with the number of blocks and of bytes that have been read. */
  onRead?: (blocks: number, bytes: number) => void
}

/** @param source - one of which single blocks can be read */
export function createBlockReader (source: Source, { bases, limits, signal: readSignal, onRead }: BlockReaderOptions): BlockReader {
  /** Where copies of blocks start that do not match their digests, by the keys of these. */
  const damaged = new Map<string, number | undefined>()

  const getMany: BlockReader['getMany'] = async (digests, signal = readSignal) => {
    const wanted = new Set(digests.map(digest => keyOf(digest)))
    const found = new Map<string, Uint8Array>()
    for await (const blocks of source.getMany!(digests, { signal })) {
      for (const { digest, bytes, isIntact, length, offset } of blocks) {
        const key = digest == null ? undefined : keyOf(digest)
        if (key == null || !wanted.has(key)) continue
        if (!isIntact) {
          damaged.set(key, offset)
          continue
        }
        if (!found.has(key)) onRead?.(1, length)
        found.set(key, bytes)
      }
    }
    return found
  }

  const get: BlockReader['get'] = async (digest, signal) => (await getMany([digest], signal)).get(keyOf(digest))

  const missing: BlockReader['missing'] = digest => {
    const hash = hashOfDigest(digest)
    if (damaged.has(keyOf(digest))) {
      return damagedBlock(hash, damaged.get(keyOf(digest)))
    }
    const names = bases.map(rootToString)
    return names.length > 0
      ? new IncompleteArchiveError(`The archive has only what is new since ${names.join(', ')}, which is needed with it`, { bases: names, hash })
      : new TruncatedArchiveError(`The archive is truncated: block "${hash}" is missing`, { hash, missing: 1 })
  }

  const need: BlockReader['need'] = async (digest, signal) => {
    const bytes = await get(digest, signal)
    if (bytes == null) {
      throw missing(digest)
    }
    return bytes
  }

  const needPart: BlockReader['needPart'] = async digest => {
    const bytes = await need(digest)
    assertWithin(limits, 'formatBytes', bytes.length, `Block "${hashOfDigest(digest)}"`)
    return bytes
  }

  return { get, getMany, need, needPart, missing }
}
