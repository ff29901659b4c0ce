import { openCar } from '../sources/car.ts'
import { toChunks } from '../sources/bytes.ts'
import { isSeveral } from '../sources/index.ts'
import { unwrap } from '../sources/version-2.ts'
import { assertWithin } from '../limits.ts'
import { keyOf } from '../../blocks/digests.ts'
import { sha256 } from '../../blocks/sha256.ts'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import type { ArchiveSource } from '../sources/bytes.ts'
import type { BackupSource } from '../sources/index.ts'
import type { Limits } from '../limits.ts'

/** A block that was found. */
export interface FoundBlock {
  digest: Uint8Array
  bytes: Uint8Array
}

/**
 * Reads all blocks of CAR files, and of files that are one block each, into memory, by the keys of their digests. What
 * does not match its hash is left out.
 */
export async function readLoose (source: BackupSource, limits: Limits, signal?: AbortSignal): Promise<Map<string, FoundBlock>> {
  const found = new Map<string, FoundBlock>()
  for (const one of isSeveral(source) ? source.sources : [source]) {
    if (CID.asCID(one) != null) {
      throw new TypeError('Could not salvage: a CID does not tell which entries there are. Give the blocks')
    }
    const bytes = await readBytes(one as ArchiveSource, signal)
    if (!isCar(bytes)) {
      assertWithin(limits, 'blockBytes', bytes.length, 'The bytes of a file that is a block')
      const digest = await sha256(bytes)
      found.set(keyOf(digest), { digest, bytes })
      continue
    }
    const car = await openCar(unwrap(toChunks(bytes)), limits, { signal })
    try {
      for await (const blocks of car.blocks!({ signal })) {
        for (const { digest, bytes, isIntact } of blocks) {
          if (digest != null && isIntact) found.set(keyOf(digest), { digest: digest.slice(), bytes })
        }
      }
    } finally {
      await car.close()
    }
  }
  return found
}

async function readBytes (source: ArchiveSource, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of toChunks(source)) {
    signal?.throwIfAborted()
    chunks.push(chunk)
  }
  return concat(chunks)
}

/** Whether bytes start as a CAR file does: with the length of its header, which is a map with the key `roots` or `version`. */
function isCar (bytes: Uint8Array): boolean {
  let at = 0
  while (at < 8 && bytes[at] >= 128) at++
  const start = String.fromCharCode(...bytes.subarray(at + 1, at + 10))
  return /^[\xa1\xa2](eroots|gversion)/.test(start)
}
