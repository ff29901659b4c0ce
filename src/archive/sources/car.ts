import { bytesReader, readHeader } from '@ipld/car/decoder'
import { CID } from 'multiformats/cid'
import { iterateUntilAborted } from '../abort.ts'
import { DamagedArchiveError, EmptyArchiveError, ForeignArchiveError, NotAnArchiveError, TruncatedArchiveError } from '../errors.ts'
import { cidLength } from '../../blocks/hashes.ts'
import { isShort } from '../../blocks/cids.ts'
import { hasDigest } from '../../blocks/sha256.ts'
import type { Chunks } from './bytes.ts'
import type { ReadOptions, Source, SourceBlock } from './source.ts'
import type { Limits } from '../limits.ts'

/** The codecs that CIDs of blocks have in archives: that of DAG-CBOR, and that of raw bytes. */
const codecs = new Set([0x71, 0x55])

/** The most bytes that tell a length. */
const maxPrefixLength = 8

/** The most blocks that are given at once. */
const batchSize = 1000

/** How many bytes tell whether a file may be one at all. */
const startLength = 10

/** What compressed files start with. */
const compressed: Record<string, number[]> = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd], xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a], bzip2: [0x42, 0x5a, 0x68], zip: [0x50, 0x4b, 0x03, 0x04] }

/**
 * Opens a CAR file of version 1 as a source, and reads its header.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError or TruncatedArchiveError, and so
 * does reading the blocks, or DamagedArchiveError.
 */
export async function openCar (chunks: Chunks, limits: Limits, { signal }: ReadOptions = {}): Promise<Source> {
  let buffer: SectionBuffer | undefined = createSectionBuffer(chunks, signal)
  let roots: Uint8Array[]
  try {
    roots = await readRoots(buffer, limits)
  } catch (error) {
    await buffer.close()
    throw error
  }
  return {
    headers: [roots],
    size: chunks.size,
    isRepeatable: chunks.isRepeatable,
    blocks: async function * (options = {}) {
      let sections = buffer
      buffer = undefined
      if (sections == null) {
        sections = createSectionBuffer(chunks, options.signal)
        await readRoots(sections, limits)
      }
      try {
        yield * readBlocks(sections, limits)
      } finally {
        await sections.close()
      }
    },
    close: async () => {
      await buffer?.close()
      buffer = undefined
    }
  }
}

/** The bytes of a file, of which some are there, and more can be asked for. */
interface SectionBuffer {
  /** Where in the file the bytes start that were not taken yet. */
  offset: () => number
  /** The bytes that are there and were not taken yet. */
  rest: () => Uint8Array
  take: (length: number) => void
  /** Gets more bytes, until there are as many as that: false when the file ends before. */
  fill: (length: number) => Promise<boolean>
  close: () => Promise<void>
}

function createSectionBuffer (chunks: Chunks, signal?: AbortSignal): SectionBuffer {
  const iterator = iterateUntilAborted(chunks, signal)
  // A chunk, of which blocks are parts, or where one chunk ends in a block, that block
  let bytes: Uint8Array = new Uint8Array(0)
  let isJoined = false
  let offset = 0
  let start = 0
  let end = 0
  // What is left of the chunk behind such a block
  let left: Uint8Array = new Uint8Array(0)

  const nextChunk = async (): Promise<Uint8Array | undefined> => {
    const chunk = left
    if (chunk.length > 0) {
      left = chunk.subarray(chunk.length)
      return chunk
    }
    const { done, value } = await iterator.next()
    return done === true ? undefined : new Uint8Array(value.buffer, value.byteOffset, value.length)
  }

  return {
    offset: () => offset,
    rest: () => bytes.subarray(start, end),
    take: length => {
      start += length
      offset += length
    },
    fill: async length => {
      while (end - start < length) {
        const chunk = await nextChunk()
        if (chunk == null) {
          return false
        }
        const there = end - start
        if (there === 0) {
          [bytes, start, end, isJoined] = [chunk, 0, chunk.length, false]
          continue
        }
        const part = chunk.subarray(0, length - there)
        left = chunk.subarray(part.length)
        if (!isJoined || end + part.length > bytes.length) {
          const larger = new Uint8Array(Math.max(there + part.length, Math.min(length, 2 * there)))
          larger.set(bytes.subarray(start, end));
          [bytes, start, end, isJoined] = [larger, 0, there, true]
        }
        bytes.set(part, end)
        end += part.length
      }
      return true
    },
    close: async () => { await iterator.return() }
  }
}

/** Reads the roots that the header of a CAR file names. */
async function readRoots (buffer: SectionBuffer, { headerBytes }: Limits): Promise<Uint8Array[]> {
  await buffer.fill(startLength)
  const start = buffer.rest()
  if (start.length === 0) {
    throw new EmptyArchiveError()
  }
  const format = Object.keys(compressed).find(format => compressed[format].every((byte, i) => start[i] === byte))
  if (format != null) {
    throw new NotAnArchiveError(`Not an archive, but perhaps one that is compressed by ${format}: decompress it first`)
  }
  const { length, prefixLength } = decodeLength(start)
  if (length === 0 || length > headerBytes || (start.length > prefixLength && !isMap(start[prefixLength]))) {
    throw notAnArchive()
  }
  if (!await buffer.fill(prefixLength + length)) {
    throw truncated(endOf(buffer))
  }
  const header = buffer.rest().subarray(0, prefixLength + length)
  const { roots } = await readHeader(bytesReader(header), 1).catch(cause => { throw notAnArchive(cause) })
  buffer.take(header.length)
  return roots.map(({ bytes }) => {
    if (!isShort(bytes) || bytes[1] !== 0x71) {
      throw new ForeignArchiveError()
    }
    return bytes.slice(4)
  })
}

/** Whether a byte is the first of a CBOR map. */
const isMap = (byte: number): boolean => byte >> 5 === 5

const notAnArchive = (cause?: unknown): NotAnArchiveError => {
  return new NotAnArchiveError('Not an archive: the bytes are not those of a CAR file of version 1', { cause })
}

export const truncated = (length: number): TruncatedArchiveError => {
  return new TruncatedArchiveError(`The archive is truncated: it ends after ${length} bytes, in the middle of a block`)
}

const endOf = (buffer: SectionBuffer): number => buffer.offset() + buffer.rest().length

/** Reads the blocks: at once all that are there, so that none waits for more. */
async function * readBlocks (buffer: SectionBuffer, limits: Limits): AsyncGenerator<SourceBlock[]> {
  for (;;) {
    const batch: SourceBlock[] = []
    let length
    try {
      length = takeBlocks(buffer, limits, batch)
    } catch (error) {
      if (batch.length > 0) {
        yield check(batch)
      }
      throw error
    }
    if (batch.length > 0) {
      yield check(batch)
    }
    if (batch.length < batchSize && !await buffer.fill(length)) {
      if (buffer.rest().length > 0) {
        throw truncated(endOf(buffer))
      }
      return
    }
  }
}

/** Takes the blocks that are there, and tells how many bytes are needed for another one. */
function takeBlocks (buffer: SectionBuffer, { blockBytes }: Limits, batch: SourceBlock[]): number {
  const rest = buffer.rest()
  const start = buffer.offset()
  for (let at = 0; ;) {
    if (at === rest.length) {
      return 1
    }
    const { length, prefixLength } = decodeLength(rest, at)
    const offset = start + at
    if (length === 0 || length > blockBytes + cidLength) {
      const what = length === 0 || length === Infinity ? 'there is no block' : `there is no block, or one of ${length} bytes, which is more than limits.blockBytes allows`
      throw new DamagedArchiveError(`The archive is damaged at byte ${offset}: ${what}`, { offset })
    }
    const total = prefixLength + length
    if (rest.length - at < total || batch.length === batchSize) {
      return total
    }
    batch.push(toBlock(rest.subarray(at + prefixLength, at + total), offset, total))
    buffer.take(total)
    at += total
  }
}

/** The block in a section of a CAR file, whose bytes are not checked. */
export function toBlock (section: Uint8Array, offset: number, length: number): SourceBlock {
  // Blocks of archives have no other CIDs than these, and decoding CIDs takes longer than all else that is done here
  if (isShort(section) && codecs.has(section[1])) {
    return { digest: section.subarray(4, cidLength), bytes: section.subarray(cidLength), offset, length, isIntact: false }
  }
  try {
    const [, bytes] = CID.decodeFirst(section)
    return { bytes, offset, length, isIntact: false }
  } catch (cause) {
    throw new DamagedArchiveError(`The archive is damaged at byte ${offset}: there is no block`, { offset, cause })
  }
}

/** Checks blocks against their digests. */
export function check (blocks: SourceBlock[]): SourceBlock[] | Promise<SourceBlock[]> {
  const waiting: Array<Promise<void>> = []
  for (const block of blocks) {
    if (block.digest != null) {
      const isIntact = hasDigest(block.bytes, block.digest)
      if (isIntact instanceof Promise) {
        waiting.push(isIntact.then(isIntact => { block.isIntact = isIntact }))
      } else {
        block.isIntact = isIntact
      }
    }
  }
  return waiting.length === 0 ? blocks : Promise.all(waiting).then(() => blocks)
}

/** Decodes the length that is somewhere in bytes: infinite when it is none, and more than is there when it is cut off. */
export function decodeLength (bytes: Uint8Array, at = 0): { length: number, prefixLength: number } {
  let length = 0
  let factor = 1
  const there = bytes.length - at
  for (let i = 0; i < Math.min(there, maxPrefixLength); i++) {
    const byte = bytes[at + i]
    length += (byte & 127) * factor
    if (byte < 128) {
      return { length, prefixLength: i + 1 }
    }
    factor *= 128
  }
  return { length: there < maxPrefixLength ? 1 : Infinity, prefixLength: there }
}
