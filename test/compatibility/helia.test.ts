import { deepStrictEqual, ok, rejects } from 'node:assert/strict'
import { join } from 'node:path'
import { backUp, collect, open, read } from '../helpers/backups.ts'
import { createHelia6Node } from '../helpers/helia-6.ts'
import { createNode, deleteBlock } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { createOrbitDB, IPFSAccessController, MissingBlockError } from '../../src/index.ts'
import type { Backup } from '../helpers/backups.ts'
import type { Node } from '../helpers/node.ts'
import type { Replica } from '../helpers/replicas.ts'

const versions = { 'Helia 6': createHelia6Node, 'Helia 7': createNode }

/** Ways to keep the blocks of a node, and whether they are there after it was stopped. */
const stores = { 'in memory': false, 'on disk': true }

const kinds = Object.entries(versions).flatMap(([version, createNode]) => {
  return Object.entries(stores).map(([store, isOnDisk]) => ({
    name: `${version} ${store}`,
    isOnDisk,
    createNode: (directory: string): Promise<Node> => createNode(isOnDisk ? join(directory, 'ipfs') : undefined)
  }))
})

describe('Helia', () => {
  const { createDirectory, createReplica } = useReplicas()

  const create = async ({ createNode }: typeof kinds[number]): Promise<Replica> => {
    const directory = await createDirectory()
    return createReplica({ directory, ipfs: await createNode(directory) })
  }

  /** Stops a replica and starts it again, on the same node where stopping that would lose its blocks. */
  const restart = async ({ isOnDisk, createNode }: typeof kinds[number], { directory, ipfs, orbitdb, stop }: Replica): Promise<Replica> => {
    await (isOnDisk ? stop() : orbitdb.stop())
    return createReplica({ directory, ipfs: isOnDisk ? await createNode(directory) : ipfs })
  }

  for (const from of kinds) {
    describe(`${from.name}, exported from`, () => {
      let backup: Backup

      before(async () => {
        const replica = await create(from)
        const db = await replica.orbitdb.open('database', { type: 'documents', AccessController: IPFSAccessController({ write: ['*'] }) })
        await writeAsAnother(replica, db, async copy => {
          await copy.put({ _id: 'one' })
          await db.put({ _id: 'two', bytes: new Uint8Array([1, 2]) })
        })
        backup = await backUp(replica, db)
      })

      for (const to of kinds) {
        it(`is restored on ${to.name}, where garbage collection removes nothing of it`, async () => {
          const replica = await create(to)
          deepStrictEqual(await read(await replica.orbitdb.import(backup.state)), backup.contents)
          await replica.ipfs.gc()
          const { orbitdb } = await restart(to, replica)
          const db = await open(orbitdb, backup.state.address, { sync: false })
          deepStrictEqual(await read(db), backup.contents)
          deepStrictEqual(new Map((await collect(await db.export())).blocks), new Map(backup.state.blocks))
        })
      }

      it('names a block that is missing', async () => {
        const replica = await create(from)
        const db = await replica.orbitdb.open('database', { type: 'events' })
        const hash = await db.add('missing')
        await db.add('there')
        await deleteBlock(replica.ipfs, hash)
        const { orbitdb } = await restart(from, replica)
        const state = await (await orbitdb.open(db.address, { sync: false })).export()
        await rejects(collect(state), (error: Error) => {
          ok(error instanceof MissingBlockError)
          deepStrictEqual(error.hash, hash)
          return true
        })
      })
    })
  }

  it('of version 5 or older is refused, with an error that says so', async () => {
    const { ipfs } = await createReplica()
    // As Helia 5 has it; a real one is asked in test/install
    const blockstore = { get: async () => { throw new Error('Not Found') }, has: () => false, put: () => {} }
    const options = { ipfs: { libp2p: ipfs.libp2p, pins: ipfs.pins, blockstore: blockstore as unknown as Node['blockstore'] } }
    await rejects(createOrbitDB(options), { name: 'UnsupportedNodeError', code: 'node-unsupported', message: /Helia 5 or older.+update to Helia 6 or 7/ })
  })

  it('without libp2p is refused, with an error that says so', async () => {
    const { ipfs } = await createReplica()
    await rejects(createOrbitDB({ ipfs: { ...ipfs, libp2p: undefined } as unknown as Node }), { name: 'UnsupportedNodeError', message: /libp2p/ })
  })
})
