import { untilAborted } from '../abort.ts'
import { SourceFailedError } from '../errors.ts'
import type { ArchiveSource } from './bytes.ts'

/** Bytes of which any part can be read. */
export interface RandomAccess {
  /** How many there are. */
  readonly size: number
  /** Some of them: fewer where they end before. */
  read (start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>
}

function fromBlob (blob: Blob): RandomAccess {
  return {
    size: blob.size,
    read: async (start, end, signal) => new Uint8Array(await untilAborted(blob.slice(start, end).arrayBuffer(), signal))
  }
}

/**
 * The bytes of a file on an HTTP server, of which parts are asked for.
 *
 * @throws SourceFailedError when the server does not answer, or sends no parts of files.
 */
async function fromURL (url: URL, signal?: AbortSignal): Promise<RandomAccess> {
  const failed = (why: string, cause?: unknown): SourceFailedError => new SourceFailedError(`Could not read the archive from ${url}: ${why}`, { cause })
  if (url.protocol === 'file:') {
    throw failed('it is a file. Give await openAsBlob(url), of node:fs')
  }
  const failBy = (signal?: AbortSignal) => (cause: Error & { cause?: { message?: string } }): never => {
    signal?.throwIfAborted()
    throw failed(cause.cause?.message ?? cause.message, cause)
  }
  const ask = async (start: number, end: number, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, signal }).catch(failBy(signal))
    if (response.status !== 206) {
      await response.body?.cancel()
      throw failed(response.ok ? 'the server sends no parts of files. Get all of it first' : `the server answers "${response.status} ${response.statusText}"`)
    }
    if (response.headers.get('content-encoding') != null) {
      await response.body?.cancel().catch(() => {})
      throw failed('the server compresses the parts of files that it sends. Get all of it first')
    }
    return response
  }
  const first = await ask(0, 1, signal)
  await first.body?.cancel()
  const size = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1])
  if (!Number.isSafeInteger(size)) {
    throw failed('the server does not say how large it is; to pages of another origin it has to expose the header Content-Range')
  }
  return {
    size,
    read: async (start, end, signal) => {
      const last = Math.min(end, size)
      return last <= start ? new Uint8Array(0) : new Uint8Array(await (await ask(start, last, signal)).arrayBuffer().catch(failBy(signal)))
    }
  }
}

/**
 * Gives random access to a source of bytes: to files as they are, where they are given as a Blob (`fs.openAsBlob`, or
 * a File of a browser) or as the URL of a server that sends parts. What can be read only once, as a stream, is read into memory.
 */
export async function toRandomAccess (source: ArchiveSource | URL, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<RandomAccess> {
  if (source instanceof URL) {
    return fromURL(source, signal)
  }
  if (source instanceof Blob) {
    return fromBlob(source)
  }
  const parts: BlobPart[] = []
  for await (const chunk of chunks) {
    signal?.throwIfAborted()
    parts.push(chunk as Uint8Array<ArrayBuffer>)
  }
  return fromBlob(new Blob(parts))
}
