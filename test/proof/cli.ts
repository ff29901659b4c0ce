// The command line, killed at its writes
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyBackup } from '../../src/index.ts'
import { readAll, runCLI } from '../cli/helpers.ts'
import { readArchive } from './fixture.ts'
import { judge } from './judge.ts'
import { names } from './nodes.ts'
import type { Fixture } from './fixture.ts'
import type { Point } from './kill.ts'

export interface Command {
  on: 'user' | 'empty'
  args: (directory: string, fixture: Fixture) => string[]
  judge: (directory: string, fixture: Fixture, isDone: boolean) => Promise<string[]>
}

interface ListedDatabase {
  name: string
  entries: number
  unfinished?: boolean
  accessControllerOf?: string[]
}

/** Judges what `list` says of a directory: of a database that has nothing in it, that its restore was not finished. */
async function judgeList (directory: string): Promise<string[]> {
  const { code, stdout, stderr } = await runCLI(['list', '-d', directory, '--json'])
  if (code !== 0) return (await readdir(directory)).length === 0 || /no blockstore/i.test(stderr) ? [] : [`list exits with ${code}: ${stderr}`]
  const { databases } = JSON.parse(stdout) as { databases: ListedDatabase[] }
  return databases
    .filter(({ entries, unfinished = false, accessControllerOf = [] }) => entries === 0 && !unfinished && accessControllerOf.length === 0)
    .map(({ name }) => `list shows "${name}", which has no entries`)
}

const judgeRestore = (on: 'user' | 'empty'): Command['judge'] => async (directory, fixture, isDone) => [
  ...await judgeList(directory),
  ...await judge(directory, { fixture, before: on === 'user' ? fixture.before : undefined, claimed: isDone ? names : [] })
]

const output = (directory: string): string => `${directory}.car`

/** A backup that is killed leaves the node as it was, and a whole archive or none. */
const judgeCreate: Command['judge'] = async (directory, { user }, isDone) => {
  const faults: string[] = []
  const [was, is] = [await readAll(user), await readAll(directory)]
  if (JSON.stringify(was) !== JSON.stringify(is)) faults.push('the backup has changed the node')
  const bytes = await readArchive(output(directory)).catch(() => undefined)
  if (bytes == null && isDone) faults.push('there is no archive')
  if (bytes != null) {
    const { problems } = await verifyBackup(bytes)
    if (problems.length > 0) faults.push(`the archive has problems: ${JSON.stringify(problems)}`)
  }
  await rm(output(directory), { force: true })
  return faults
}

export const commands: Record<string, Command> = {
  'orbitdb-backup restore': {
    on: 'user',
    args: (directory, { archive }) => ['restore', archive, '-d', directory],
    judge: judgeRestore('user')
  },
  'orbitdb-backup restore on a new node': {
    on: 'empty',
    args: (directory, { archive }) => ['restore', archive, '-d', directory, '--indexed'],
    judge: judgeRestore('empty')
  },
  'orbitdb-backup create': {
    on: 'user',
    args: directory => ['create', '--all', '-d', directory, '-o', output(directory)],
    judge: judgeCreate
  }
}

/** What to load first to have a command killed at a write, or its writes counted. */
export const preload = (query: string): string => `import ${JSON.stringify(`${import.meta.resolve('./kill-at-write.ts')}?${query}`)}`

/** Runs a command to its end, counts its writes, and measures how many milliseconds it takes. */
export async function measureCommand (fixture: Fixture, { on, args }: Command): Promise<{ writes: number, duration: number }> {
  const parent = await mkdtemp(join(fixture.directory, 'command-'))
  const directory = join(parent, 'node')
  await cp(fixture[on], directory, { recursive: true })
  const count = join(parent, 'count')
  const start = Date.now()
  const { code, stderr } = await runCLI(args(directory, fixture), { preload: preload(`count=${encodeURIComponent(count)}`) })
  const duration = Date.now() - start
  if (code !== 0) throw new Error(`The command does not work: ${stderr}`)
  const writes = Number(await readFile(count, 'utf8'))
  await rm(parent, { recursive: true })
  return { writes, duration }
}

/** Kills a command, and judges what it leaves. */
export async function killCommand (fixture: Fixture, { on, args, judge }: Command, point: Point): Promise<string[]> {
  const directory = await mkdtemp(join(fixture.directory, 'killed-'))
  await cp(fixture[on], directory, { recursive: true })
  const { code, stderr } = await runCLI(args(directory, fixture), 'write' in point
    ? { preload: preload(`n=${point.write}`) }
    : { onStart: child => setTimeout(() => child.kill('SIGKILL'), point.after) })
  if (code != null && code !== 0) return [`the command failed by itself: ${stderr}`]
  const faults = await judge(directory, fixture, code === 0)
  await rm(directory, { recursive: true })
  return faults
}
