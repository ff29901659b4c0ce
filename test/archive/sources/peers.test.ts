// A backup that the network holds: pinned by nodes that know nothing of OrbitDB, and restored by its root.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { car as createCar } from '@helia/car'
import { withHTTP } from '@helia/http'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import { createHeliaLight } from 'helia'
import all from 'it-all'
import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { concat } from 'uint8arrays/concat'
import { archive, readCar } from '../../helpers/archives.ts'
import { read } from '../../helpers/backups.ts'
import { createNode } from '../../helpers/node.ts'
import { useReplicas } from '../../helpers/replicas.ts'
import { createBackup, inspectBackup, IPFSAccessController, restoreBackup, verifyBackup } from '../../../src/index.ts'
import type { Node } from '../../helpers/node.ts'
import type { Documents } from '../../../src/index.ts'
import type { AddressInfo } from 'node:net'

describe('A backup that is known by its root', () => {
  const { createDirectory, createReplica } = useReplicas()

  let bytes: Uint8Array
  let root: CID
  let contents: Awaited<ReturnType<typeof read>>
  let started: Node[] = []

  before(async () => {
    // The files that documents link to are nowhere but here, and this node is gone afterwards
    const { orbitdb, ipfs, stop } = await createReplica()
    const db = await orbitdb.open('documents', { type: 'documents', AccessController: IPFSAccessController({ write: ['*'] }) }) as Documents
    for (let i = 0; i < 150; i++) {
      const file = new TextEncoder().encode(`file ${i}`)
      const cid = CID.createV1(0x55, await sha256.digest(file))
      await ipfs.blockstore.put(cid as any, file)
      await db.put({ _id: String(i), file: cid })
    }
    contents = await read(db)
    const backup = createBackup(db)
    bytes = concat(await all(backup))
    root = await backup.root as CID
    await stop()
  })

  afterEach(async () => {
    for (const node of started) await node.stop()
    started = []
  })

  /** A node that pins the backup, and has nothing else. */
  const createPinner = async (): Promise<Node> => {
    const node = await createNode(join(await createDirectory(), 'ipfs'))
    started.push(node)
    await createCar(node).import(await CarReader.fromBytes(bytes) as any)
    await drain(node.pins.add(root as any))
    await node.gc()
    return node
  }

  it('is pinned, survives garbage collection, and is exported as an archive', async () => {
    const pinner = await createPinner()
    const exported = concat(await all(createCar(pinner).export(root as any)))
    const { ok: isWhole, problems } = await verifyBackup(exported)
    deepStrictEqual([isWhole, problems], [true, []])
    const cidsOf = async (bytes: Uint8Array): Promise<string[]> => (await readCar(bytes)).blocks.map(({ cid }) => String(cid)).sort()
    deepStrictEqual(await cidsOf(exported), await cidsOf(bytes))
    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Documents>(orbitdb, exported)), contents)
  })

  it('is restored from a peer by nothing but its root', async () => {
    const pinner = await createPinner()
    const { orbitdb, ipfs } = await createReplica()
    await ipfs.libp2p.dial(pinner.libp2p.getMultiaddrs())
    const db = await restoreBackup<Documents>(orbitdb, root)
    deepStrictEqual(await read(db), contents)
    strictEqual(String(await createBackup(db).root), String(root))
    await ipfs.gc()
    await db.close()
    deepStrictEqual(await read(await orbitdb.open(db.address) as Documents), contents)
  })

  it('is inspected and verified by its root', async () => {
    const pinner = await createPinner()
    const { orbitdb, ipfs } = await createReplica()
    await ipfs.libp2p.dial(pinner.libp2p.getMultiaddrs())
    deepStrictEqual(await inspectBackup(root, { ipfs }), await inspectBackup(bytes))
    const { ok: isWhole, problems } = await verifyBackup(root, { orbitdb })
    deepStrictEqual([isWhole, problems], [true, []])
  })

  /** A gateway that counts what it is asked for. */
  const createGateway = async (isThere = (cid: CID) => true) => {
    const { blocks } = await readCar(bytes)
    const byMultihash = new Map(blocks.map(({ cid, bytes }) => [String(cid.multihash.bytes), bytes]))
    const asked: string[] = []
    const server = createServer((request, response) => {
      const cid = CID.parse(request.url!.split('/')[2].split('?')[0])
      const bytes = byMultihash.get(String(cid.multihash.bytes))
      asked.push(String(cid))
      if (bytes == null || !isThere(cid)) {
        response.writeHead(404).end()
      } else {
        response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw' }).end(bytes)
      }
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { url, asked, close: () => new Promise<unknown>(resolve => { server.close(resolve); server.closeAllConnections() }) }
  }

  /** A replica whose node gets blocks from a gateway. */
  const createClient = async (url: string) => {
    const directory = await createDirectory()
    const { libp2p } = await createNode(join(directory, 'libp2p')).then(node => { started.push(node); return node })
    const helia = createHeliaLight({ codecs: [dagCbor] })
    // Helia asks gateways after other routers only, and waits for ever where there is no other
    helia.addRouter({ name: 'none', async * findProviders () {} } as any)
    const node = await withHTTP(helia, { delegatedRouters: [], recursiveGateways: [url], allowInsecure: true, allowLocal: true }).start()
    return createReplica({ directory, ipfs: Object.assign(node, { libp2p }) as unknown as Node })
  }

  it('is restored from a gateway, which is asked for what the backup lists, and for nothing twice', async () => {
    const gateway = await createGateway()
    try {
      const { orbitdb } = await createClient(gateway.url)
      deepStrictEqual(await read(await restoreBackup<Documents>(orbitdb, root)), contents)
      const { blocks } = await readCar(bytes)
      strictEqual(new Set(gateway.asked).size, gateway.asked.length)
      strictEqual(gateway.asked.length, blocks.length)
    } finally {
      await gateway.close()
    }
  })

  it('is got on with where a restore ended that failed: what is there is not asked for again', async () => {
    let count = 0
    const failing = await createGateway(() => ++count < 60)
    const { orbitdb, ipfs } = await createClient(failing.url)
    await rejects(restoreBackup(orbitdb, root, { timeout: 2000 }), { name: 'SourceFailedError', code: 'source-failed' })
    await failing.close()
    const isThere = new Set((await all(ipfs.blockstore.getAll())).map(({ cid }) => String(cid.multihash.bytes)))

    const pinner = await createPinner()
    const { orbitdb: another, ipfs: second } = await createReplica()
    for (const { cid, bytes: block } of (await readCar(bytes)).blocks.filter(({ cid }) => isThere.has(String(cid.multihash.bytes)))) {
      await second.blockstore.put(cid as any, block)
    }
    await second.libp2p.dial(pinner.libp2p.getMultiaddrs())
    let got = 0
    const db = await restoreBackup<Documents>(another, root, { maxBytes: bytes.length - 1000, onProgress: () => { got++ } })
    deepStrictEqual(await read(db), contents)
    ok(got > 0)
  })

  it('is given up when nothing comes for too long, when it is too much, and when it is aborted', async () => {
    const { orbitdb, ipfs } = await createReplica()
    await rejects(restoreBackup(orbitdb, root, { timeout: 300 }), { name: 'SourceFailedError', code: 'source-timeout' })
    const controller = new AbortController()
    const restoring = restoreBackup(orbitdb, root, { signal: controller.signal })
    await setTimeout(50)
    controller.abort()
    await rejects(restoring, { name: 'AbortError' })

    const pinner = await createPinner()
    await ipfs.libp2p.dial(pinner.libp2p.getMultiaddrs())
    await rejects(restoreBackup(orbitdb, root, { maxBytes: 10_000 }), { name: 'SourceFailedError', code: 'source-too-large' })
    const db = await restoreBackup<Documents>(orbitdb, root)
    deepStrictEqual(await read(db), contents)
  })

  it('needs a node', async () => {
    await rejects(inspectBackup(root), TypeError)
    await rejects(verifyBackup(root), TypeError)
  })

  it('is a base, when its blocks are on the node', async () => {
    const pinner = await createPinner()
    const { orbitdb, ipfs } = await createReplica()
    await ipfs.libp2p.dial(pinner.libp2p.getMultiaddrs())
    const db = await restoreBackup<Documents>(orbitdb, root)
    for (const { cid, bytes: block } of (await readCar(bytes)).blocks) {
      if (cid.code === dagCbor.code) await ipfs.blockstore.put(cid as any, block)
    }
    await db.put({ _id: 'new' })
    const thin = await archive(db, { base: root })
    ok((await readCar(thin)).blocks.length < 10)
    deepStrictEqual((await readCar(thin)).roots.map(String)[1], String(root))
    strictEqual((await verifyBackup({ sources: [thin, bytes] })).ok, true)
    strictEqual((await verifyBackup({ sources: [thin, root] }, { orbitdb })).ok, true)
  })
})
