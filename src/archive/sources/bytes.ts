/** Where the bytes of an archive can come from. */
export type ArchiveSource =
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Blob
  | ReadableStream<Uint8Array>
  | Response

/** The bytes of an archive, whose memory is not used for anything else. */
export interface Chunks extends AsyncIterable<Uint8Array> {
  /** How many there are, where that is known. */
  readonly size?: number
  /** Whether they can be read again. */
  readonly isRepeatable: boolean
}

/** Whether the memory of a chunk is not used again, as far as is known: a stream of an app may do that. */
function areChunksKept (source: ArchiveSource): boolean {
  const { ReadStream } = globalThis.process?.getBuiltinModule?.('node:fs') ?? {}
  return source instanceof Blob || (ReadStream != null && source instanceof ReadStream)
}

const isIterable = (source: object): source is Iterable<Uint8Array> | AsyncIterable<Uint8Array> => {
  return Symbol.asyncIterator in source || Symbol.iterator in source
}

/** Reads a stream, also where streams can not be iterated over. */
async function * read (reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
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

/** What somebody gave who did not give bytes. */
function describe (source: unknown): string {
  if (typeof source === 'string') {
    return 'a string. Of a file give await openAsBlob(path), of a URL await fetch(url), of a root CID.parse(root)'
  }
  return source instanceof Promise ? 'a promise. Await it first' : source === null ? 'null' : `of type ${typeof source}`
}

function toIterable (source: ArchiveSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) {
    return [source]
  }
  if (source instanceof Blob) {
    return { [Symbol.asyncIterator]: () => read(source.stream().getReader()) }
  }
  if (source instanceof Response) {
    if (!source.ok) {
      throw new TypeError(`Could not read the archive: the response is "${source.status} ${source.statusText}"`)
    }
    return source.body == null ? [] : toIterable(source.body)
  }
  if (source != null && typeof source === 'object') {
    if ('getReader' in source) {
      // At once: Node.js cancels the body of a response that was collected as garbage, unless somebody has a reader of it
      return read(source.getReader())
    }
    if (isIterable(source)) {
      return source
    }
  }
  throw new TypeError(`Could not read the archive: not a source of bytes, but ${describe(source)}`)
}

/**
 * The chunks of a source of bytes.
 *
 * @throws TypeError when it is none.
 */
export function toChunks (source: ArchiveSource): Chunks {
  const chunks = toIterable(source)
  const areKept = areChunksKept(source)
  return {
    size: source instanceof Uint8Array ? source.length : source instanceof Blob ? source.size : undefined,
    isRepeatable: source instanceof Uint8Array || source instanceof Blob || Array.isArray(source),
    async * [Symbol.asyncIterator] () {
      for await (const chunk of chunks) {
        if (!(chunk instanceof Uint8Array)) {
          throw new TypeError('Could not read the archive: a chunk of it is not a Uint8Array')
        }
        yield areKept ? chunk : new Uint8Array(chunk)
      }
    }
  }
}
