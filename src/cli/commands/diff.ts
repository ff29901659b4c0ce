import { withArchived } from '../archived.ts'
import { collect, createCommand, isNodeNamed, parseLimits, run, withLimits, withLocation, withSalvage } from '../command.ts'
import { nameOf } from '../databases.ts'
import { CLIError, exitCodes, toCLIError } from '../errors.ts'
import { openLoose, openSource, toBlobs } from '../files.ts'
import { assertHasBlocks, findLayout } from '../layout.ts'
import { count, countEntries, formatSome } from '../output.ts'
import { shown } from '../text.ts'
import type { Command } from 'commander'
import type { Context, NodeOptions } from '../command.ts'
import type { BackupDifference, BackupSource, DatabaseDifference } from '../../index.ts'

interface DiffOptions extends NodeOptions {
  base?: string[]
  limit?: string[]
  salvage?: boolean
  hashes?: boolean
  all?: boolean
}

export const diff = withSalvage(withLocation(withLimits(createCommand('diff', {
  summary: 'compare two archives, or an archive with a node',
  description: `Tells what the second of two archives has that the first one does not, and the reverse; or, where a node is named with -d, --blockstore or --orbitdb, whether an archive is current, and what is missing in it. The node must be down. Of a node, the databases are compared that the archive has.

What both have is not read. What archives claim is compared, and not verified.

It exits with 0 when there is no difference, with 1 when there is one, and with 2 or more when it could not tell.`,
  examples: [
    ['orbitdb-backup diff posts.car -d ./node', 'is this backup current?'],
    ['orbitdb-backup diff monday.car tuesday.car', 'what was written on Tuesday?'],
    ['orbitdb-backup diff posts.car -d ./node --quiet || orbitdb-backup create posts -d ./node -f -o posts.car', 'back up only what has changed, in a script']
  ],
  exits: ['inUse', 'notFound', 'damaged', 'unsupported', 'needsBase'],
  isDiff: true
}))))
  .argument('<archive>', 'the file or http(s) URL to compare, - for standard input')
  .argument('[other]', 'the archive to compare it with, where that is not a node')
  .option('-b, --base <archive>', 'what the archives are based on, where they have only what is new since; can be given several times', collect)
  .option('-a, --all', 'compare all databases of the node, and not only those that the archive has')
  .option('--hashes', 'print the hashes of entries that only one of them has')
  .action((path: string, other: string | undefined, options: DiffOptions, command: Command) => run(options, async context => {
    try {
      await compare(path, other, options, isNodeNamed(command), context)
    } catch (error) {
      const { exitCode, message } = toCLIError(error)
      const hint = exitCode === exitCodes.needsBase ? ': name that with --base' : ''
      throw context.signal.aborted ? error : new CLIError(exitCode === exitCodes.failed ? 'usage' : exitCode, `${message}${hint}`, { cause: error })
    }
  }))

async function compare (path: string, other: string | undefined, options: DiffOptions, hasNode: boolean, context: Context): Promise<void> {
  if (hasNode === (other != null)) {
    throw new CLIError('usage', hasNode ? 'Either give two archives, or one and a node' : 'Give another archive to compare it with, or a node with -d')
  }
  const { signal, output } = context
  const { base = [], hashes = false, salvage = false } = options
  const limits = await parseLimits(options.limit)
  const open = async (path: string): Promise<BackupSource> => toBlobs((await (salvage ? openLoose : openSource)([path, ...base], signal)).source)
  const { diffBackups } = await import('../../index.ts')
  const settings = { hashes, salvage, limits, signal, onProgress: output.onProgress }
  const a = await open(path)
  const diffNode = async (): Promise<BackupDifference> => {
    const layout = await findLayout(options)
    assertHasBlocks(layout, options)
    return withArchived(a, layout, { all: options.all, salvage, limits, signal }, async (databases, others) => {
      if (databases.length === 0) {
        throw new CLIError('notFound', `None of the databases of the archive is in "${layout.orbitdb}": give OrbitDB's directory with --orbitdb`)
      }
      const difference = await diffBackups(a, databases, settings)
      if (others.length > 0) {
        const names = others.map(database => `"${shown(nameOf(database))}"`)
        output.warn(`${count(others.length, 'database')} of the node ${others.length === 1 ? 'is' : 'are'} not in the archive: ${formatSome(names)}. --all compares with these as well`)
      }
      return difference
    })
  }
  const difference = other == null
    ? await diffNode()
    : await diffBackups(a, await open(other), settings)
  output.result({ json: difference, text: () => describe(difference, hashes).join('\n') })
  if (!difference.isSame) process.exitCode = exitCodes.differs
}

const signs: Record<DatabaseDifference['state'], string> = { same: '=', changed: '~', new: '+', gone: '-' }

function describe ({ databases, isSame }: BackupDifference, hashes: boolean): string[] {
  const different = databases.filter(({ state }) => state !== 'same').length
  const lines = databases.flatMap(({ address, name, state, isAccess, entries, heads, writers }) => {
    const parts = [
      state === 'same' ? `${countEntries(entries.same)}, all the same` : `${countEntries(entries.new)} new, ${entries.gone} gone, ${entries.same} the same`,
      ...writers.new > 0 ? [`${count(writers.new, 'writer')} new`] : [],
      ...state === 'changed' && entries.new === 0 && entries.gone === 0 && (heads.new > 0 || heads.gone > 0) ? ['other heads'] : []
    ]
    const title = `${signs[state]} ${shown(name ?? address)}${isAccess ? ' (access controller)' : ''}: ${parts.join(', ')}, ${address}`
    return [title, ...hashes ? [...(entries.hashes?.new ?? []).map(hash => `  + ${hash}`), ...(entries.hashes?.gone ?? []).map(hash => `  - ${hash}`)] : []]
  })
  return [...lines, isSame ? 'no difference' : `${different} of ${count(databases.length, 'database')} ${different === 1 ? 'differs' : 'differ'}`]
}
