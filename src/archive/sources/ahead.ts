import { createEarlyBlocks, overhead } from './early.ts'
import { LimitExceededError } from '../errors.ts'
import { keyOf } from '../../blocks/digests.ts'
import type { Limits } from '../limits.ts'
import type { Source, SourceBlock } from './source.ts'

export interface ReadAheadOptions {
  limits: Limits
  /** Opens the same source such that each of its blocks can be read by itself. */
  openRandomAccess: () => Promise<Source>
}

/**
 * Gives a source of which blocks of archives themselves can be asked for, whatever it is. One that comes from its start is
 * read only as far as it is asked for: where it was written by us, these blocks come first. They are kept until it is closed:
 * where that is more than the limit allows of what nobody asked for yet, it is read by single blocks instead, or refused.
 */
export function readAhead (source: Source, { limits, openRandomAccess }: ReadAheadOptions): Source & Pick<Required<Source>, 'getMany'> {
  const kept = new Map<string, SourceBlock>()
  /** Those that nobody asked for yet. */
  const early = createEarlyBlocks(limits)
  /** Copies that do not match their digests. */
  const damaged = new Map<string, SourceBlock>()
  let batches: AsyncIterator<SourceBlock[]> | undefined
  let isAtEnd = source.blocks == null
  /** What single blocks are read from, or why none can be. */
  let singly: Promise<Source> | undefined

  const readOn = async (wanted: ReadonlySet<string>): Promise<void> => {
    batches ??= source.blocks!()[Symbol.asyncIterator]()
    const { done, value } = await batches.next()
    if (done === true) {
      isAtEnd = true
      return
    }
    for (const block of value) {
      if (block.digest == null) continue
      const key = keyOf(block.digest)
      if (!block.isIntact) {
        damaged.set(key, { ...block, digest: block.digest.slice(), bytes: none })
        if (damaged.size * overhead > limits.earlyBytes) return readSingly()
      } else if (wanted.has(key)) {
        // Not a part of a chunk, all of which it would keep in memory
        kept.set(key, { ...block, digest: block.digest.slice(), bytes: block.bytes.slice() })
      } else if (!isEntry(block.bytes) && !kept.has(key) && !early.add(block.digest, block)) {
        return readSingly()
      }
    }
  }

  /** Has single blocks read from now on. */
  const readSingly = async (): Promise<void> => {
    singly ??= openSingly()
    await singly
  }

  const openSingly = async (): Promise<Source> => {
    if (!source.isRepeatable) {
      throw new LimitExceededError(
        `The archive has its blocks in an order in which more than ${limits.earlyBytes} bytes come before those that are needed. Read it from a file, or raise the option limits.earlyBytes`,
        { limit: 'earlyBytes' }
      )
    }
    early.clear()
    damaged.clear()
    await batches?.return?.()
    return openRandomAccess()
  }

  const find = (digest: Uint8Array): SourceBlock | undefined => {
    const key = keyOf(digest)
    const block = early.take(key)
    if (block != null) kept.set(key, block)
    return kept.get(key)
  }

  return {
    ...source,
    getMany: async function * (digests, options) {
      let wanted = digests
      for (;;) {
        const found = wanted.flatMap(digest => find(digest) ?? [])
        if (found.length > 0) yield found
        wanted = wanted.filter(digest => !kept.has(keyOf(digest)))
        if (wanted.length === 0) return
        if (isAtEnd || singly != null) break
        await readOn(new Set(wanted.map(digest => keyOf(digest))))
      }
      const copies = wanted.flatMap(digest => damaged.get(keyOf(digest)) ?? [])
      if (copies.length > 0) yield copies
      const others = await singly ?? source
      if (others.getMany != null) yield * others.getMany(wanted, options)
    },
    close: async () => {
      await batches?.return?.()
      await (await singly?.catch(() => undefined))?.close()
      await source.close()
    }
  }
}

const none = new Uint8Array(0)

/** Whether a block is an entry, by its first byte: a map of nine fields, or bytes where it is encrypted. */
const isEntry = ([first]: Uint8Array): boolean => first === 0xa9 || first >> 5 === 2
