import { createCommand, parseLimits, parseRoot, run, withArchives, withSalvage } from '../command.ts'
import { CLIError } from '../errors.ts'
import { openLoose, openSource } from '../files.ts'
import { count, countDatabases, countEntries, formatRoots } from '../output.ts'
import { shown } from '../text.ts'
import type { ArchiveOptions, Context } from '../command.ts'

/** What is missing is missing in the archive, and there is no node here to look for it. */
const inArchive = (message: string): string => message.replace(/(" is missing): it is not on this node.*$/s, '$1')

// How many findings are printed, of each kind
const maxFindings = 20

export const verify = withSalvage(withArchives(createCommand('verify', {
  summary: 'check all of an archive',
  description: 'Checks everything in an archive that can be checked without a node: that every block matches its hash, that nothing is missing and nothing is there besides, that every entry is signed by an identity that may write, where the access controller is one of OrbitDB\'s own. It tells all that is wrong, and writes nothing.',
  examples: [
    ['orbitdb-backup verify posts.car', 'check a file'],
    ['gunzip < all.car.gz | orbitdb-backup verify', 'check what a program writes'],
    ['orbitdb-backup verify --quiet posts.car && rsync posts.car backup:', 'check it in a script']
  ],
  exits: ['notFound', 'damaged', 'unsupported', 'needsBase']
}), 'check'))
  .action((paths: string[], options: ArchiveOptions) => run(options, context => verifyArchive(paths, options, context)))

async function verifyArchive (paths: string[], { root: cid, limit, salvage = false }: ArchiveOptions, { signal, output }: Context): Promise<void> {
  const limits = await parseLimits(limit)
  const root = await parseRoot(cid)
  const { source, size, name } = await (salvage ? openLoose : openSource)(paths, signal)
  output.expect({ bytes: size })
  const { verifyBackup } = await import('../../archive/verify/index.ts')
  const report = await verifyBackup(source, { root, limits, salvage, signal, onProgress: output.onProgress })

  const { roots, ok, needs, databases, problems, unchecked } = report
  const isIncomplete = needs.length > 0 && problems.length === 0
  // An increment of which its base is all
  const isEmpty = isIncomplete && roots.every(root => needs.includes(root))
  const list = (title: string, findings: Array<{ message: string }>): string[] => [
    ...findings.slice(0, maxFindings).map(({ message }) => `${title}: ${shown(inArchive(message), 500)}`),
    ...findings.length > maxFindings ? [`${title}: ... and ${count(findings.length - maxFindings, 'other')}, --json lists them all`] : []
  ]
  const own = databases.filter(({ isAccess }) => !isAccess)
  const entries = own.reduce((sum, { entries }) => sum + entries, 0)
  output.result({
    json: report,
    text: () => [
      ...list('problem', problems),
      ...list('not checked', unchecked),
      `${name}: ${ok ? 'valid' : isEmpty ? 'nothing new' : isIncomplete ? `incomplete: needs ${needs.join(', ')}` : 'not valid'}, ${isEmpty ? '' : `${countDatabases(own.length, databases.length - own.length)}, ${countEntries(entries)}, `}${formatRoots(roots)}`
    ].join('\n')
  })
  if (isIncomplete) {
    throw new CLIError('needsBase', isEmpty
      ? `The archive has nothing of its own, as nothing was new since ${needs.join(', ')}: give that as well, to check both`
      : `The archive has only what is new since ${needs.join(', ')}: give that as well, to check both`)
  }
  if (!ok) {
    throw new CLIError('damaged', `The archive is not valid: ${inArchive(problems[0].message)}${problems.length > 1 ? `, and ${count(problems.length - 1, 'other problem')}` : ''}`)
  }
}
