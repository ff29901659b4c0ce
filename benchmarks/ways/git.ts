import { join } from 'node:path'
import { bundle, clone, getRepository } from '../programs.ts'
import type { Way } from '../way.ts'

const fileIn = (artifact: string): string => join(artifact, 'repository.bundle')

const way: Way = {
  name: 'git',
  about: 'To compare with, no OrbitDB: `git bundle create` and `git clone` of a repository of as many commits, each with 16 parents and a file, as large as an entry. Git compresses',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'hashes',
  isForeign: true,
  prepare: getRepository,
  backup: async ({ dataset, artifact }) => bundle(await getRepository(dataset), fileIn(artifact)),
  restore: ({ artifact, target }) => clone(fileIn(artifact), join(target, 'repository'))
}

export default way
