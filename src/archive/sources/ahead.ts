import { keyOf } from '../../blocks/digests.ts'
import type { Source, SourceBlock } from './source.ts'

/**
 * Gives a source of which blocks of archives themselves can be asked for, whatever it is. One that comes from its start is
 * read only as far as it is asked for: where it was written by us, these blocks come first. They are kept until it is closed.
 */
export function readAhead (source: Source): Source & Pick<Required<Source>, 'getMany'> {
  const kept = new Map<string, SourceBlock>()
  /** Copies that do not match their digests. */
  const damaged = new Map<string, SourceBlock>()
  let batches: AsyncIterator<SourceBlock[]> | undefined

  const readOn = async (wanted: ReadonlySet<string>): Promise<boolean> => {
    batches ??= source.blocks!()[Symbol.asyncIterator]()
    const { done, value } = await batches.next()
    if (done === true) {
      return false
    }
    for (const block of value) {
      if (block.digest == null) continue
      const key = keyOf(block.digest)
      if (!block.isIntact) damaged.set(key, { ...block, bytes: none })
      else if (!isEntry(block.bytes) || wanted.has(key)) kept.set(key, block)
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
      } while (wanted.length > 0 && source.blocks != null && await readOn(new Set(wanted.map(digest => keyOf(digest)))))
      const copies = wanted.flatMap(digest => damaged.get(keyOf(digest)) ?? [])
      if (copies.length > 0) yield copies
      if (wanted.length > 0 && source.getMany != null) yield * source.getMany(wanted, options)
    },
    close: async () => {
      await batches?.return?.()
      await source.close()
    }
  }
}

const none = new Uint8Array(0)

/** Whether a block is an entry, by its first byte: a map of nine fields, or bytes where it is encrypted. */
const isEntry = ([first]: Uint8Array): boolean => first === 0xa9 || first >> 5 === 2
