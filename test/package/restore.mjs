// Runs in an app that has the package and the unpatched @orbitdb/core: writes a
// database with the latter, restores it on another node with the package, and
// reads it there with both. Prints what each has read.
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import * as stock from '@orbitdb/core'
import { createHeliaLight } from 'helia'
import * as backup from 'orbitdb-backup'

const createNode = () => withLibp2pLight(createHeliaLight({ codecs: [dagCbor] }), {
  addresses: { listen: [] },
  services: { identify: identify(), pubsub: gossipsub() }
}).start()

const withOrbitDB = async ({ createOrbitDB }, ipfs, directory, use) => {
  const orbitdb = await createOrbitDB({ ipfs, id: 'me', directory })
  const result = await use(orbitdb)
  await orbitdb.stop()
  return result
}

const there = await createNode()
const here = await createNode()

const address = await withOrbitDB(stock, there, './there', async orbitdb => {
  const db = await orbitdb.open('numbers', { type: 'keyvalue', sync: false })
  for (const key of ['one', 'two', 'three']) await db.put(key, key.length)
  await db.del('two')
  return db.address
})

const read = async orbitdb => {
  const db = await orbitdb.open(address, { sync: false })
  return (await db.all()).map(({ key, value }) => [key, value])
}

await withOrbitDB(backup, there, './there', async source => {
  const db = await source.open(address, { sync: false })
  const state = await db.export()
  await withOrbitDB(backup, here, './here', orbitdb => orbitdb.import(state, { sync: false }))
})
await there.stop()

console.log(JSON.stringify({
  stockCanExport: 'InvalidStateError' in stock,
  missingExports: Object.keys(stock).filter(name => backup[name] === undefined),
  backup: await withOrbitDB(backup, here, './here', read),
  stock: await withOrbitDB(stock, here, './here', read)
}))
await here.stop()
