import { digestLength } from '../../blocks/digests.ts'

/*
 * The little of DAG-CBOR that the blocks of an archive are made of, read without building an object for
 * each link, and without recursion. What is not the one encoding of a value is refused.
 */

/** The major types of CBOR. */
const types = { uint: 0, bytes: 2, text: 3, array: 4, map: 5 } as const

type Type = keyof typeof types

const isNull = 0xf6
const isTrue = 0xf5

/** What a link starts with: tag 42, 37 bytes of which the first is 0, version 1, codec, sha2-256, 32 bytes. */
const linkStart = (codec: number): Uint8Array => Uint8Array.from([0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, codec, 0x12, 0x20])

const linkStarts = { raw: linkStart(0x55), 'dag-cbor': linkStart(0x71) }

/** The codec of what is linked. */
export type Codec = keyof typeof linkStarts

/** Bytes are not what they have to be. */
class MalformedError extends Error {}

const fail = (what: string): never => {
  throw new MalformedError(what)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Reads the values of a block one after the other, and throws when the next one is of another kind. */
export interface CBORReader {
  array (): number
  map (): number
  uint (): number
  text (): string
  /** The keys of a map have to come in a certain order: this is the next one. */
  key (name: string): void
  /** Whether the next key of a map is this one, which is read then. */
  hasKey (name: string): boolean
  /** The digest that a link names, or one by itself: a view. */
  link (codec: Codec): Uint8Array
  digest (): Uint8Array
  isLink (): boolean
  /** Whether null is next, which is read then. */
  hasNull (): boolean
  true (): void
  /** Nothing comes any more. */
  end (): void
  /** The block is not what it has to be. */
  refuse (): never
}

export function createReader (bytes: Uint8Array): CBORReader {
  let at = 0

  const readHead = (type: Type): number => {
    const first = bytes[at++]
    if (at > bytes.length || first >> 5 !== types[type]) {
      return fail(`no ${type}`)
    }
    const info = first & 31
    if (info < 24) {
      return info
    }
    const length = 1 << (info - 24)
    if (info > 27 || at + length > bytes.length) {
      return fail('no length')
    }
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + bytes[at++]
    const least = length === 1 ? 24 : 2 ** (4 * length)
    return value >= least && Number.isSafeInteger(value) ? value : fail('a number in another form')
  }

  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) {
      return fail('cut off')
    }
    at += length
    return bytes.subarray(at - length, at)
  }

  const startsWith = (start: Uint8Array): boolean => {
    for (let i = 0; i < start.length; i++) {
      if (bytes[at + i] !== start[i]) {
        return false
      }
    }
    return true
  }

  /** Reads what may be there, or nothing. */
  const takeIf = (start: Uint8Array): boolean => {
    const isThere = startsWith(start)
    if (isThere) at += start.length
    return isThere
  }

  const hasKey = (name: string): boolean => takeIf(encodeText(name))

  return {
    array: () => readHead('array'),
    map: () => readHead('map'),
    uint: () => readHead('uint'),
    text: () => decoder.decode(take(readHead('text'))),
    key: name => hasKey(name) || fail(`no ${name}`),
    hasKey,
    link: codec => takeIf(linkStarts[codec]) ? take(digestLength) : fail('no link'),
    digest: () => readHead('bytes') === digestLength ? take(digestLength) : fail('no digest'),
    isLink: () => bytes[at] === linkStarts.raw[0],
    hasNull: () => takeIf(Uint8Array.of(isNull)),
    true: () => takeIf(Uint8Array.of(isTrue)) || fail('not true'),
    end: () => at === bytes.length || fail('more'),
    refuse: () => fail('another value')
  }
}

/** Reads a block: undefined where it is not what it has to be. */
export function read<Value> (bytes: Uint8Array, decode: (reader: CBORReader) => Value): Value | undefined {
  try {
    const reader = createReader(bytes)
    const value = decode(reader)
    reader.end()
    return value
  } catch (error) {
    if (error instanceof MalformedError || error instanceof TypeError) {
      return undefined
    }
    throw error
  }
}

const headLength = (value: number): number => value < 24 ? 1 : value < 2 ** 8 ? 2 : value < 2 ** 16 ? 3 : value < 2 ** 32 ? 5 : 9

function encodeHead (type: Type, value: number): Uint8Array {
  const length = headLength(value)
  const bytes = new Uint8Array(length)
  bytes[0] = types[type] << 5 | (length === 1 ? value : 23 + Math.ceil(Math.log2(length)))
  let rest = value
  for (let i = length - 1; i > 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

function encodeText (text: string): Uint8Array {
  const bytes = encoder.encode(text)
  const head = encodeHead('text', bytes.length)
  const all = new Uint8Array(head.length + bytes.length)
  all.set(head)
  all.set(bytes, head.length)
  return all
}

/** Writes the values of a block one after the other. */
export interface CBORWriter {
  array (length: number): void
  map (size: number): void
  uint (value: number): void
  text (value: string): void
  /** Links to, or just names, the digest that starts at a byte. */
  link (codec: Codec, bytes: Uint8Array, at?: number): void
  digest (bytes: Uint8Array, at?: number): void
  null (): void
  true (): void
  /** All that was written. The writer begins anew. */
  finish (): Uint8Array
}

export function createWriter (): CBORWriter {
  let buffer = new Uint8Array(1024)
  let at = 0

  const reserve = (length: number): void => {
    if (at + length > buffer.length) {
      const larger = new Uint8Array(2 * (at + length))
      larger.set(buffer.subarray(0, at))
      buffer = larger
    }
  }
  const put = (bytes: Uint8Array, from = 0, length = bytes.length): void => {
    reserve(length)
    for (let i = 0; i < length; i++) buffer[at + i] = bytes[from + i]
    at += length
  }
  const putHead = (type: Type, value: number): void => {
    if (value < 24) {
      reserve(1)
      buffer[at++] = types[type] << 5 | value
    } else {
      put(encodeHead(type, value))
    }
  }

  return {
    array: length => putHead('array', length),
    map: size => putHead('map', size),
    uint: value => putHead('uint', value),
    text: value => put(encodeText(value)),
    link: (codec, bytes, from) => {
      put(linkStarts[codec])
      put(bytes, from, digestLength)
    },
    digest: (bytes, from) => {
      putHead('bytes', digestLength)
      put(bytes, from, digestLength)
    },
    null: () => put(Uint8Array.of(isNull)),
    true: () => put(Uint8Array.of(isTrue)),
    finish: () => {
      const bytes = buffer.slice(0, at)
      at = 0
      return bytes
    }
  }
}
