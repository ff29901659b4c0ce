import { join } from 'node:path'
import { run } from '../parts/program.ts'
import { partsOfDatabase } from '../way.ts'
import type { Way } from '../way.ts'

const directories = ['ipfs', 'orbitdb']

const copy = (from: string, to: string): Promise<void> => run('cp', ['-r', ...directories.map(name => join(from, name)), to])

const way: Way = {
  name: 'filesystem copy',
  about: 'The node is stopped, and `cp -r` copies its directories: all databases, the private keys, and the identity of the peer',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'nothing',
  keeps: [...partsOfDatabase, 'private keys'],
  backup: ({ source, artifact }) => copy(source, artifact),
  restore: async ({ artifact, target }) => {
    await copy(artifact, target)
    return undefined
  }
}

export default way
