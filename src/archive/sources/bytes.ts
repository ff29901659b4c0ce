/** Where the bytes of an archive can come from. */
export type ArchiveSource =
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Blob
  | ReadableStream<Uint8Array>
  | Response

/** The bytes of an archive. */
export interface Chunks extends AsyncIterable<Uint8Array> {
  /** How many there are, where that is known. */
  readonly size?: number
  /** Whether they can be read again. */
  readonly isRepeatable: boolean
}

const isIterable = (source: object): source is Iterable<Uint8Array> | AsyncIterable<Uint8Array> => {
  return Symbol.asyncIterator in source || Symbol.iterator in source
}

/** Reads a stream where streams can not be iterated over. */
async function * readStream (stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        return
      }
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

/** Reads the body of a response, and keeps the response until then: Node.js cancels the body of one that was collected as garbage. */
async function * readBody (response: Response): AsyncGenerator<Uint8Array> {
  if (response.body != null) yield * toIterable(response.body)
}

function toIterable (source: ArchiveSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) {
    return [source]
  }
  if (source instanceof Blob) {
    return { [Symbol.asyncIterator]: () => readStream(source.stream()) }
  }
  if (source instanceof Response) {
    if (!source.ok) {
      throw new TypeError(`Could not read the archive: the response is "${source.status} ${source.statusText}"`)
    }
    return readBody(source)
  }
  if (source != null && typeof source === 'object') {
    if (isIterable(source)) {
      return source
    }
    if (typeof (source as ReadableStream).getReader === 'function') {
      return readStream(source)
    }
  }
  throw new TypeError('Could not read the archive: not a source of bytes')
}

/**
 * The chunks of a source of bytes.
 *
 * @throws TypeError when it is none.
 */
export function toChunks (source: ArchiveSource): Chunks {
  const chunks = toIterable(source)
  return {
    size: source instanceof Uint8Array ? source.length : source instanceof Blob ? source.size : undefined,
    isRepeatable: source instanceof Uint8Array || source instanceof Blob || Array.isArray(source),
    async * [Symbol.asyncIterator] () {
      for await (const chunk of chunks) {
        if (!(chunk instanceof Uint8Array)) {
          throw new TypeError('Could not read the archive: a chunk of it is not a Uint8Array')
        }
        yield chunk
      }
    }
  }
}
