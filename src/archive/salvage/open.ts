import { openSalvaged } from './index.ts'
import type { Salvaged, SalvageOptions } from './index.ts'
import type { RootLike } from '../roots.ts'
import type { BackupSource, SourceOptions } from '../sources/index.ts'
import type { Source } from '../sources/source.ts'

export interface OpenOrSalvageOptions extends SourceOptions, SalvageOptions {
  /** Whether it is blocks without lists. */
  salvage?: boolean
  /** Called with what was found among these. */
  onSalvage?: (salvaged: Salvaged) => void
}

/**
 * Opens a source, or what can be salvaged of it.
 *
 * @param open - how it is opened where it is an archive
 * @returns It, and the root of the archive that is asked for: of what was salvaged, none has to be named.
 */
export async function openOrSalvage<From extends BackupSource | URL> (
  source: From,
  open: (source: From, options: SourceOptions) => Promise<Source>,
  { salvage = false, onSalvage, root, encryption, ...options }: OpenOrSalvageOptions
): Promise<{ opened: Source, root?: RootLike }> {
  if (!salvage) {
    return { opened: await open(source, options), root }
  }
  const opened = await openSalvaged(source as BackupSource, { root, encryption, ...options })
  onSalvage?.(opened.salvaged)
  return { opened }
}
