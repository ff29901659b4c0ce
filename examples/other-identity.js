// Restores a database as somebody else: to look into it, or to go on writing where the access controller allows it.
//
//   node examples/other-identity.js
import { createBackup, createOrbitDB, OrbitDBAccessController, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

const ipfs = await createNode('./alice/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'alice', directory: './alice/orbitdb' })
const otherIpfs = await createNode('./bob/ipfs')
const otherOrbitdb = await createOrbitDB({ ipfs: otherIpfs, id: 'bob', directory: './bob/orbitdb' })

// Who may write is in a database of its own here, which is part of the backup
const db = await orbitdb.open('notes', { type: 'documents', AccessController: OrbitDBAccessController() })
await db.put({ _id: 'first', text: 'by Alice' })

// Anyone can read a restored database
const copy = await restoreBackup(otherOrbitdb, createBackup(db), { sync: false })
console.log('Bob reads:', (await copy.get('first')).value.text)

// Bob may not write to it
await copy.put({ _id: 'second', text: 'by Bob' }).catch(() => console.log('Bob may not write'))

// Once Alice has granted it, and Bob has got a newer backup, he may: a restore adds what is new to what is there
await db.access.grant('write', otherOrbitdb.identity.id)
await restoreBackup(otherOrbitdb, createBackup(db), { sync: false })
await copy.put({ _id: 'second', text: 'by Bob' })
console.log('Bob has:', (await copy.all()).map(({ value }) => value.text).sort())

await orbitdb.stop()
await ipfs.stop()
await otherOrbitdb.stop()
await otherIpfs.stop()
