import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { cidLength, isOfDagCbor } from './hashes.ts'
import type { CIDBytes } from './blocks.ts'

// The start of a link in DAG-CBOR: tag 42
const tag = 0xd8
const linkTag = 0x2a

/** Whether bytes have somewhere what a link in DAG-CBOR starts with. */
function hasLinkTag (bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(tag); at !== -1; at = bytes.indexOf(tag, at + 1)) {
    if (bytes[at + 1] === linkTag) {
      return true
    }
  }
  return false
}

function isLinking (value: unknown): boolean {
  return value != null && typeof value === 'object' && !(value instanceof Uint8Array) &&
    (CID.asCID(value) != null || Object.values(value).some(isLinking))
}

/** Whether a block has links to others, or may have for all that is known. */
export function hasLinks (cid: CIDBytes, bytes: Uint8Array): boolean {
  if (cid.length !== cidLength || !isOfDagCbor(cid)) {
    return true
  }
  try {
    return hasLinkTag(bytes) && isLinking(dagCbor.decode(bytes))
  } catch {
    return true
  }
}
