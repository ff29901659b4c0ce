// Fills the disk while something is done, makes room again, and judges what is left
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyBackup } from '../../src/index.ts'
import { commands } from './cli.ts'
import { mountDisk } from './disk.ts'
import { judge } from './judge.ts'
import { scenarios, createTask } from './kill.ts'
import { names } from './nodes.ts'
import { runThroughFullDisk } from './process.ts'
import { runCLI } from '../cli/helpers.ts'
import type { Disk } from './disk.ts'
import type { Fixture } from './fixture.ts'
import type { Name } from './nodes.ts'

/** What is done while the disk gets full. */
export const jobs = ['import', 'restore', 'restore on a new node', 'restore beside appends', 'create beside appends'] as const

async function withDisk<Result> (fixture: Fixture, on: 'user' | 'empty', fn: (disk: Disk, directory: string) => Promise<Result>): Promise<Result> {
  const disk = await mountDisk(join(fixture.directory, 'disk'))
  try {
    const directory = join(disk.path, 'node')
    await cp(fixture[on], directory, { recursive: true })
    return await fn(disk, directory)
  } finally {
    await disk.unmount()
  }
}

/** Measures how much room a job takes, in bytes. */
export async function measureRoom (fixture: Fixture, name: string): Promise<number> {
  const scenario = scenarios[name]
  return withDisk(fixture, scenario.on, async (disk, directory) => {
    const before = await disk.used()
    const { state, error } = await runThroughFullDisk(createTask(fixture, scenario, directory), async () => {})
    if (state !== 'done') throw new Error(`The job "${name}" does not work: ${error}`)
    return await disk.used() - before
  })
}

/**
 * Does a job on a disk with so much room and no more; when it has failed, makes room, goes on in the same
 * process, ends that, and judges. Nothing that resolved may be gone, before and after there was room.
 */
export async function fillDisk (fixture: Fixture, name: string, room: number): Promise<{ state: string, error?: string, faults: string[] }> {
  const scenario = scenarios[name]
  return withDisk(fixture, scenario.on, async (disk, directory) => {
    await disk.leave(room)
    const { state, error, appended, again } = await runThroughFullDisk(createTask(fixture, scenario, directory), disk.makeRoom)
    const faults = await judge(directory, {
      fixture,
      before: scenario.on === 'user' ? fixture.before : undefined,
      appended,
      claimed: state === 'done' || again === true ? scenario.restores : []
    })
    return { state, error, faults }
  })
}

/** Has the command line restore on a disk with so much room. */
export async function restoreOnFullDisk (fixture: Fixture, room: number): Promise<string[]> {
  const command = commands['orbitdb-backup restore']
  return withDisk(fixture, command.on, async (disk, directory) => {
    await disk.leave(room)
    const { code } = await runCLI(command.args(directory, fixture))
    await disk.makeRoom()
    return judge(directory, { fixture, before: fixture.before, claimed: code === 0 ? names as readonly Name[] : [] })
  })
}

/** Has the command line back up to a disk with so much room. */
export async function createOnFullDisk (fixture: Fixture, room: number): Promise<string[]> {
  const disk = await mountDisk(join(fixture.directory, 'disk'))
  try {
    const file = join(disk.path, 'backup.car')
    await mkdir(join(fixture.directory, 'created'), { recursive: true })
    const directory = join(fixture.directory, 'created', 'node')
    await cp(fixture.user, directory, { recursive: true })
    await disk.leave(room)
    const { code } = await runCLI(['create', '--all', '-d', directory, '-o', file])
    await rm(directory, { recursive: true })
    const { readArchive } = await import('./fixture.ts')
    const bytes = await readArchive(file).catch(() => undefined)
    if (code !== 0) return bytes == null ? [] : ['a backup that failed left an archive']
    if (bytes == null) return ['there is no archive']
    const { problems } = await verifyBackup(bytes)
    return problems.length === 0 ? [] : [`the archive has problems: ${JSON.stringify(problems)}`]
  } finally {
    await disk.unmount()
  }
}
