import { spawnSync } from 'node:child_process'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createText } from '../dataset.ts'
import { run } from '../parts/program.ts'
import type { Dataset } from '../dataset.ts'
import type { Way } from '../way.ts'

const branch = 'refs/heads/main'
const fileIn = (artifact: string): string => join(artifact, 'repository.bundle')

/** A repository of the size of a dataset, kept beside it. */
const repositoryOf = ({ directory }: Dataset): string => `${directory}.git`

/** The commits for `git fast-import`: each writes a file anew. */
function * toCommits ({ entries, entryBytes }: Dataset): Generator<string> {
  for (let i = 0; i < entries; i++) {
    yield `commit ${branch}\ncommitter Writer <writer@example.com> ${i} +0000\ndata 0\nM 100644 inline file\ndata ${entryBytes}\n${createText(i, entryBytes)}\n`
  }
}

const way: Way = {
  name: 'git',
  about: 'To compare with, no OrbitDB: `git bundle create` and `git clone` of a repository of as many commits, with a file as large as an entry each. Git compresses',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'hashes',
  isForeign: true,
  skips: () => spawnSync('git', ['--version']).error == null ? undefined : 'git is not installed',
  prepare: async ({ dataset }) => {
    const repository = repositoryOf(dataset)
    if (await stat(repository).catch(() => undefined) != null) {
      return
    }
    const temporary = `${repository}.${process.pid}.tmp`
    try {
      await run('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', temporary])
      await run('git', ['-C', temporary, 'fast-import', '--quiet'], toCommits(dataset))
      await rename(temporary, repository)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  },
  backup: ({ dataset, artifact }) => run('git', ['-C', repositoryOf(dataset), 'bundle', 'create', '--quiet', fileIn(artifact), 'HEAD', branch]),
  restore: async ({ artifact, target }) => {
    await run('git', ['clone', '--quiet', fileIn(artifact), join(target, 'repository')])
    return undefined
  }
}

export default way
