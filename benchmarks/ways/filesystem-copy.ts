import { copyNode } from '../programs.ts'
import { aspects } from '../way.ts'
import type { Way } from '../way.ts'

const way: Way = {
  name: 'filesystem copy',
  about: 'The node is stopped, and `cp -r` copies its directories: all databases, the private keys, and the identity of the peer',
  orbitdb: 'stock',
  reads: 'stopped node',
  checks: 'nothing',
  keeps: aspects,
  backup: ({ source, artifact }) => copyNode(source, artifact),
  restore: ({ artifact, target }) => copyNode(artifact, target)
}

export default way
