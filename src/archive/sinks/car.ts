import { createWriter, headerLength } from '@ipld/car/buffer-writer'
import { CID } from 'multiformats/cid'
import { cidOf } from '../../blocks/cids.ts'
import { cidLength } from '../../blocks/hashes.ts'

/** The header of an archive with a root and the bases that it has. */
export function encodeHeader (digests: Uint8Array[]): Uint8Array {
  const roots = digests.map(digest => CID.decode(cidOf(digest)))
  return createWriter(new ArrayBuffer(headerLength({ roots })), { roots }).close()
}

/** A block to write. */
export interface WrittenBlock {
  digest: Uint8Array
  bytes: Uint8Array
}

/** Blocks as they are in an archive. */
export function encodeBlocks (blocks: WrittenBlock[], codec: 'dag-cbor' | 'raw'): Uint8Array {
  let length = 0
  for (const { bytes } of blocks) {
    length += prefixLength(bytes.length + cidLength) + cidLength + bytes.length
  }
  const all = new Uint8Array(length)
  let at = 0
  for (const { digest, bytes } of blocks) {
    let rest = bytes.length + cidLength
    for (; rest >= 128; rest = Math.floor(rest / 128)) all[at++] = rest % 128 | 128
    all[at++] = rest
    all.set(cidOf(digest, 0, codec), at)
    all.set(bytes, at + cidLength)
    at += cidLength + bytes.length
  }
  return all
}

/** How many bytes a varint has. */
function prefixLength (value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}
