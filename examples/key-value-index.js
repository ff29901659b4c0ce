// KeyValueIndexed keeps an index of its own on the disk. It is made again by a restore, and answers right after it.
//
//   node examples/key-value-index.js
import { createBackup, createOrbitDB, KeyValueIndexed, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

const ipfs = await createNode('./node/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './node/orbitdb' })
const db = await orbitdb.open('prices', { type: 'keyvalue', Database: KeyValueIndexed() })
for (let i = 0; i < 100; i++) {
  await db.put(`item ${i % 10}`, i)
}

// The type in the manifest does not tell that a database has such an index: say so when you restore it, as when you open it
const otherIpfs = await createNode('./other/ipfs')
const otherOrbitdb = await createOrbitDB({ ipfs: otherIpfs, id: 'other', directory: './other/orbitdb' })
const restored = await restoreBackup(otherOrbitdb, createBackup(db), { Database: KeyValueIndexed(), sync: false })
console.log(await restored.get('item 3'))

await orbitdb.stop()
await ipfs.stop()
await otherOrbitdb.stop()
await otherIpfs.stop()
