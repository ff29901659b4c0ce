import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'

/** The CID of a block. Helia has a copy of CID of its own, of other types. */
export const toCID = (hash: string): any => CID.parse(hash, base58btc)
