import { createWriter, headerLength } from '@ipld/car/buffer-writer'
import { CID } from 'multiformats/cid'
import { cidOf } from '../../blocks/cids.ts'
import { digestLength } from '../../blocks/digests.ts'
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

/** Blocks to write one after the other. */
export interface WrittenRun {
  /** Their digests, one after the other. */
  digests: Uint8Array
  blocks: Uint8Array[]
}

/** The blocks of a run, which are kept for longer than it. */
export const toBlocks = ({ digests, blocks }: WrittenRun): WrittenBlock[] => {
  return blocks.map((bytes, i) => ({ digest: digests.slice(i * digestLength, (i + 1) * digestLength), bytes: bytes.slice() }))
}

/** Blocks as they are in an archive. */
export function encodeBlocks (blocks: WrittenBlock[], codec: 'dag-cbor' | 'raw'): Uint8Array {
  const digests = new Uint8Array(blocks.length * digestLength)
  for (const [i, { digest }] of blocks.entries()) digests.set(digest, i * digestLength)
  return encodeRun({ digests, blocks: blocks.map(({ bytes }) => bytes) }, codec)
}

/**
 * A run of blocks as it is in an archive.
 *
 * @param allocate - gives the bytes that it is written to
 */
export function encodeRun ({ digests, blocks }: WrittenRun, codec: 'dag-cbor' | 'raw', allocate = (length: number) => new Uint8Array(length)): Uint8Array {
  let length = 0
  for (const bytes of blocks) {
    length += prefixLength(bytes.length + cidLength) + cidLength + bytes.length
  }
  const all = allocate(length)
  const cid = cidOf(digests, 0, codec)
  let at = 0
  for (let i = 0; i < blocks.length; i++) {
    const bytes = blocks[i]
    let rest = bytes.length + cidLength
    for (; rest >= 128; rest = Math.floor(rest / 128)) all[at++] = rest % 128 | 128
    all[at++] = rest
    const start = cidLength - digestLength
    for (let j = 0; j < start; j++) all[at + j] = cid[j]
    for (let j = 0; j < digestLength; j++) all[at + start + j] = digests[i * digestLength + j]
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
