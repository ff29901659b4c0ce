import { CID } from 'multiformats/cid'
import { toChunks } from './bytes.ts'
import { openCar } from './car.ts'
import { openPeers } from './peers.ts'
import { openSeveral } from './several.ts'
import { unwrap } from './version-2.ts'
import type { ArchiveSource } from './bytes.ts'
import type { Source } from './source.ts'
import type { Limits } from '../limits.ts'
import type { HeliaNode } from '../../core/index.ts'

export type { ArchiveSource } from './bytes.ts'

/**
 * Where a backup comes from: the bytes of an archive; the CID of a root, whose blocks are got from the node and its
 * peers; or several of these in any order, such as an archive and those that it is based on, or the parts of one.
 */
export type BackupSource = ArchiveSource | RootCID | { sources: ReadonlyArray<ArchiveSource | RootCID> }

/** A CID of multiformats, of any version of it. */
export interface RootCID {
  readonly code: number
  readonly version: number
  readonly bytes: Uint8Array
  readonly multihash: object
}

/** Options of opening a source. */
export interface SourceOptions {
  /** The node whose blocks, peers and gateways a CID is looked up with. */
  ipfs?: HeliaNode
  limits: Limits
  signal?: AbortSignal
  /** Get nothing from the network. */
  offline?: boolean
  /** How long to wait for a block from the network before giving up, in ms. */
  timeout?: number
  /** The most bytes to get from the network. */
  maxBytes?: number
}

/**
 * Opens a source.
 *
 * @throws TypeError when it is none.
 */
export async function openSource (source: BackupSource, options: SourceOptions): Promise<Source> {
  const cid = CID.asCID(source)
  if (cid != null) {
    return openPeers(cid, options)
  }
  if (isSeveral(source)) {
    return openSeveral(source.sources, options)
  }
  return openCar(unwrap(toChunks(source as ArchiveSource)), options.limits, options)
}

export const isSeveral = (source: object | null): source is { sources: Array<ArchiveSource | RootCID> } => {
  return Array.isArray((source as { sources?: unknown } | null)?.sources)
}
