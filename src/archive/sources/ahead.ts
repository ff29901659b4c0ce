import { keyOf } from '../../blocks/digests.ts'
import type { Source, SourceBlock } from './source.ts'

/**
 * Gives a source of which blocks of archives themselves can be asked for, whatever it is. One that comes from its start is
 * read only as far as it is asked for: where it was written by us, these blocks come first. They are kept until it is closed.
 */
export function readAhead (source: Source): Source & Pick<Required<Source>, 'getMany'> {
  const kept = new Map<string, SourceBlock>()
  let batches: AsyncIterator<SourceBlock[]> | undefined

  const readOn = async (): Promise<boolean> => {
    batches ??= source.blocks!()[Symbol.asyncIterator]()
    const { done, value } = await batches.next()
    if (done === true) {
      return false
    }
    for (const block of value) {
      if (block.isIntact && block.digest != null && mayBeOfArchive(block.bytes)) kept.set(keyOf(block.digest), block)
    }
    return true
  }

  return {
    ...source,
    getMany: async function * (digests, options) {
      let wanted = digests
      do {
        const found = wanted.flatMap(digest => kept.get(keyOf(digest)) ?? [])
        if (found.length > 0) yield found
        wanted = wanted.filter(digest => !kept.has(keyOf(digest)))
      } while (wanted.length > 0 && source.blocks != null && await readOn())
      if (wanted.length > 0 && source.getMany != null) yield * source.getMany(wanted, options)
    },
    close: async () => {
      await batches?.return?.()
      await source.close()
    }
  }
}

/** Whether a block can be a root, a snapshot or a node, by its first byte: entries are maps of more fields, or byte strings. */
const mayBeOfArchive = ([first]: Uint8Array): boolean => first === 0x86 || (first > 0xa0 && first < 0xa7)
