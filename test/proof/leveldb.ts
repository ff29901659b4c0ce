/**
 * LevelDB's log files, in which a store's latest writes are. A file is blocks of 32 KiB; in each are records of
 * a checksum (4 bytes), a length (2), a type (1) and data; a write is one record, or a first, some middle and a last one.
 */
import { readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

const blockSize = 32768
const headerSize = 7
const types = { zero: 0, full: 1, first: 2, middle: 3, last: 4 }

/** Where each write of a log file ends, in bytes from its start. */
export function findWrites (bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const ends: number[] = []
  let at = 0
  while (at + headerSize <= bytes.length) {
    const left = blockSize - at % blockSize
    if (left < headerSize) {
      at += left
      continue
    }
    const length = view.getUint16(at + 4, true)
    const type = bytes[at + 6]
    if (type === types.zero || at + headerSize + length > bytes.length) break
    at += headerSize + length
    if (type === types.full || type === types.last) ends.push(at)
  }
  return ends
}

/** A log file of a store. */
export interface LogFile {
  path: string
  size: number
  ends: number[]
}

/** Finds the log files of all LevelDBs below a directory. */
export async function findLogFiles (directory: string): Promise<LogFile[]> {
  const names = await readdir(directory, { recursive: true })
  const paths = names.filter(name => /(^|\/)\d+\.log$/.test(name)).map(name => join(directory, name))
  return Promise.all(paths.sort().map(async path => {
    const bytes = await readFile(path)
    return { path, size: bytes.length, ends: findWrites(bytes) }
  }))
}

/** The sizes of the log files of a LevelDB. */
export async function sizesOfLogFiles (location: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {}
  for (const name of await readdir(location)) {
    if (/^\d+\.log$/.test(name)) {
      const path = join(location, name)
      sizes[path] = (await stat(path)).size
    }
  }
  return sizes
}

export const cut = (path: string, size: number): Promise<void> => truncate(path, size)
