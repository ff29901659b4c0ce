import { createCommand, parseLimits, run, withLimits, withSalvage } from '../command.ts'
import { dash, openDestination, openLoose, openSource } from '../files.ts'
import { formatSize } from '../output.ts'
import type { Context } from '../command.ts'
import type { OutputOptions } from '../output.ts'

interface MergeOptions extends OutputOptions {
  limit?: string[]
  output?: string
  force?: boolean
  salvage?: boolean
}

export const merge = withSalvage(withLimits(createCommand('merge', {
  summary: 'make one whole archive of several',
  description: `Merges archives to one that has all that any of them has: backups of replicas, or a backup and what is new since. Of each database, the log is the union of its logs.

Blocks are checked against their hashes. Whether what the archive holds is valid, verify tells.`,
  examples: [
    ['orbitdb-backup merge monday.car tuesday.car wednesday.car -o week.car', 'a backup and its increments'],
    ['orbitdb-backup merge alice.car bob.car -o both.car', 'backups of two replicas'],
    ['orbitdb-backup merge --salvage blocks/ -o posts.car', 'an archive of what another tool wrote']
  ],
  exits: ['notFound', 'damaged', 'unsupported', 'needsBase']
})))
  .argument('<archive...>', 'files or http(s) URLs, - for standard input')
  .option('-o, --output <file>', 'the file to write, - for standard output')
  .option('-f, --force', 'overwrite the file if it exists')
  .action((paths: string[], options: MergeOptions) => run(options, context => mergeArchives(paths, options, context)))

async function mergeArchives (paths: string[], { output: path, force = false, salvage = false, limit, json = false }: MergeOptions, { signal, output }: Context): Promise<void> {
  const destination = await openDestination(path, { force, json })
  const { source } = await (salvage ? openLoose : openSource)(paths, signal)
  const { mergeBackups } = await import('../../index.ts')
  const backup = mergeBackups([source], { salvage, onSalvage: ({ message }) => output.warn(message), limits: await parseLimits(limit), signal, onProgress: output.onProgress })
  const bytes = await destination.write(backup)
  const root = String(await backup.root)
  if (path !== dash) {
    output.result({ json: { output: path, root, bytes }, text: () => `${path}: ${formatSize(bytes)}, root ${root}` })
  }
}
