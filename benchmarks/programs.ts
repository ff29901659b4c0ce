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

/** As many parents as `git fast-import` takes: an entry has a link more. */
const parents = 16
const parentLength = 'parent '.length + 41

/** The commits for `git fast-import`: each links to those before it, as an entry does, and writes a file anew, so that both are as large as one. */
function * toCommits ({ entries, entryBytes }: Dataset): Generator<string> {
  const fileBytes = entryBytes - parents * parentLength
  for (let i = 1; i <= entries; i++) {
    let commit = `commit ${branch}\nmark :${i}\ncommitter Writer <writer@example.com> ${i} +0000\ndata 0\n`
    // The first parent is what the branch has
    for (let parent = i - 2; parent > Math.max(0, i - 1 - parents); parent--) commit += `merge :${parent}\n`
    yield `${commit}M 100644 inline file\ndata ${fileBytes}\n${createText(i, fileBytes)}\n`
  }
}

/** Gives a repository of the size of a dataset: the one that is kept beside it, or a new one. */
export const getRepository = (dataset: Dataset): Promise<string> => keep(`${dataset.directory}.commits`, async path => {
  await run('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', path])
  await run('git', ['-C', path, 'fast-import', '--quiet'], toCommits(dataset))
})

/** Makes a bundle of a repository. */
export const bundle = (repository: string, file: string): Promise<void> => run('git', ['-C', repository, 'bundle', 'create', '--quiet', file, 'HEAD', branch])

/** Makes a repository of a bundle. */
export const clone = (file: string, directory: string): Promise<void> => run('git', ['clone', '--quiet', file, directory])
