// Takes away what a machine that loses its power may lose: what no store has synced to the disk
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { judge } from './judge.ts'
import { createTask, scenarios } from './kill.ts'
import { cut, findLogFiles } from './leveldb.ts'
import { runAndKill } from './process.ts'
import { syncedFile } from './writes.ts'
import type { Fixture } from './fixture.ts'
import type { Random } from './random.ts'

/** What is left of each log file that loses something: sizes by paths. */
export type Loss = Record<string, number>

/** A directory after something was done in it, and how much of its log files may be lost. */
export interface Scene {
  directory: string
  name: string
  /** The log files that have writes which were not synced: the least that is left of them, and where each write ends. */
  files: Array<{ path: string, synced: number, size: number, ends: number[] }>
  isDone: boolean
}

/** Does a job, up to a write or to its end, and kills its process. */
export async function createScene (fixture: Fixture, name: string, stopAt?: number): Promise<Scene> {
  const scenario = scenarios[name]
  const directory = await mkdtemp(join(fixture.directory, 'scene-'))
  await cp(fixture[scenario.on], directory, { recursive: true })
  // What was written long ago is on the disk
  const synced = new Map((await findLogFiles(directory)).map(({ path, size }) => [path, size]))
  const [{ state, error }] = await runAndKill([{ ...createTask(fixture, scenario, directory), stopAt, notesSyncs: true }])
  if (state === 'failed') throw new Error(`The job "${name}" does not work: ${error}`)
  const notes = await readFile(syncedFile(directory), 'utf8').catch(() => '')
  for (const line of notes.split('\n').filter(line => line !== '')) {
    const { path, size } = JSON.parse(line) as { path: string, size: number }
    synced.set(path, size)
  }
  const files = (await findLogFiles(directory)).map(({ path, size, ends }) => ({
    path: relative(directory, path),
    size,
    synced: synced.get(path) ?? 0,
    ends: ends.filter(end => end > (synced.get(path) ?? 0))
  }))
  return { directory, name, files: files.filter(({ synced, size }) => synced < size), isDone: state === 'done' }
}

/** The losses to try: all that can be lost; of each file all, each of its last writes, and half a write; and random ones of all files. */
export function planLosses ({ files }: Scene, { below, pick }: Random, random: number): Loss[] {
  const losses: Loss[] = [Object.fromEntries(files.map(({ path, synced }) => [path, synced]))]
  for (const { path, synced, ends, size } of files) {
    for (const end of [synced, ...ends.slice(0, -1)]) losses.push({ [path]: end })
    const last = ends.at(-2) ?? synced
    losses.push({ [path]: last + Math.floor((size - last) / 2) })
  }
  for (let i = 0; i < random; i++) {
    losses.push(Object.fromEntries(files.map(({ path, synced, size, ends }) => {
      return [path, below(3) === 0 ? synced + below(size - synced + 1) : pick([synced, size, ...ends])]
    })))
  }
  return losses
}

/** Has a copy of a scene lose something, and judges it. */
export async function lose (fixture: Fixture, { directory, name }: Scene, loss: Loss): Promise<string[]> {
  const copy = await mkdtemp(join(fixture.directory, 'lost-'))
  await cp(directory, copy, { recursive: true })
  for (const [path, size] of Object.entries(loss)) await cut(join(copy, path), size)
  const faults = await judge(copy, { fixture, before: scenarios[name].on === 'user' ? fixture.before : undefined, isPower: true })
  await rm(copy, { recursive: true })
  return faults
}
