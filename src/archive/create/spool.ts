import { createScratch } from './scratch.ts'
import { encodeRun } from '../sinks/car.ts'
import { digestLength } from '../../blocks/digests.ts'
import type { Allocate } from './scratch.ts'
import type { FileHandle } from 'node:fs/promises'

/** Blocks that were read one after the other. */
interface Run {
  start: number
  blocks: Uint8Array[]
}

/** A run that is in the file. */
interface KeptRun {
  position: number
  length: number
  blocks: number
  /** How many bytes these have by themselves. */
  bytes: number
}

/** A piece of an archive. */
export interface Piece extends Omit<KeptRun, 'position' | 'length'> {
  encoded: Uint8Array
}

/**
 * Keeps entries that are read to find out what is in a log until they are written: as they will be in the archive, in a
 * temporary file that has no name any more, so that it goes with the process. Reading them once more from the node takes
 * longer. It keeps as many as there is ample room for; in browsers none.
 */
export interface Spool {
  /** Passes entries on, which are given by their digests, and keeps them. */
  keep (digests: Uint8Array, runs: AsyncIterable<Run>): AsyncGenerator<Run>
  /**
   * What was kept of these: the first entries of all, or none.
   *
   * @param allocate - gives the bytes that each piece is read to
   */
  read (digests: Uint8Array, allocate?: Allocate): AsyncGenerator<Piece>
  close (): Promise<void>
}

/** How many bytes are kept, at most, where nothing else is said. */
const defaultMaxBytes = 2 ** 30

/** How many times the room is needed that the entries take: the archive may have to go to the same disk. */
const ampleRoom = 4

/** The type of a file system that is in memory, on Linux. */
const tmpfs = 0x01021994

/** Creates one that keeps entries of so many bytes at most. */
export function createSpool (maxBytes = defaultMaxBytes): Spool {
  const node = globalThis.process?.getBuiltinModule?.('node:fs/promises')
  const kept = new Map<Uint8Array, KeptRun[]>()
  let file: Promise<FileHandle | undefined> | undefined
  let end = 0
  let isFull = node?.open == null
  let writing: Promise<void> = Promise.resolve()
  const allocateToWrite = createScratch()

  const open = async (): Promise<FileHandle | undefined> => {
    const path = `${directory()}/orbitdb-backup-${crypto.randomUUID()}`
    const opened = await node!.open(path, 'wx+', 0o600)
    try {
      await node!.rm(path)
      return opened
    } catch (error) {
      // Where what is open can not be removed
      await opened.close()
      await node!.rm(path, { force: true })
      throw error
    }
  }

  const hasRoomFor = async (bytes: number): Promise<boolean> => {
    const { type, bavail, bsize } = await node!.statfs(directory())
    return type !== tmpfs && bavail * bsize > ampleRoom * bytes
  }

  const write = async (encoded: Uint8Array, runs: KeptRun[], run: Omit<KeptRun, 'position' | 'length'>): Promise<void> => {
    try {
      file ??= open()
      await (await file)!.writeFile(encoded)
      runs.push({ ...run, position: end, length: encoded.length })
      end += encoded.length
    } catch {
      // They are read once more then
      isFull = true
    }
  }

  return {
    keep: async function * (digests, runs) {
      const keptRuns: KeptRun[] = []
      kept.set(digests, keptRuns)
      try {
        for await (const run of runs) {
          const bytes = run.blocks.reduce((sum, { length }) => sum + length, 0)
          if (run.start === 0 && !isFull) {
            const expected = bytes / run.blocks.length * digests.length / digestLength
            isFull = !await hasRoomFor(end + expected).catch(() => false)
          }
          await writing
          isFull ||= end + bytes > maxBytes
          if (!isFull) {
            const some = digests.subarray(run.start * digestLength, (run.start + run.blocks.length) * digestLength)
            writing = write(encodeRun({ digests: some, blocks: run.blocks }, 'raw', allocateToWrite), keptRuns, { blocks: run.blocks.length, bytes })
          }
          yield run
        }
      } finally {
        await writing
      }
    },
    read: async function * (digests, allocate = length => new Uint8Array(length)) {
      for (const { position, length, ...run } of kept.get(digests) ?? []) {
        const encoded = allocate(length)
        for (let at = 0; at < length;) {
          const { bytesRead } = await (await file)!.read(encoded, at, length - at, position + at)
          if (bytesRead === 0) throw new Error('Could not read a temporary file to its end')
          at += bytesRead
        }
        yield { encoded, ...run }
      }
    },
    close: async () => {
      isFull = true
      await writing
      await (await file?.catch(() => undefined))?.close()
      file = undefined
    }
  }
}

const directory = (): string => globalThis.process.getBuiltinModule('node:os').tmpdir()
