// Moves a database to a new machine, where the same app goes on writing to it as the same identity.
//
//   node examples/new-machine.js
import { createWriteStream, openAsBlob } from 'node:fs'
import { cp } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createBackup, createOrbitDB, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

// The old machine. Only the identity that opens a database first may write to it, unless you say otherwise
const oldIpfs = await createNode('./old/ipfs')
const oldOrbitdb = await createOrbitDB({ ipfs: oldIpfs, id: 'app', directory: './old/orbitdb' })
const old = await oldOrbitdb.open('settings', { type: 'keyvalue' })
await old.put('theme', 'dark')
await pipeline(createBackup(old), createWriteStream('settings.car'))
await oldOrbitdb.stop()
await oldIpfs.stop()

// An archive holds no private keys. Who is to write as the same identity needs the keystore: treat it as a secret
await cp('./old/orbitdb/keystore', './new/orbitdb/keystore', { recursive: true })

// The new machine: the same `id`, which is what the key is called in the keystore
const ipfs = await createNode('./new/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './new/orbitdb' })
const db = await restoreBackup(orbitdb, await openAsBlob('settings.car'))
await db.put('language', 'en')
console.log(await db.all())

// From now on it is opened by its address: by a name, OrbitDB would make another one
console.log(`address ${db.address}`)
await orbitdb.stop()
await ipfs.stop()
