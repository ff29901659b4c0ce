// CAR files of version 2, which have one of version 1 in them: https://ipld.io/specs/transport/car/carv2/
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { DamagedArchiveError, TruncatedArchiveError } from '../errors.ts'
import type { Chunks } from './bytes.ts'

/** What each of them starts with: the length and the CBOR of `{ version: 2 }`. */
const pragma = Uint8Array.from([0x0a, 0xa1, 0x67, ...new TextEncoder().encode('version'), 0x02])

/** How many bytes tell where everything is. */
export const startLength = pragma.length + 40

/** Where the parts of a file of version 2 are, in bytes. */
interface Parts {
  dataOffset: number
  dataSize: number
  /** 0 where it has no index. */
  indexOffset: number
}

export const endsEarly = (): TruncatedArchiveError => {
  return new TruncatedArchiveError('The archive is truncated: it ends before the CAR file of version 1 that is in it does')
}

const mayBeVersion2 = (start: Uint8Array): boolean => equals(start.subarray(0, pragma.length), pragma.subarray(0, start.length))

/**
 * Reads where the parts of a file are.
 *
 * @param start - its first bytes, `startLength` where there are so many
 * @returns Undefined when the file is not of version 2.
 */
export function readParts (start: Uint8Array): Parts | undefined {
  if (start.length < pragma.length || !mayBeVersion2(start)) {
    return
  }
  if (start.length < startLength) {
    throw endsEarly()
  }
  const fields = new DataView(start.buffer, start.byteOffset + pragma.length + 16)
  const [dataOffset, dataSize, indexOffset] = [0, 8, 16].map(at => Number(fields.getBigUint64(at, true)))
  if (dataOffset < startLength) {
    throw new DamagedArchiveError(`The archive is damaged: its header has the CAR file of version 1 that is in it at byte ${dataOffset}`)
  }
  // As it is before all of it was written
  if (dataSize === 0) {
    throw endsEarly()
  }
  return { dataOffset, dataSize, indexOffset }
}

/** The bytes of the CAR file of version 1 in those of one of version 2; all others as they are. */
export function unwrap (chunks: Chunks): Chunks {
  return {
    ...chunks,
    async * [Symbol.asyncIterator] () {
      let start: Uint8Array | undefined = new Uint8Array(0)
      let skip = 0
      let left = Infinity
      for await (const chunk of chunks) {
        let bytes = chunk
        if (start != null) {
          bytes = start.length === 0 ? chunk : concat([start, chunk])
          if (bytes.length < startLength && mayBeVersion2(bytes)) {
            start = bytes
            continue
          }
          start = undefined
          const { dataOffset, dataSize } = readParts(bytes) ?? { dataOffset: 0, dataSize: Infinity }
          skip = dataOffset
          left = dataSize
        }
        const from = Math.min(skip, bytes.length)
        const part = bytes.subarray(from, from + left)
        skip -= from
        left -= part.length
        if (part.length > 0) yield part
        // What follows is its index
        if (left === 0) return
      }
      if (start != null) {
        readParts(start)
        yield start
      } else if (left < Infinity) {
        throw endsEarly()
      }
    }
  }
}
