import { CID } from 'multiformats/cid'
import { cidLength } from './hashes.ts'
import { digestLength } from './digests.ts'
import type { CIDBytes } from './blocks.ts'

const codecs = { 'dag-cbor': 0x71, raw: 0x55 } as const

/** The CID of a block of a codec that has a digest, which starts at a byte. */
export function cidOf (digests: Uint8Array, at = 0, codec: keyof typeof codecs = 'dag-cbor'): CIDBytes {
  const cid = new Uint8Array(cidLength)
  cid[0] = 0x01
  cid[1] = codecs[codec]
  cid[2] = 0x12
  cid[3] = 0x20
  for (let i = 0; i < digestLength; i++) cid[4 + i] = digests[at + i]
  return cid
}

/** The digest in the bytes of a CID: undefined when it is not one of SHA2-256. */
export function digestOf (cid: CIDBytes): Uint8Array | undefined {
  if (isShort(cid)) {
    return cid.subarray(4, cidLength)
  }
  const { multihash: { code, digest } } = CID.decode(cid)
  return code === 0x12 && digest.length === digestLength ? digest : undefined
}

/** Whether bytes start with a CID of version 1 with a codec of one byte and a digest of SHA2-256. */
export const isShort = (bytes: Uint8Array): boolean => {
  return bytes.length >= cidLength && bytes[0] === 0x01 && bytes[1] < 0x80 && bytes[2] === 0x12 && bytes[3] === 0x20
}
