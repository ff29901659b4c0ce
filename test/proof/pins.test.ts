// Snapshots, users' own pins of backups, live databases and garbage collections: in no order is anything lost that one of
// them needs. `npm run test:pins` goes on for as long as it is told.
import { strictEqual } from 'node:assert/strict'
import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import { createBlock } from '../helpers/forgery.ts'
import { kinds } from '../helpers/helia.ts'
import { createNode } from '../helpers/node.ts'
import { runPins } from './pins.ts'
import type { Node } from '../helpers/node.ts'

describe('Snapshots and pins of backups', () => {
  let network: Node

  before(async () => { network = await createNode() })
  after(async () => { await network.stop() })

  for (const [kind, runs] of [['Helia 7 in memory', 20], ['Helia 7 with level stores', 6], ['Helia 7 with file stores', 6]] as const) {
    it(`on ${kind} lose nothing to each other, nor do databases`, async () => {
      await runPins(kind, network.libp2p, { runs })
    }).timeout(120_000)
  }

  it('are lost by Helia itself when a root is pinned again that was unpinned, whatever it links to', async () => {
    const ipfs = await kinds['Helia 7 in memory']() as any
    const put = async (value: unknown): Promise<CID> => {
      const { cid, bytes } = await createBlock(value)
      await ipfs.blockstore.put(cid, bytes)
      return cid
    }
    const entry = await put('entry')
    const root = await put([CID.createV1(0x55, entry.multihash)])
    await drain(ipfs.pins.add(entry))
    for (const isPinned of [true, false]) {
      await drain(ipfs.pins.add(root))
      await drain(ipfs.pins.rm(root))
      strictEqual(await ipfs.pins.isPinned(entry), isPinned)
    }
    await ipfs.stop()
  })
})
