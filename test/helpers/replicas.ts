import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as stock from '@orbitdb/core-stock'
import * as orbitdbBackup from '../../src/index.ts'
import { createNode } from './node.ts'
import type { Node } from './node.ts'
import type { OrbitDBOptions, OrbitDB } from '../../src/index.ts'

export interface ReplicaOptions extends Partial<Omit<OrbitDBOptions, 'ipfs'>> {
  /** Where the node and OrbitDB keep what they have: a new directory by default, removed after the test */
  directory?: string
  /** A node that runs already: one with level stores in `directory` by default */
  ipfs?: Node
  /** True for the unpatched `@orbitdb/core` */
  stock?: boolean
}

export interface Replica {
  directory: string
  ipfs: Node
  orbitdb: OrbitDB
  /** Stops OrbitDB and the node; what is on disk stays until the test ends */
  stop: () => Promise<void>
}

/**
 * Gives the tests of a file real nodes with OrbitDB on them, and after each test stops what it
 * started and removes what it wrote.
 */
export function useReplicas () {
  let directories: string[] = []
  let replicas: Replica[] = []

  const createDirectory = async (): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    directories.push(directory)
    return directory
  }

  const createReplica = async ({ directory, ipfs, stock: useStock, ...options }: ReplicaOptions = {}): Promise<Replica> => {
    directory ??= await createDirectory()
    ipfs ??= await createNode(join(directory, 'ipfs'))
    const { createOrbitDB } = useStock === true ? stock : orbitdbBackup
    const orbitdb = await createOrbitDB({ directory: join(directory, 'orbitdb'), ...options, ipfs })
    const stop = async (): Promise<void> => {
      replicas = replicas.filter(r => r !== replica)
      await orbitdb.stop()
      await ipfs.stop()
    }
    const replica = { directory, ipfs, orbitdb, stop }
    replicas.push(replica)
    return replica
  }

  afterEach(async () => {
    for (const replica of replicas) {
      await replica.stop()
    }
    for (const directory of directories) {
      await rm(directory, { recursive: true, force: true })
    }
    directories = []
  })

  return { createDirectory, createReplica }
}

/** Connects two nodes, as the first one's dial of the second. */
export async function connect (a: Replica, b: Replica): Promise<void> {
  await a.ipfs.libp2p.dial(b.ipfs.libp2p.getMultiaddrs())
}
