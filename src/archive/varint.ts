const maxVarintLength = 8

/** Encodes a number as an unsigned varint. */
export function encodeVarint (value: number): Uint8Array {
  const bytes = []
  while (value > 127) {
    bytes.push((value & 127) | 128)
    value = Math.floor(value / 128)
  }
  bytes.push(value)
  return Uint8Array.from(bytes)
}

/**
 * Reads an unsigned varint: undefined when there are too few bytes. One that is longer than any
 * number that can be exact reads as infinity.
 */
export function readVarint (bytes: Uint8Array, start: number): { value: number, end: number } | undefined {
  let value = 0
  for (let i = start; i < bytes.length; i++) {
    if (i - start === maxVarintLength) {
      return { value: Infinity, end: i }
    }
    value += (bytes[i] & 127) * 128 ** (i - start)
    if (bytes[i] < 128) {
      return { value, end: i + 1 }
    }
  }
}
