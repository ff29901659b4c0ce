// Programs that do what OrbitDB's users could do, too.
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createText, keep } from './dataset.ts'
import type { Dataset } from './dataset.ts'

/**
 * Runs a program.
 *
 * @param input - what it is given to read
 * @throws Error when it fails.
 */
export async function run (command: string, args: string[], input: Iterable<string> = []): Promise<void> {
  const ended = promisify(execFile)(command, args)
  await Promise.all([ended, pipeline(Readable.from(input), ended.child.stdin!)])
}

/** Copies the directories of a node to another, which is made. */
export async function copyNode (from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await run('cp', ['-r', join(from, 'ipfs'), join(from, 'orbitdb'), to])
}

const branch = 'refs/heads/main'

/** The commits for `git fast-import`: each writes a file anew, which is as large as an entry. */
function * toCommits ({ entries, entryBytes }: Dataset): Generator<string> {
  for (let i = 0; i < entries; i++) {
    yield `commit ${branch}\ncommitter Writer <writer@example.com> ${i} +0000\ndata 0\nM 100644 inline file\ndata ${entryBytes}\n${createText(i, entryBytes)}\n`
  }
}

/** Gives a repository of the size of a dataset: the one that is kept beside it, or a new one. */
export const getRepository = (dataset: Dataset): Promise<string> => keep(`${dataset.directory}.git`, async path => {
  await run('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', path])
  await run('git', ['-C', path, 'fast-import', '--quiet'], toCommits(dataset))
})

/** Makes a bundle of a repository. */
export const bundle = (repository: string, file: string): Promise<void> => run('git', ['-C', repository, 'bundle', 'create', '--quiet', file, 'HEAD', branch])

/** Makes a repository of a bundle. */
export const clone = (file: string, directory: string): Promise<void> => run('git', ['clone', '--quiet', file, directory])
