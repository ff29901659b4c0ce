import { join } from 'node:path'
import { copy } from '../programs.ts'
import { partsOfDatabase } from '../way.ts'
import type { Way } from '../way.ts'

const copyNode = (from: string, to: string): Promise<void> => copy(['ipfs', 'orbitdb'].map(name => join(from, name)), to)

const way: Way = {
  name: 'filesystem copy',
  about: 'The node is stopped, and `cp -r` copies its directories: all databases, the private keys, and the identity of the peer',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'nothing',
  keeps: [...partsOfDatabase, 'private keys'],
  backup: ({ source, artifact }) => copyNode(source, artifact),
  restore: async ({ artifact, target }) => {
    await copyNode(artifact, target)
    return undefined
  }
}

export default way
