import * as dagCbor from '@ipld/dag-cbor'
import { DamagedArchiveError, hashOfDigest } from './errors.ts'

export { dagCbor }

/** Decodes a DAG-CBOR block. */
export function decodeBlock ({ digest, bytes }: { digest: Uint8Array, bytes: Uint8Array }): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch (cause) {
    const hash = hashOfDigest(digest)
    throw new DamagedArchiveError(`Block "${hash}" is not one of DAG-CBOR`, { code: 'block-invalid', hash, cause })
  }
}
