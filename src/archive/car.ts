import { blockLength, createWriter, headerLength } from '@ipld/car/buffer-writer'
import { asyncIterableReader, bytesReader, readHeader } from '@ipld/car/decoder'
import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { equals } from 'uint8arrays/equals'
import { DamagedArchiveError, EmptyArchiveError, ForeignArchiveError, NotAnArchiveError, TruncatedArchiveError } from './errors.ts'
import { isDigestOf } from './format.ts'
import { cidLength, isOfDagCbor, toHash } from '../blocks/hashes.ts'
import type { BytesReader } from '@ipld/car/decoder'
import type { CIDBytes, StoredBlock } from '../blocks/index.ts'

/** A block in an archive. */
export interface ArchivedBlock {
  cid: CIDBytes
  hash: string
  bytes: Uint8Array
  /** Where it starts in the archive, in bytes. */
  offset: number
  /** How many bytes of the archive it takes. */
  length: number
  /** Whether the bytes match the hash; undefined when it is of a kind that no archive has, which is not checked. */
  isIntact: boolean | undefined
}

/** An archive that is being read. */
export interface ArchiveReader {
  /** Hash of the root. */
  root: string
  /** The blocks, some at a time, as they come. */
  blocks: AsyncIterable<ArchivedBlock[]>
}

// More than that is no archive's header, and no block that IPFS could handle. It would only be
// read into memory before it turns out that the bytes are damaged.
const maxHeaderLength = 2 ** 20
const maxBlockLength = 2 ** 27

/** The most bytes that tell a length. */
const maxPrefixLength = 8

/** The most bytes that the reader gets at once, as it copies them. */
const maxChunkLength = 2 ** 20

/** The most blocks that are read at once. */
const batchSize = 1000

const sha256Code = 0x12

/** What every CAR file of version 2 starts with: the length and the CBOR of `{ version: 2 }`. */
const startOfVersion2 = Uint8Array.from([0x0a, 0xa1, 0x67, ...new TextEncoder().encode('version'), 0x02])

/** The header of an archive with a root, given the bytes of its CID. */
export function encodeHeader (root: Uint8Array): Uint8Array {
  const roots = [CID.decode(root)]
  return createWriter(new ArrayBuffer(headerLength({ roots })), { roots }).close()
}

/** Blocks as they are in an archive. */
export function encodeBlocks (blocks: StoredBlock[]): Uint8Array {
  // All that the writer needs of a CID is its bytes
  const withCIDs = blocks.map(([cid, bytes]) => ({ cid: { bytes: cid } as CID, bytes }))
  const length = withCIDs.reduce((length, block) => length + blockLength(block), 0)
  const writer = createWriter(new ArrayBuffer(length), { headerSize: 0 })
  for (const block of withCIDs) writer.write(block)
  return writer.bytes
}

/**
 * Opens an archive: reads its header.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError or TruncatedArchiveError, and so
 * does reading the blocks, or DamagedArchiveError.
 */
export async function openArchive (chunks: AsyncIterable<Uint8Array>): Promise<ArchiveReader> {
  const source = createSource(chunks)
  const blocks = async function * () {
    try {
      for await (const batch of readBatches(source)) {
        const checked = batch.map(checkBlock)
        yield checked.some(block => block instanceof Promise) ? await Promise.all(checked) : checked as ArchivedBlock[]
      }
    } finally {
      await source.close()
    }
  }
  try {
    return { root: await readRoot(source.reader), blocks: { [Symbol.asyncIterator]: blocks } }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Where the bytes of an archive come from. */
interface Source {
  reader: BytesReader
  /** How many chunks the reader has got. */
  countChunks: () => number
  close: () => Promise<unknown>
}

function createSource (chunks: AsyncIterable<Uint8Array>): Source {
  let count = 0
  const readChunks = async function * (): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += maxChunkLength) {
        count++
        yield chunk.subarray(start, start + maxChunkLength)
      }
    }
  }
  // The reader itself never closes what it reads
  const iterator = readChunks()
  return { reader: asyncIterableReader(iterator), countChunks: () => count, close: () => iterator.return() }
}

/** Reads the root that the header of a CAR file names. */
async function readRoot (reader: BytesReader): Promise<string> {
  const section = await readSection(reader, (length, first) => {
    if (length === 0 || length > maxHeaderLength || (first != null && !isMap(first))) {
      throw notAnArchive()
    }
  })
  if (section == null) {
    throw new EmptyArchiveError()
  }
  if (equals(section.bytes, startOfVersion2)) {
    throw new NotAnArchiveError('Not an archive: a CAR file of version 2, and an archive is one of version 1')
  }
  const { roots } = await readHeader(bytesReader(section.bytes), 1).catch(cause => { throw notAnArchive(cause) })
  if (roots.length !== 1 || !isOfDagCbor(roots[0].bytes)) {
    throw new ForeignArchiveError('Not an archive of OrbitDB databases: a CAR file of something else')
  }
  return toHash(roots[0].bytes)
}

/** Whether a byte is the first of a CBOR map. */
const isMap = (byte: number): boolean => byte >> 5 === 5

const notAnArchive = (cause?: unknown): NotAnArchiveError => {
  return new NotAnArchiveError('Not an archive: the bytes are not those of a CAR file of version 1', { cause })
}

/** A block that was read, and not checked. */
interface UncheckedBlock extends Omit<ArchivedBlock, 'isIntact'> {
  /** Whether it can be checked: whether its CID has a digest of SHA2-256. */
  hasDigest: boolean
}

/** Reads the blocks, at most as many at once as came with one chunk, so that none waits for many more. */
async function * readBatches ({ reader, countChunks }: Source): AsyncGenerator<UncheckedBlock[]> {
  let batch: UncheckedBlock[] = []
  try {
    for (;;) {
      const count = countChunks()
      const block = await readBlock(reader)
      if (batch.length > 0 && (block == null || batch.length === batchSize || countChunks() > count)) {
        yield batch
        batch = []
      }
      if (block == null) {
        return
      }
      batch.push(block)
    }
  } catch (error) {
    if (batch.length > 0) {
      yield batch
    }
    throw error
  }
}

/** Reads a block: undefined at the end. */
async function readBlock (reader: BytesReader): Promise<UncheckedBlock | undefined> {
  const offset = reader.pos
  const noBlock = (cause?: unknown): DamagedArchiveError => {
    return new DamagedArchiveError(`The archive is damaged at byte ${offset}: there is no block`, { offset, cause })
  }
  const section = await readSection(reader, length => {
    if (length === 0 || length > maxBlockLength) {
      throw noBlock()
    }
  })
  if (section == null) {
    return
  }
  const { length } = section.bytes
  const bytes = section.bytes.subarray(section.prefixLength)
  // Nearly all CIDs are like this, and decoding them takes longer than all else that is done here
  if (isOfDagCbor(bytes)) {
    const cid = bytes.subarray(0, cidLength)
    return { cid, hash: toHash(cid), bytes: bytes.subarray(cidLength), offset, length, hasDigest: true }
  }
  try {
    const [cid, rest] = CID.decodeFirst(bytes)
    return { cid: cid.bytes, hash: toHash(cid.bytes), bytes: rest, offset, length, hasDigest: cid.multihash.code === sha256Code }
  } catch (cause) {
    throw noBlock(cause)
  }
}

/** A part of a CAR file: how long it is, and so many bytes. */
interface Section {
  /** All of it. */
  bytes: Uint8Array
  /** How many bytes tell how long it is. */
  prefixLength: number
}

/**
 * Reads a part of a CAR file: undefined at the end. Its length is checked before so many bytes are
 * read into memory, and its first byte as far as that is there.
 */
async function readSection (reader: BytesReader, check: (length: number, first?: number) => void): Promise<Section | undefined> {
  const start = await reader.upTo(maxPrefixLength)
  if (start.length === 0) {
    return
  }
  const { length, prefixLength } = decodeLength(start)
  check(length, start[prefixLength])
  const bytes = await reader.upTo(prefixLength + length)
  if (bytes.length < prefixLength + length) {
    throw new TruncatedArchiveError(`The archive is truncated: it ends after ${reader.pos + bytes.length} bytes, in the middle of a block`)
  }
  reader.seek(bytes.length)
  return { bytes, prefixLength }
}

/** Decodes the length that bytes start with: infinite when it is none, and more than is there when it is cut off. */
function decodeLength (start: Uint8Array): { length: number, prefixLength: number } {
  try {
    const [length, prefixLength] = varint.decode(start)
    return { length, prefixLength }
  } catch {
    return { length: start.length < maxPrefixLength ? 1 : Infinity, prefixLength: start.length }
  }
}

/** Checks the bytes of a block against its hash. */
function checkBlock ({ cid, hash, bytes, offset, length, hasDigest }: UncheckedBlock): ArchivedBlock | Promise<ArchivedBlock> {
  const toBlock = (isIntact?: boolean): ArchivedBlock => ({ cid, hash, bytes, offset, length, isIntact })
  const isIntact = hasDigest ? isDigestOf(cid, bytes) : undefined
  return isIntact instanceof Promise ? isIntact.then(toBlock) : toBlock(isIntact)
}
