import * as dagCbor from '@ipld/dag-cbor'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { DamagedArchiveError, EmptyArchiveError, ForeignArchiveError, NotAnArchiveError, TruncatedArchiveError } from './errors.ts'
import { isDigestOf } from './format.ts'
import { encodeVarint, readVarint } from './varint.ts'
import { isOfDagCbor, cidLength, toHash } from '../blocks/hashes.ts'
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
  /** Whether the bytes match the hash. */
  isIntact: boolean
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

const sha256Code = 0x12

/** The most blocks that are read at once. */
const batchSize = 1000

/** The header of an archive with a root, given the bytes of its CID. */
export function encodeHeader (root: Uint8Array): Uint8Array {
  const header = dagCbor.encode({ version: 1, roots: [CID.decode(root)] })
  return concat([encodeVarint(header.length), header])
}

/** Blocks as they are in an archive. */
export function encodeBlocks (blocks: StoredBlock[]): Uint8Array {
  return concat(blocks.flatMap(([cid, bytes]) => [encodeVarint(cid.length + bytes.length), cid, bytes]))
}

function concat (parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/**
 * Opens an archive: reads its header.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError or TruncatedArchiveError, and so
 * does reading the blocks, or DamagedArchiveError.
 */
export async function openArchive (chunks: AsyncIterable<Uint8Array>): Promise<ArchiveReader> {
  const sections = readSections(chunks)
  const blocks = async function * () {
    try {
      for await (const batch of sections) {
        const read = batch.map(readBlock)
        yield read.some(block => block instanceof Promise) ? await Promise.all(read) : read as ArchivedBlock[]
      }
    } finally {
      await sections.return(undefined)
    }
  }
  try {
    const { done, value } = await sections.next()
    if (done === true) {
      throw new EmptyArchiveError()
    }
    return { root: readRoot(value[0].bytes), blocks: { [Symbol.asyncIterator]: blocks } }
  } catch (error) {
    await sections.return(undefined)
    throw error
  }
}

interface Section {
  bytes: Uint8Array
  offset: number
  length: number
}

/** Reads the parts of a CAR file: first its header by itself, then its blocks, some at a time. */
async function * readSections (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Section[], undefined> {
  /** Chunks that are not read, their length, and where they start */
  let unread: Uint8Array[] = []
  let length = 0
  let offset = 0
  /** How many bytes are needed to read on */
  let needed = 1
  let isHeader = true

  for await (const chunk of chunks) {
    unread.push(chunk)
    length += chunk.length
    if (length < needed) {
      continue
    }
    const bytes = unread.length === 1 ? chunk : concat(unread)
    let sections: Section[] = []
    let at = 0
    for (;;) {
      const prefix = readVarint(bytes, at)
      if (prefix == null) {
        needed = bytes.length - at + 1
        break
      }
      if (isHeader && (prefix.value === 0 || prefix.value > maxHeaderLength || (prefix.end < bytes.length && !isMap(bytes[prefix.end])))) {
        throw notAnArchive()
      }
      if (prefix.value === 0 || prefix.value > maxBlockLength) {
        yield sections
        throw new DamagedArchiveError(`The archive is damaged at byte ${offset + at}: there is no block`, { offset: offset + at })
      }
      const end = prefix.end + prefix.value
      if (end > bytes.length) {
        needed = end - at
        break
      }
      sections.push({ bytes: bytes.subarray(prefix.end, end), offset: offset + at, length: end - at })
      at = end
      if (isHeader || sections.length === batchSize) {
        yield sections
        sections = []
        isHeader = false
      }
    }
    if (sections.length > 0) {
      yield sections
    }
    unread = at === bytes.length ? [] : [bytes.subarray(at)]
    length = bytes.length - at
    offset += at
  }

  if (length > 0) {
    throw new TruncatedArchiveError(`The archive is truncated: it ends after ${offset + length} bytes, in the middle of a block`)
  }
}

/** Whether a byte is the first of a CBOR map. */
const isMap = (byte: number): boolean => byte >> 5 === 5

const notAnArchive = (cause?: unknown): NotAnArchiveError => {
  return new NotAnArchiveError('Not an archive: the bytes are not those of a CAR file', { cause })
}

/** The root that the header of a CAR file names. */
function readRoot (bytes: Uint8Array): string {
  let header: { version?: unknown, roots?: unknown }
  try {
    header = dagCbor.decode(bytes)
  } catch (cause) {
    throw notAnArchive(cause)
  }
  if (header?.version == null) {
    throw notAnArchive()
  }
  if (header.version !== 1) {
    throw new NotAnArchiveError(`Not an archive: a CAR file of version ${String(header.version)}, and an archive is one of version 1`)
  }
  const { roots } = header
  const root = Array.isArray(roots) && roots.length === 1 ? CID.asCID(roots[0]) : null
  if (root == null || !isOfDagCbor(root.bytes)) {
    throw new ForeignArchiveError('Not an archive of OrbitDB databases: a CAR file of something else')
  }
  return toHash(root.bytes)
}

/** Reads a block, and checks its bytes against its hash. */
function readBlock ({ bytes: section, offset, length }: Section): ArchivedBlock | Promise<ArchivedBlock> {
  const { bytes: cid, version, hasDigest } = readCID(section, offset)
  const bytes = section.subarray(cid.length)
  const block = { cid, hash: version === 0 ? base58btc.baseEncode(cid) : toHash(cid), bytes, offset, length, isIntact: false }
  const isIntact = hasDigest && isDigestOf(cid, bytes)
  if (typeof isIntact !== 'boolean') {
    return isIntact.then(isIntact => ({ ...block, isIntact }))
  }
  block.isIntact = isIntact
  return block
}

/** Reads a CID, and whether it has a digest of SHA2-256. */
function readCID (bytes: Uint8Array, offset: number): { bytes: CIDBytes, version: number, hasDigest: boolean } {
  if (isOfDagCbor(bytes)) {
    return { bytes: bytes.subarray(0, cidLength), version: 1, hasDigest: true }
  }
  try {
    const [cid] = CID.decodeFirst(bytes)
    return { bytes: cid.bytes, version: cid.version, hasDigest: cid.multihash.code === sha256Code }
  } catch (cause) {
    throw new DamagedArchiveError(`The archive is damaged at byte ${offset}: there is no block`, { offset, cause })
  }
}
