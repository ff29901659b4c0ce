import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { constants, createReadStream, open as openDescriptor } from 'node:fs'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { CLIError, notWritable } from './errors.ts'
import { describeKind, startLength } from './kinds.ts'
import { isWritable } from './stores/level.ts'
import type { Readable } from 'node:stream'

/** An archive to read. */
export interface Source {
  bytes: AsyncIterable<Uint8Array>
  /** Undefined when it is not known, as of a pipe. */
  size?: number
  /** What to call it. */
  name: string
}

/** What stands for standard input and output. */
export const dash = '-'

const chunkSize = 2 ** 20

/** Opens an archive: standard input when there is no path. */
export async function openSource (path = dash, signal: AbortSignal): Promise<Source> {
  if (path === dash) {
    if (process.stdin.isTTY) {
      throw new CLIError('usage', 'No archive is given: name a file, or pipe one in')
    }
    return { bytes: checkStart(addAbortSignal(signal, process.stdin)), name: 'standard input' }
  }
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) {
      throw new CLIError('usage', `"${path}" is a directory, not an archive`)
    }
    if (stats.isFIFO()) {
      return { bytes: checkStart(addAbortSignal(signal, await openPipe(path))), name: path }
    }
    const stream = createReadStream(path, { highWaterMark: chunkSize, signal })
    await once(stream, 'open')
    return { bytes: checkStart(stream, path), size: stats.isFile() ? stats.size : undefined, name: path }
  } catch (error) {
    throw isCode(error, 'ENOENT') ? new CLIError('notFound', `No file "${path}" is there`, { cause: error }) : error
  }
}

/** Opens a named pipe so that what waits for somebody to write to it can be interrupted. */
async function openPipe (path: string): Promise<Readable> {
  const fd = await promisify(openDescriptor)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/**
 * Passes bytes on unless they are those of another kind of file, of which it says what it is.
 *
 * @param path - the path of the file, where it is one
 */
async function * checkStart (bytes: AsyncIterable<Uint8Array>, path?: string): AsyncGenerator<Uint8Array> {
  let start: Uint8Array[] | undefined = []
  let length = 0
  const check = (): Uint8Array[] => {
    const chunks = start!
    const kind = describeKind(Buffer.concat(chunks).subarray(0, startLength), path)
    if (kind != null) {
      throw new CLIError('damaged', `Not an archive: it is ${kind}`)
    }
    start = undefined
    return chunks
  }
  for await (const chunk of bytes) {
    if (start == null) {
      yield chunk
      continue
    }
    start.push(chunk)
    length += chunk.length
    if (length >= startLength) {
      yield * check()
    }
  }
  if (start != null) {
    yield * check()
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code

/** Where to write an archive. */
export interface Destination {
  /** What to call it. */
  name: string
  /** Writes all of an archive, or nothing, and returns its size. */
  write: (bytes: AsyncIterable<Uint8Array>) => Promise<number>
}

/** Passes bytes on, and counts them. */
function createCounter (): { size: number, count: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> } {
  const counter = {
    size: 0,
    async * count (bytes: AsyncIterable<Uint8Array>) {
      for await (const chunk of bytes) {
        counter.size += chunk.length
        yield chunk
      }
    }
  }
  return counter
}

/**
 * Opens a place for an archive. A file gets its name when it is complete and on disk.
 *
 * @param force - whether to overwrite a file
 */
export async function openDestination (path: string, { force }: { force: boolean }): Promise<Destination> {
  if (path === dash) {
    if (process.stdout.isTTY) {
      throw new CLIError('usage', 'An archive is no text for a terminal: name a file with -o, or pipe it to a program')
    }
    return { name: 'standard output', write: writeToStdout }
  }
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory()) {
    throw new CLIError('usage', `"${path}" is a directory: name a file in it`)
  }
  if (existing?.isFile() && !force) {
    throw new CLIError('usage', `"${path}" exists: name another file, or overwrite it with --force`)
  }
  if (existing != null && !existing.isFile()) {
    // A device or a pipe
    return { name: path, write: bytes => writeTo(path, 'w', bytes) }
  }
  const target = existing == null ? path : await realpath(path)
  const directory = dirname(target)
  const canWrite = await isWritable(directory).catch(error => {
    throw isCode(error, 'ENOENT') ? new CLIError('notFound', `No directory "${directory}" is there: make it first`, { cause: error }) : error
  })
  if (!canWrite) {
    throw notWritable(directory)
  }
  return { name: path, write: bytes => writeFile(target, bytes) }
}

async function writeToStdout (bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const counter = createCounter()
  try {
    await pipeline(counter.count(bytes), process.stdout)
  } catch (error) {
    throw isCode(error, 'EPIPE') ? new CLIError('failed', 'What reads the archive from standard output stopped before its end', { cause: error }) : error
  }
  return counter.size
}

async function writeTo (path: string, flags: string, bytes: AsyncIterable<Uint8Array>, { sync = false } = {}): Promise<number> {
  const counter = createCounter()
  const file = await open(path, flags)
  try {
    await file.writeFile(counter.count(bytes))
    if (sync) {
      await file.sync()
    }
  } finally {
    await file.close()
  }
  return counter.size
}

async function writeFile (path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    const size = await writeTo(temporary, 'wx', bytes, { sync: true })
    await rename(temporary, path)
    await syncDirectory(dirname(path))
    return size
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Writes the names in a directory to disk, where the platform can. */
async function syncDirectory (path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const directory = await open(path)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }
}
