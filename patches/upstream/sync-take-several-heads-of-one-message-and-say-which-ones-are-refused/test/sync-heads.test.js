import { deepStrictEqual } from 'assert'
import { EventEmitter } from 'events'
import Sync from '../src/sync.js'
import { AccessDeniedError, Identities, KeyStore, Log, MemoryStorage } from '../src/index.js'
import connectPeers from './utils/connect-nodes.js'
import waitFor from './utils/wait-for.js'
import createHelia from './utils/create-helia.js'

describe('Sync protocol - Heads', function () {
  this.timeout(10000)

  const headCount = 10

  let ipfs1, ipfs2
  let log1, log2
  let sync1, sync2

  before(async () => {
    [ipfs1, ipfs2] = await Promise.all([createHelia(), createHelia()])
    await connectPeers(ipfs1, ipfs2)
  })

  after(async () => {
    await ipfs1.stop()
    await ipfs2.stop()
  })

  beforeEach(async () => {
    const keystore = await KeyStore({ storage: await MemoryStorage() })
    const identities = await Identities({ keystore })
    const entryStorage = await MemoryStorage()
    log1 = await Log(await identities.createIdentity({ id: 'reader' }), { logId: 'heads', entryStorage })
    log2 = await Log(await identities.createIdentity({ id: 'reader' }), { logId: 'heads', entryStorage })
    for (let i = 0; i < headCount; i++) {
      const log = await Log(await identities.createIdentity({ id: `user${i}` }), { logId: 'heads', entryStorage })
      await log1.joinEntry(await log.append(`hello${i}`))
    }
  })

  afterEach(async () => {
    await sync1.stop()
    await sync2.stop()
  })

  it('exchanges all heads', async () => {
    const onSynced = async (entry, bytes) => log2.joinEntry(bytes)
    sync1 = await Sync({ ipfs: ipfs1, log: log1, events: new EventEmitter() })
    sync2 = await Sync({ ipfs: ipfs2, log: log2, events: new EventEmitter(), onSynced })

    await waitFor(async () => (await log2.heads()).length, () => headCount)

    deepStrictEqual((await log2.heads()).map(({ hash }) => hash).sort(), (await log1.heads()).map(({ hash }) => hash).sort())
  })

  it('takes the other heads where one is refused and one fails, and says which and why', async () => {
    const [{ hash: refused }, { hash: failed }] = await log1.heads()
    const onSynced = async ({ hash }, bytes) => {
      if (hash === refused) {
        throw new AccessDeniedError('Not this one', { hash })
      }
      if (hash === failed) {
        throw new Error('No room')
      }
      await log2.joinEntry(bytes)
    }
    const events = new EventEmitter()
    const errors = []
    events.on('error', error => errors.push(error))
    sync1 = await Sync({ ipfs: ipfs1, log: log1, events: new EventEmitter() })
    sync2 = await Sync({ ipfs: ipfs2, log: log2, events, onSynced })

    await waitFor(async () => (await log2.heads()).length, () => headCount - 2)
    await waitFor(() => errors.length, () => 2)

    const peer = String(ipfs1.libp2p.peerId)
    deepStrictEqual(errors.map(({ code, hash, head, peer }) => ({ code, hash, head, peer })).sort((a, b) => a.code < b.code ? -1 : 1), [
      { code: 'access-denied', hash: refused, head: refused, peer },
      { code: 'join-failed', hash: failed, head: failed, peer }
    ])
  })
})
