// Restores from nothing but a CID, by a trustless gateway of IPFS. Every block that it sends is checked against its hash.
//
//   node examples/gateway.js http://127.0.0.1:8080 bafyrei…
import { withHTTP } from '@helia/http'
import { CID } from 'multiformats/cid'
import { createOrbitDB, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

const [gateway, root] = process.argv.slice(2)

const ipfs = withHTTP(await createNode('./node/ipfs'), {
  delegatedRouters: [],
  recursiveGateways: [gateway],
  // Only for a gateway on this machine
  allowInsecure: true,
  allowLocal: true
})
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './node/orbitdb' })

// Only what the backup lists is asked for, many blocks at a time. What is there already is not asked for again
const db = await restoreBackup(orbitdb, CID.parse(root), { timeout: 10_000, sync: false })
console.log(`restored ${db.name}: ${(await db.all()).length} records`)

await orbitdb.stop()
await ipfs.stop()
