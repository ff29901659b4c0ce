import { Command, Option } from 'commander'
import { CLIError, exitCodes } from './errors.ts'
import { onInterrupt } from './interrupt.ts'
import { createOutput } from './output.ts'
import type { LocationOptions } from './layout.ts'
import type { Output, OutputOptions } from './output.ts'
import type { Limits } from '../archive/limits.ts'
import type { ImportOptions } from '../index.ts'

/** What a command has to work with, besides its arguments and options. */
export interface Context {
  signal: AbortSignal
  output: Output
}

export interface CommandInfo {
  /** What it does, in a few words. */
  summary: string
  /** What a new user asks. */
  description: string
  /** What to type, and what that does. */
  examples: Array<[command: string, what: string]>
  /** What it exits with, besides 0, 1 and 2. */
  exits: Array<keyof typeof exitCodes>
  /** Whether it exits with 1 when it finds a difference, and with 2 for all else that fails, as diff does. */
  isDiff?: boolean
}

const exitMeanings: Record<keyof typeof exitCodes, string> = {
  ok: 'done',
  failed: 'something else failed: no permission, no space...',
  differs: 'there is a difference',
  usage: 'wrong use: an option, or a file that exists already',
  inUse: 'a running node uses the directories',
  notFound: 'no such file, directory or database',
  damaged: 'the archive is damaged, incomplete, none, or not valid; or the node lacks blocks',
  unsupported: "a type that is not OrbitDB's own, a newer format, or a store of a kind that can not be told",
  incomplete: 'some of the databases could not be backed up',
  needsBase: 'the archive has only what is new since others, which are needed besides'
}

/** A table of exit codes. */
export const formatExits = (exits: Array<keyof typeof exitCodes>): string => {
  const lines = exits.map(name => [exitCodes[name], exitMeanings[name]])
  return ['Exit codes:', ...[...lines, [130, 'interrupted by Ctrl-C']].map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`)].join('\n')
}

/** Creates a command, with the options and the help that all of them have. */
export function createCommand (name: string, { summary, description, examples, exits, isDiff = false }: CommandInfo): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .optionsGroup('Output:')
    .option('-q, --quiet', 'no progress bar, no notes, and no summary of what was done')
    .option('--json', 'print JSON, for scripts')
    .optionsGroup('')
    .addHelpText('after', [
      '\nExamples:',
      ...examples.flatMap(([command, what]) => [`  # ${what}`, `  ${command}`]),
      '',
      formatExits(isDiff ? ['ok', 'differs', 'usage', ...exits] : ['ok', 'failed', 'usage', ...exits])
    ].join('\n'))
}

/** Adds the options that say where a node is. */
export function withLocation (command: Command): Command {
  return command
    .optionsGroup('Where the node is:')
    .addOption(new Option('-d, --directory <path>', "the node's folder, where these are looked for").default('.'))
    .option('--blockstore <path>', 'where the blocks are (default: ipfs/blocks, blocks, ipfs/blockstore, blockstore or ipfs)')
    .option('--datastore <path>', 'where the pins are (default: ipfs/data, data, ipfs/datastore or datastore)')
    .option('--orbitdb <path>', 'the directory given to OrbitDB (default: orbitdb)')
    .option('--blockstore-options <options>', 'the options that the blockstore was made with, where they can not be told from what is in it: base=..., sublevel=..., prefixLength=..., extension=..., kind=level or kind=fs, with commas between them')
    .option('--datastore-options <options>', 'those of the datastore: sublevel=..., extension=..., kind=...')
    .optionsGroup('')
}

/** Adds an argument for values that can be given several times to those before it. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value]

/** Options of commands that read archives. */
export interface ArchiveOptions extends OutputOptions {
  root?: string
  limit?: string[]
  salvage?: boolean
}

/** Adds what commands that read archives take. */
export function withArchives (command: Command, what: string): Command {
  return withLimits(command)
    .argument('[archive...]', `the file or http(s) URL to ${what}, - or nothing for standard input; several where they belong together, as increments and what they are based on`)
    .option('--root <cid>', 'the root that the archive must have, as create prints it: of several archives, the one that is meant')
}

/** Options of commands that check entries. */
export interface VerifyOptions {
  verify: 'full' | 'signatures' | 'none'
}

/** What the choices are called in the library. */
export const verifyOptions: Record<VerifyOptions['verify'], ImportOptions['verify']> = { full: true, signatures: 'signatures', none: false }

/** Adds the option that says what to check of entries. */
export const withVerify = (command: Command, what: string): Command => {
  return command.addOption(new Option('--verify <what>', what).choices(Object.keys(verifyOptions)).default('full'))
}

/** Adds the option that takes what other tools have written. */
export function withSalvage (command: Command): Command {
  const hasRoot = command.options.some(({ long }) => long === '--root')
  return command.option('--salvage', `take blocks of a database without lists, as other tools write them: CAR files whose root is a manifest, files that are a block each, or folders of these. Nobody knows then whether anything newer is missing.${hasRoot ? ' --root is the CID of the manifest' : ''}`)
}

/** Adds the option that raises limits. */
export function withLimits (command: Command): Command {
  return command
    .optionsGroup('Limits:')
    .option('--limit <name=number>', 'raise a limit of what there may be in an archive, for one that you trust; can be given several times', collect)
    .optionsGroup('')
}

/** Whether a node is named, and not only where one is by default. */
export const isNodeNamed = (command: Command): boolean => ['directory', 'blockstore', 'orbitdb'].some(name => command.getOptionValueSource(name) === 'cli')

/** Checks the root that was given, if one was. */
export async function parseRoot (text?: string, what = `--root "${text}"`): Promise<string | undefined> {
  const { CID } = await import('multiformats/cid')
  try {
    return text == null ? undefined : CID.parse(text).toString()
  } catch (cause) {
    throw new CLIError('usage', `${what} is no CID: give the root as create prints it`, { cause })
  }
}

/** Reads the limits that were given. */
export async function parseLimits (texts: string[] = []): Promise<Partial<Limits>> {
  const { defaultLimits } = await import('../archive/limits.ts')
  return Object.fromEntries(texts.map(text => {
    const [, name, number] = /^(\w+)=(\d+)$/.exec(text) ?? []
    if (!Object.hasOwn(defaultLimits, name ?? '')) {
      throw new CLIError('usage', `--limit "${text}": give one of ${Object.entries(defaultLimits).map(([name, number]) => `${name}=${number}`).join(', ')}`)
    }
    return [name, Number(number)]
  }))
}

/** Options of commands on a node. */
export interface NodeOptions extends LocationOptions, OutputOptions {}

/**
 * Runs a command with what it needs, and cleans up after it.
 *
 * @param isAsked - whether its result is printed even when it is to be quiet
 */
export async function run (options: OutputOptions, fn: (context: Context) => Promise<void>, { isAsked = false } = {}): Promise<void> {
  const signal = onInterrupt()
  const output = createOutput(options, isAsked)
  try {
    await fn({ signal, output })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    output.stop()
  }
}
