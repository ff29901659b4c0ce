import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { formatExits } from './command.ts'
import { create } from './commands/create.ts'
import { dump } from './commands/dump.ts'
import { diff } from './commands/diff.ts'
import { inspect } from './commands/inspect.ts'
import { list } from './commands/list.ts'
import { merge } from './commands/merge.ts'
import { patch } from './commands/patch.ts'
import { restore } from './commands/restore.ts'
import { snapshot } from './commands/snapshot.ts'
import { verify } from './commands/verify.ts'
import { CLIError, exitCodes, toCLIError } from './errors.ts'
import { oneLine } from './text.ts'
import type { Option } from 'commander'

const commands = [create, restore, verify, inspect, list, dump, diff, merge, snapshot, patch]

const { version } = createRequire(import.meta.url)('orbitdb-backup/package.json')

const program = new Command('orbitdb-backup')
  .description("Back up OrbitDB databases to CAR files, and restore them: in a node's directories, while the node is down. " +
    'It uses no network, unless an archive is named by its URL, and needs no configuration for the usual layouts.')
  .version(version)
  .addHelpText('after', `
Examples:
  orbitdb-backup list                          # which databases are here?
  orbitdb-backup create posts -o posts.car     # back one up
  orbitdb-backup verify posts.car              # is the file whole, and is everything signed?
  orbitdb-backup restore posts.car -d ../new   # restore it on another node

${formatExits((Object.keys(exitCodes) as Array<keyof typeof exitCodes>).filter(name => name !== 'differs'))}`)

for (const command of [program, ...commands]) {
  command.exitOverride().configureOutput({ outputError: () => {} })
}
for (const command of commands) {
  // In its help, its own come first: sorting keeps the order of those of a group
  const groups = ['', 'Where the node is:', 'Limits:', 'Output:']
  const groupOf = ({ helpGroupHeading = '' }: Option): number => groups.indexOf(helpGroupHeading)
  ;(command.options as Option[]).sort((a, b) => groupOf(a) - groupOf(b))
  program.addCommand(command)
}

let isFailed = false

/** Tells what went wrong first. */
function fail (error: unknown): void {
  if (isFailed) return
  isFailed = true
  const { exitCode, message } = toCLIError(error)
  process.exitCode = exitCode
  process.stderr.write(`error: ${oneLine(message)}\n`)
}

// Who reads the output may stop, as `head` does
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') fail(error)
})
process.stderr.on('error', () => {})

const [major] = process.versions.node.split('.').map(Number)

try {
  if (major < 22) {
    throw new CLIError('failed', `Node.js 22 or newer is needed, this is ${process.versions.node}`)
  }
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.code === 'commander.help') {
    // No command was given, and the help was shown
    process.exitCode = exitCodes.usage
  } else if (!(error instanceof CommanderError && error.exitCode === 0)) {
    fail(error)
  }
}
