import { UniversalReader } from 'cardex/universal'
import { check, decodeLength, openCar, toBlock, truncated } from './car.ts'
import { endsEarly, readParts, startLength } from './version-2.ts'
import { DamagedArchiveError } from '../errors.ts'
import { createDigestTable, digestLength } from '../../blocks/digests.ts'
import { cidLength } from '../../blocks/hashes.ts'
import type { Chunks } from './bytes.ts'
import type { RandomAccess } from './random-access.ts'
import type { ReadOptions, Source, SourceBlock } from './source.ts'
import type { Limits } from '../limits.ts'
import type { DigestTable } from '../../blocks/digests.ts'

/** How many bytes are read at once to find out where blocks are, and of a block whose length is not known. */
const windowLength = 2 ** 20
const guessLength = 2 ** 14

/** How many blocks are read side by side. */
const concurrency = 50

/** Where blocks are in a file. */
interface Index {
  digests: DigestTable
  /** Where the section of each starts, by the places in `digests`. */
  offsets: number[]
  /** Where others of the same hash start. */
  copies: Map<number, number[]>
}

const createIndex = (): Index => ({ digests: createDigestTable(), offsets: [], copies: new Map() })

function addTo ({ digests, offsets, copies }: Index, digest: Uint8Array, offset: number): void {
  if (digests.add(digest) >= 0) {
    offsets.push(offset)
    return
  }
  const place = digests.find(digest)
  const others = copies.get(place)
  others == null ? copies.set(place, [offset]) : others.push(offset)
}

/**
 * Opens a CAR file such that each of its blocks can be read by itself: by its own index where it is of version 2 and has
 * one (https://ipld.io/specs/transport/car/carv2/), or else after one pass over the starts of its sections.
 *
 * @throws EmptyArchiveError, NotAnArchiveError, ForeignArchiveError, TruncatedArchiveError or DamagedArchiveError
 */
export async function openIndexed (file: RandomAccess, limits: Limits, { signal }: ReadOptions = {}): Promise<Source> {
  const { data, index: ownIndex } = await unwrap(file, signal)
  const { headers, close } = await openCar(toChunks(data), limits, { signal })
  await close()
  const { digests, offsets, copies } = ownIndex == null ? await indexSections(data, limits, signal) : await readIndex(ownIndex, data, limits, signal)

  const readBlock = async (offset: number, signal?: AbortSignal): Promise<SourceBlock | undefined> => {
    let section = await data.read(offset, offset + guessLength, signal)
    const { length, prefixLength } = decodeLength(section)
    if (length === 0 || length > limits.blockBytes + cidLength) {
      throw noBlock(offset)
    }
    const end = prefixLength + length
    if (section.length < end && section.length === guessLength) {
      section = await data.read(offset, offset + end, signal)
    }
    if (section.length < end) {
      throw truncated(offset + section.length)
    }
    const block = toBlock(section.subarray(prefixLength, end), offset, end)
    return block.digest == null ? undefined : block
  }

  /** Finds an intact block among the others of the same hash. All of them are read only once. */
  const readCopy = async (place: number, signal?: AbortSignal): Promise<SourceBlock | undefined> => {
    for (const offset of copies.get(place) ?? []) {
      const block = await readBlock(offset, signal)
      const [checked] = block == null ? [] : await check([block])
      if (checked?.isIntact === true && digests.find(checked.digest!) === place) {
        offsets[place] = offset
        return checked
      }
    }
    copies.delete(place)
  }

  return {
    headers,
    size: data.size,
    isRepeatable: true,
    getMany: async function * (wanted, options = {}) {
      // In the order of the file, which is read from its start to its end then
      const sorted = wanted.filter(digest => digests.has(digest)).sort((a, b) => offsets[digests.find(a)] - offsets[digests.find(b)])
      for (let i = 0; i < sorted.length; i += concurrency) {
        const until = options.signal ?? signal
        const places = sorted.slice(i, i + concurrency).map(digest => digests.find(digest))
        const blocks = await check((await Promise.all(places.map(place => readBlock(offsets[place], until)))).filter(block => block != null))
        const intact = new Set(blocks.filter(({ isIntact }) => isIntact).map(({ digest }) => digests.find(digest!)))
        for (const place of places) {
          const copy = intact.has(place) ? undefined : await readCopy(place, until)
          if (copy != null) blocks.push(copy)
        }
        yield blocks
      }
    },
    close: async () => {}
  }
}

const noBlock = (offset: number): DamagedArchiveError => new DamagedArchiveError(`The archive is damaged at byte ${offset}: there is no block`, { offset })

/** A part of a file. */
const slice = (file: RandomAccess, start: number, length: number): RandomAccess => ({
  size: Math.max(0, Math.min(length, file.size - start)),
  read: (from, to, signal) => file.read(start + from, start + Math.min(to, length), signal)
})

const toChunks = (file: RandomAccess): Chunks => ({
  size: file.size,
  isRepeatable: true,
  async * [Symbol.asyncIterator] () {
    for (let at = 0; at < file.size; at += guessLength) yield await file.read(at, at + guessLength)
  }
})

/** The CAR file of version 1 that one of version 2 has in it, and its index; or the file itself. */
async function unwrap (file: RandomAccess, signal?: AbortSignal): Promise<{ data: RandomAccess, index?: RandomAccess }> {
  const parts = readParts(await file.read(0, startLength, signal))
  if (parts == null) {
    return { data: file }
  }
  const { dataOffset, dataSize, indexOffset } = parts
  if (dataOffset + dataSize > file.size || indexOffset > file.size) {
    throw endsEarly()
  }
  return { data: slice(file, dataOffset, dataSize), ...(indexOffset > 0 && { index: slice(file, indexOffset, file.size - indexOffset) }) }
}

/** Finds out where blocks are by reading the start of each. */
async function indexSections (file: RandomAccess, limits: Limits, signal?: AbortSignal): Promise<Index> {
  const index = createIndex()
  // The header is a section, too
  for (let at = 0, isHeader = true; at < file.size;) {
    const window = await file.read(at, at + windowLength, signal)
    const isLast = at + window.length >= file.size
    // But for the last one, a section is read only where its length and its CID are in the window
    const end = isLast ? window.length : window.length - cidLength - 8
    let i = 0
    while (i < end) {
      const { length, prefixLength } = decodeLength(window.subarray(i, i + 8))
      if (length === 0 || length > limits.blockBytes + cidLength) {
        throw noBlock(at + i)
      }
      const next = i + prefixLength + length
      if (isLast && next > window.length) {
        throw truncated(file.size)
      }
      if (!isHeader) {
        const { digest } = toBlock(window.subarray(i + prefixLength, next), at + i, prefixLength + length)
        if (digest != null) addTo(index, digest, at + i)
      }
      isHeader = false
      i = next
    }
    at += i
  }
  return index
}

/** Reads an index, in whatever form it is. */
async function readIndex (file: RandomAccess, data: RandomAccess, limits: Limits, signal?: AbortSignal): Promise<Index> {
  const index = createIndex()
  const most = limits.entries + limits.identities + limits.shared
  let at = 0
  const reader = UniversalReader.createReader({
    reader: {
      read: async () => {
        const value = await file.read(at, at + guessLength, signal)
        at += value.length
        return value.length === 0 ? { done: true } : { done: false, value }
      },
      cancel: async () => {},
      releaseLock: () => {}
    }
  })
  try {
    for (;;) {
      const item = await reader.read() as { done?: boolean, value?: { digest: Uint8Array, offset: number } }
      if (item.done === true || item.value == null) {
        return index
      }
      const { digest, offset } = item.value
      if (digest.length === digestLength && offset < data.size) addTo(index, digest, offset)
      if (index.offsets.length > most) throw new Error('it has more blocks than the limits allow')
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new DamagedArchiveError(`The index of the archive is damaged: ${(cause as Error).message}`, { cause })
  }
}
