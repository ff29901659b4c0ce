// The temporary directories of a benchmark.
import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killAll } from './processes.ts'
import type { Dataset } from '../dataset.ts'

/** Where a way is run once. */
export interface Place {
  source: string
  artifact: string
  target: string
  remove: () => Promise<void>
}

export interface Workspace {
  directory: string
  /** Makes a place, with a copy of a dataset. */
  createPlace: (dataset: Dataset) => Promise<Place>
}

/** The directories of a node in a dataset. */
const parts = ['ipfs', 'orbitdb']

/** Gives a function a directory, and removes it however it ends. */
export async function withWorkspace<Result> (use: (workspace: Workspace) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-benchmark-'))
  const interrupt = (signal: NodeJS.Signals): void => {
    killAll()
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, interrupt)
  try {
    return await use({ directory, createPlace: dataset => createPlace(directory, dataset) })
  } finally {
    killAll()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    for (const signal of signals) process.off(signal, interrupt)
  }
}

async function createPlace (parent: string, dataset: Dataset): Promise<Place> {
  const directory = await mkdtemp(join(parent, 'run-'))
  const [source, artifact, target] = ['source', 'artifact', 'target'].map(name => join(directory, name))
  await mkdir(artifact)
  await mkdir(target)
  for (const part of parts) {
    await cp(join(dataset.directory, part), join(source, part), { recursive: true })
  }
  return { source, artifact, target, remove: () => rm(directory, { recursive: true, force: true }) }
}

/** The bytes of a node's files in a dataset. */
export async function nodeSizeOf ({ directory }: Dataset): Promise<number> {
  const sizes = await Promise.all(parts.map(part => sizeOf(join(directory, part))))
  return sizes.reduce((sum, size) => sum + size)
}

/** The bytes of all files in a directory. */
export async function sizeOf (directory: string): Promise<number> {
  let size = 0
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) {
      size += (await stat(join(entry.parentPath, entry.name))).size
    }
  }
  return size
}
