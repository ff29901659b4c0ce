// A database type of your own is backed up like any other, if it passes on what Database() returns.
//
//   node examples/own-type.js
import { createBackup, createOrbitDB, Database, restoreBackup, useDatabaseType } from 'orbitdb-backup'
import { createNode } from './node.js'

/** A database that counts. */
const Counter = () => async (params) => {
  const database = await Database(params)

  const add = (number) => database.addOperation({ op: 'ADD', key: null, value: number })

  const value = async () => {
    let sum = 0
    for await (const { payload } of database.log.iterator()) {
      sum += payload.value
    }
    return sum
  }

  // `...database` brings export and import, and all else that a database has
  return { ...database, type: 'counter', add, value }
}
Counter.type = 'counter'

// Registered, it is found by the type that the manifest of a database names, also by a restore
useDatabaseType(Counter)

const ipfs = await createNode('./node/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './node/orbitdb' })
const counter = await orbitdb.open('visits', { type: 'counter' })
await counter.add(2)
await counter.add(40)

const otherIpfs = await createNode('./other/ipfs')
const otherOrbitdb = await createOrbitDB({ ipfs: otherIpfs, id: 'other', directory: './other/orbitdb' })
const restored = await restoreBackup(otherOrbitdb, createBackup(counter), { sync: false })
console.log(`${restored.type} at ${await restored.value()}`)

await orbitdb.stop()
await ipfs.stop()
await otherOrbitdb.stop()
await otherIpfs.stop()
