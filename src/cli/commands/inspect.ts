import { createCommand, parseLimits, parseRoot, run, withArchives, withSalvage } from '../command.ts'
import { countAccess } from '../databases.ts'
import { openLoose, openSource } from '../files.ts'
import { count, countDatabases, countEntries, formatRoots } from '../output.ts'
import { shown } from '../text.ts'
import type { ArchiveOptions, Context } from '../command.ts'
import type { DatabaseSummary } from '../../index.ts'

export const inspect = withSalvage(withArchives(createCommand('inspect', {
  summary: 'show what is in an archive',
  description: 'Shows what is in an archive: its root, and of each database the address, name, type, entries and writers. It shows what the archive claims, and reads its beginning only, where that is enough; whether all of it is there, signed and allowed is what `verify` checks.',
  examples: [
    ['orbitdb-backup inspect posts.car', 'what is in a file?'],
    ["orbitdb-backup inspect --json posts.car | jq -r '.databases[].address'", 'the addresses, in a script']
  ],
  exits: ['notFound', 'damaged', 'unsupported']
}), 'read'))
  .action((paths: string[], options: ArchiveOptions) => run(options, context => inspectArchive(paths, options, context), { isAsked: true }))

async function inspectArchive (paths: string[], { root: cid, limit, salvage = false }: ArchiveOptions, { signal, output }: Context): Promise<void> {
  const limits = await parseLimits(limit)
  const root = await parseRoot(cid)
  const { source, size, name } = await (salvage ? openLoose : openSource)(paths, signal)
  output.expect({ bytes: size })
  const { inspectBackup } = await import('../../archive/inspect.ts')
  const summary = await inspectBackup(source, { root, limits, salvage, onSalvage: ({ message }) => output.warn(message), signal, onProgress: output.onProgress })
  const { roots, bases, version, databases } = summary
  output.result({
    json: summary,
    text: () => [
      `${name}: ${countDatabases(databases.length, countAccess(databases.map(({ address, accessController: access }) => ({ address, access }))))}, format ${version}, ${formatRoots(roots)}${bases.length > 0 ? `, only what is new since ${bases.join(', ')}${databases.some(({ name }) => name == null) ? ', which tells what is unknown here' : ''}` : ''}`,
      ...databases.map(formatDatabase)
    ].join('\n\n')
  })
}

function formatDatabase ({ address, name, type, entries, heads, writers, isUnread, clock, accessController }: DatabaseSummary): string {
  const lines = [
    ['address', shown(address)],
    ['type', shown(type ?? 'unknown')],
    ['entries', `${countEntries(entries)}, ${count(heads, 'head')}${clock == null ? '' : `, clock ${clock.first} to ${clock.last}`}`],
    ['writers', `${writers.map(id => shown(id)).join(', ') || 'unknown'}${isUnread && writers.length > 0 ? ', and unknown ones' : ''}`],
    ...isUnread ? [['encrypted', 'some entries can not be read without a key']] : [],
    ...accessController == null ? [] : [['access', `database ${shown(accessController.address)}, ${countEntries(accessController.entries)}`]]
  ]
  return [shown(name ?? address), ...lines.map(([key, value]) => `  ${key.padEnd(10)}${value}`)].join('\n')
}
