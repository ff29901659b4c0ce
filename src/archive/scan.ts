import { DamagedArchiveError } from './errors.ts'
import { createSnapshotReader } from './snapshots.ts'
import type { ArchivedBlock, ArchiveReader } from './car.ts'
import type { SnapshotReader } from './snapshots.ts'

/** What is done with the blocks of an archive as it is scanned. */
export interface Visitor {
  /**
   * Called with blocks, each once, but for those of the snapshots. Those that come before it is known
   * whether they are of the databases may turn out not to be.
   */
  visit: (blocks: ArchivedBlock[], snapshots: SnapshotReader) => void | Promise<void>
  /** Called with an error in a snapshot; throws it by default. */
  onInvalid?: (error: DamagedArchiveError) => void
  /** Called with the number of blocks and of bytes that have been read. */
  onRead: (blocks: number, bytes: number) => void
  signal?: AbortSignal
}

/** What is known after an archive was scanned. */
export interface Scan {
  snapshots: SnapshotReader
  /** Hashes of the blocks that are part of the databases. */
  links: Set<string>
  /** The bytes of blocks that came before it was known what they are. */
  early: Map<string, Uint8Array>
  /** Hashes of the blocks that came, and were intact. */
  seen: Set<string>
  /** Hashes of those that are no part of the databases. */
  extra: Set<string>
  /** Hashes of blocks that came and do not match them, and where these start. */
  damaged: Map<string, number>
}

/** Reads an archive without storing anything. */
export async function scanArchive (archive: ArchiveReader, { visit, onInvalid, onRead, signal }: Visitor): Promise<Scan> {
  const links = new Set<string>()
  const seen = new Set<string>()
  const extra = new Set<string>()
  const early = new Map<string, Uint8Array>()
  const damaged = new Map<string, number>()
  const snapshots = createSnapshotReader(archive.root, hashes => {
    for (const hash of hashes) {
      links.add(hash)
      extra.delete(hash)
    }
  })

  /** Adds a block of a snapshot, and those that came before it was known that they are such blocks. */
  const addSnapshotBlocks = (...blocks: Array<[hash: string, bytes: Uint8Array]>): void => {
    for (const [hash, bytes] of blocks) {
      try {
        snapshots.add(hash, bytes)
      } catch (error) {
        if (onInvalid == null || !(error instanceof DamagedArchiveError)) {
          throw error
        }
        onInvalid(error)
      }
      for (const next of early.size > 0 ? snapshots.pending() : []) {
        const bytes = early.get(next)
        if (bytes != null) {
          early.delete(next)
          extra.delete(next)
          blocks.push([next, bytes])
        }
      }
    }
  }

  for await (const batch of archive.blocks) {
    signal?.throwIfAborted()
    const others = []
    let bytes = 0
    for (const block of batch) {
      const { hash } = block
      bytes += block.length
      if (seen.has(hash)) {
        continue
      }
      if (block.isIntact === false) {
        damaged.set(hash, block.offset)
        continue
      }
      seen.add(hash)
      if (block.isIntact == null) {
        extra.add(hash)
        continue
      }
      if (snapshots.needs(hash)) {
        addSnapshotBlocks([hash, block.bytes])
        continue
      }
      if (!links.has(hash)) {
        extra.add(hash)
        if (!snapshots.isComplete()) {
          early.set(hash, block.bytes.slice())
        }
      }
      others.push(block)
    }
    await visit(others, snapshots)
    onRead(batch.length, bytes)
  }
  return { snapshots, links, early, seen, extra, damaged }
}
