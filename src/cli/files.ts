import { randomUUID } from 'node:crypto'
import { constants, createReadStream, open as openDescriptor, openAsBlob } from 'node:fs'
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { promisify } from 'node:util'
import { CLIError, notWritable } from './errors.ts'
import { describeKind, startLength } from './kinds.ts'
import { isWritable } from './stores/level.ts'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { ArchiveSource, Backup, BackupSource } from '../index.ts'

/** One archive to read, or several that belong together. */
export interface Source {
  source: BackupSource
  /** Undefined when it is not known, as of a pipe. */
  size?: number
  /** What to call it. */
  name: string
}

/** One of them. */
interface OneSource extends Source {
  source: ArchiveSource
}

/** What stands for standard input and output. */
export const dash = '-'

const chunkSize = 2 ** 20

/** Opens what other tools wrote, all files in folders included. */
export async function openLoose (paths: string[], signal: AbortSignal): Promise<Source> {
  const files = await Promise.all(paths.map(async path => {
    const isFolder = await stat(path).then(stats => stats.isDirectory(), () => false)
    if (!isFolder) {
      return [path]
    }
    const entries = await readdir(path, { withFileTypes: true, recursive: true })
    const level = entries.find(({ name }) => /^MANIFEST-\d+$/.test(name))
    if (level != null) {
      throw new CLIError('usage', `"${level.parentPath}" is a LevelDB, and not files that are a block each: back up the node that it is of, by create --directory, and give that archive`)
    }
    return entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)).sort()
  }))
  if (paths.length > 0 && files.flat().length === 0) {
    throw new CLIError('notFound', `No file is in "${paths.join('", "')}"`)
  }
  return { ...await openSource(files.flat(), signal, { isLoose: true }), name: paths.length === 0 ? 'standard input' : paths.join(' + ') }
}

interface SourceOptions {
  /** Whether it is what other tools wrote. */
  isLoose?: boolean
  /** What it may be, where that is not clear. */
  what?: string
}

/** Opens archives: standard input when none is named. */
export async function openSource (paths: string[], signal: AbortSignal, options: SourceOptions = {}): Promise<Source> {
  const opened = await Promise.all((paths.length === 0 ? [dash] : paths).map(path => openOne(path, options, signal)))
  if (opened.length === 1) {
    return opened[0]
  }
  const sizes = opened.map(({ size }) => size)
  return {
    source: { sources: opened.map(({ source }) => source) },
    size: sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + size!, 0),
    name: opened.map(({ name }) => name).join(' + ')
  }
}

/** Reads what comes as a stream into memory: it is read twice. */
export async function toBlobs (source: BackupSource): Promise<BackupSource> {
  const one = async (source: any): Promise<Blob> => {
    if (source instanceof Blob) {
      return source
    }
    const chunks: BlobPart[] = []
    for await (const chunk of source) chunks.push(chunk.slice())
    return new Blob(chunks)
  }
  return 'sources' in source ? { sources: await Promise.all(source.sources.map(one)) } : one(source)
}

async function openOne (path: string, { isLoose = false, what }: SourceOptions, signal: AbortSignal): Promise<OneSource> {
  if (path === dash) {
    if (process.stdin.isTTY) {
      throw new CLIError('usage', 'No archive is given: name a file, or pipe one in')
    }
    return { source: checkStart(addAbortSignal(signal, process.stdin)), name: 'standard input' }
  }
  if (/^https?:\/\//.test(path)) {
    return openURL(path, signal)
  }
  if (/^[a-z][a-z0-9+]+:\/\//.test(path)) {
    throw new CLIError('usage', `"${path}" is no http or https URL: get it with another program, and pipe it in`)
  }
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) {
      throw new CLIError('usage', `"${path}" is a directory: name the archives in it, such as ${join(path, '*.car')}; of a directory of a node, list shows the databases, and create backs them up`)
    }
    if (stats.isFIFO()) {
      return { source: checkStart(addAbortSignal(signal, await openPipe(path))), name: path }
    }
    if (!stats.isFile()) {
      return { source: checkStart(createReadStream(path, { highWaterMark: chunkSize, signal })), name: path }
    }
    // What other tools wrote may be beside anything else
    if (!isLoose) assertIsNoOther(await readStart(path), path)
    // A file can be read in any order
    return { source: await openAsBlob(path), size: stats.size, name: path }
  } catch (error) {
    if (!isCode(error, 'ENOENT')) {
      throw error
    }
    const hint = what ?? (await isCID(path) ? 'it is a CID, by which restoreBackup of the library restores. Here, give a file, or the URL of one' : undefined)
    throw new CLIError('notFound', `No file "${path}" is there${hint == null ? '' : `: ${hint}`}`, { cause: error })
  }
}

async function isCID (text: string): Promise<boolean> {
  const { CID } = await import('multiformats/cid')
  try {
    return CID.parse(text).toString() === text
  } catch {
    return false
  }
}

/** Gets an archive from a server. */
async function openURL (url: string, signal: AbortSignal): Promise<OneSource> {
  const response = await get(url, signal).catch(error => {
    throw signal.aborted ? signal.reason : new CLIError('failed', `Could not get ${url}: ${error.message === '' ? error.code : error.message}`, { cause: error })
  })
  const { statusCode = 0, statusMessage, headers } = response
  if (statusCode < 200 || statusCode > 299) {
    response.destroy()
    throw new CLIError(statusCode === 404 || statusCode === 410 ? 'notFound' : 'failed', `Could not get ${url}: the server answers "${statusCode} ${statusMessage}"`)
  }
  const length = Number(headers['content-length'] ?? NaN)
  return { source: checkStart(response), size: Number.isNaN(length) ? undefined : length, name: url }
}

/** How often a server may send on to another address. */
const maxRedirects = 10

/**
 * Asks a server for a file. Not by `fetch`: where the server closes the connection while nobody reads, as the stores of a node are being
 * opened, that ends the process in Node.js 22 and 24.
 */
async function get (url: string, signal: AbortSignal, redirects = 0): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { signal }, resolve).on('error', reject).end()
  })
  const { statusCode = 0, headers: { location } } = response
  if (statusCode < 300 || statusCode > 399 || location == null || redirects === maxRedirects) {
    return response
  }
  response.destroy()
  return get(new URL(location, url).href, signal, redirects + 1)
}

async function readStart (path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(startLength), 0, startLength, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Fails when the first bytes of an archive are those of another kind of file, and says what it is. */
function assertIsNoOther (start: Uint8Array, path?: string): void {
  const kind = describeKind(start, path)
  if (kind != null) {
    throw new CLIError('damaged', `${path == null ? 'Not' : `"${path}" is not`} an archive: it is ${kind}`)
  }
}

/** Opens a named pipe so that what waits for somebody to write to it can be interrupted. */
async function openPipe (path: string): Promise<Readable> {
  const fd = await promisify(openDescriptor)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/** Passes bytes on unless they are those of another kind of file, of which it says what it is. */
async function * checkStart (bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array[] | undefined = []
  let length = 0
  const check = (): Uint8Array[] => {
    const chunks = start!
    assertIsNoOther(Buffer.concat(chunks).subarray(0, startLength))
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
  write: (backup: Backup) => Promise<number>
}

/** Writes an archive piece by piece, and returns its size. */
async function writeCounted (backup: Backup, write: (bytes: Uint8Array) => Promise<void>): Promise<number> {
  let size = 0
  await backup.writeTo(bytes => {
    size += bytes.length
    return write(bytes)
  })
  return size
}

/**
 * Opens a place for an archive. A file gets its name when it is complete and on disk.
 *
 * @param force - whether to overwrite a file
 * @param json - whether standard output is for JSON
 */
export async function openDestination (path: string | undefined, { force, json }: { force: boolean, json: boolean }): Promise<Destination> {
  if (path == null || path === '') {
    throw new CLIError('usage', 'No file is given: name one with -o, -o - is standard output')
  }
  if (path === dash) {
    if (json) {
      throw new CLIError('usage', 'Standard output can be the archive or JSON, not both: write the archive to a file')
    }
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
    return { name: path, write: backup => writeTo(path, 'w', backup) }
  }
  const target = existing == null ? path : await realpath(path)
  const directory = dirname(target)
  const canWrite = await isWritable(directory).catch(error => {
    throw isCode(error, 'ENOENT') ? new CLIError('notFound', `No directory "${directory}" is there: make it first`, { cause: error }) : error
  })
  if (!canWrite) {
    throw notWritable(directory)
  }
  return { name: path, write: backup => writeFile(target, backup) }
}

async function writeToStdout (backup: Backup): Promise<number> {
  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => process.stdout.write(bytes, error => error == null ? resolve() : reject(error)))
  try {
    return await writeCounted(backup, write)
  } catch (error) {
    throw isCode(error, 'EPIPE') ? new CLIError('failed', 'What reads the archive from standard output stopped before its end', { cause: error }) : error
  }
}

async function writeTo (path: string, flags: string, backup: Backup, { sync = false } = {}): Promise<number> {
  const file = await open(path, flags)
  try {
    const size = await writeCounted(backup, bytes => file.writeFile(bytes))
    if (sync) {
      await file.sync()
    }
    return size
  } finally {
    await file.close()
  }
}

async function writeFile (path: string, backup: Backup): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    const size = await writeTo(temporary, 'wx', backup, { sync: true })
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
