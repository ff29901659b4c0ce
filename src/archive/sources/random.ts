import { CID } from 'multiformats/cid'
import { toChunks } from './bytes.ts'
import { openIndexed } from './indexed.ts'
import { isSeveral } from './index.ts'
import { openPeers } from './peers.ts'
import { openSeveral } from './several.ts'
import { toRandomAccess } from './random-access.ts'
import type { ArchiveSource } from './bytes.ts'
import type { BackupSource, SourceOptions } from './index.ts'
import type { Source } from './source.ts'

/**
 * Opens a source such that each of its blocks can be read by itself, and has `getMany`.
 *
 * @throws TypeError when it is none.
 */
export async function openRandomAccess (source: BackupSource | URL, options: SourceOptions): Promise<Source> {
  const cid = CID.asCID(source)
  if (cid != null) {
    return openPeers(cid, options)
  }
  if (isSeveral(source)) {
    return openSeveral(source.sources, options, openRandomAccess)
  }
  const bytes = source as ArchiveSource | URL
  const file = await toRandomAccess(bytes, bytes instanceof URL ? [] as never : toChunks(bytes), options.signal)
  return openIndexed(file, options.limits, options)
}
