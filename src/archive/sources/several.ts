import { openSource } from './index.ts'
import { keyOf } from '../../blocks/digests.ts'
import type { BackupSource, SourceOptions } from './index.ts'
import type { Source } from './source.ts'

/** Opens several sources as one: archives and their bases, or the parts of one archive. */
export async function openSeveral (sources: readonly BackupSource[], options: SourceOptions, open = openSource): Promise<Source> {
  if (sources.length === 0) {
    throw new TypeError('Could not read the archive: there is no source')
  }
  const results = await Promise.allSettled(sources.map(source => open(source, options)))
  const opened = results.filter(result => result.status === 'fulfilled').map(({ value }) => value)
  const failed = results.find(result => result.status === 'rejected')
  if (failed != null) {
    await Promise.all(opened.map(source => source.close()))
    throw failed.reason
  }
  const headers = opened.flatMap(({ headers }) => headers)
  const streams = opened.filter(({ blocks }) => blocks != null)
  const others = opened.filter(({ getMany }) => getMany != null)

  /** Those that have the roots first, then their bases, latest first, so that it is known early what blocks are. */
  const sorted = (): Source[] => {
    const ranks = new Map<string, number>()
    for (const [first, ...bases] of headers) {
      if (first != null) ranks.set(keyOf(first), bases.length)
    }
    const rankOf = ({ headers: [header = []] }: Source): number => header.length === 0 ? Infinity : ranks.get(keyOf(header[0])) ?? 0
    return streams.toSorted((a, b) => rankOf(b) === rankOf(a) ? 0 : rankOf(b) - rankOf(a))
  }

  return {
    headers,
    size: streams.length > 0 && streams.every(({ size }) => size != null) ? streams.reduce((sum, { size }) => sum + size!, 0) : undefined,
    isRepeatable: streams.every(({ isRepeatable }) => isRepeatable),
    ...(streams.length > 0 && {
      blocks: async function * (readOptions) {
        for (const source of sorted()) {
          yield * source.blocks!(readOptions)
        }
      }
    }),
    ...(others.length > 0 && {
      getMany: async function * (digests, readOptions) {
        let wanted = digests
        // The network is asked for what is nowhere else
        for (const source of others.toSorted((a, b) => Number(a.isRemote ?? false) - Number(b.isRemote ?? false))) {
          const found = new Set<string>()
          for await (const blocks of wanted.length === 0 ? [] : source.getMany!(wanted, readOptions)) {
            for (const { digest, isIntact } of blocks) {
              if (digest != null && isIntact) found.add(keyOf(digest))
            }
            yield blocks
          }
          wanted = wanted.filter(digest => !found.has(keyOf(digest)))
        }
      }
    }),
    close: async () => {
      await Promise.all(opened.map(source => source.close()))
    }
  }
}
