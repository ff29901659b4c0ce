// Runs in an app in which this package stands in for @orbitdb/core: backs up databases of types that others
// have published, which import @orbitdb/core themselves, and restores them on another node. Prints what is there then.
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createBackup, createOrbitDB, restoreBackup, useDatabaseType } from '@orbitdb/core'
import * as core from '@orbitdb/core'
import { useAccessController } from '@orbitdb/core/src/access-controllers/index.js'
import * as coreByPath from '@orbitdb/core/src/index.js'
import createId from '@orbitdb/core/src/utils/create-id.js'
import { Feed } from '@orbitdb/feed-db'
import { Nested } from '@orbitdb/nested-db'
import { OrderedKeyValue } from '@orbitdb/ordered-keyvalue-db'
import { SetDb } from '@orbitdb/set-db'
import { createHeliaLight } from 'helia'

const createNode = () => withLibp2pLight(createHeliaLight({ codecs: [dagCbor] }), {
  addresses: { listen: [] },
  services: { identify: identify(), pubsub: gossipsub() }
}).start()

// An access controller by somebody who imports core by its paths
const Anyone = () => async () => ({ type: 'anyone', address: '/anyone/anyone', canAppend: async () => true })
Anyone.type = 'anyone'
useAccessController(Anyone)

for (const type of [Feed, Nested, OrderedKeyValue, SetDb]) useDatabaseType(type)

const types = {
  feed: db => db.add('first'),
  nested: db => db.put('a/b', 1),
  'ordered-keyvalue': db => db.put('a', 1),
  set: db => db.add('member')
}

const source = await createOrbitDB({ ipfs: await createNode(), id: await createId(), directory: './source' })
const target = await createOrbitDB({ ipfs: await createNode(), directory: './target' })

const valuesOf = async db => JSON.stringify(await db.all(), (_, value) => value instanceof Map ? [...value] : value)
const restored = {}
for (const [type, write] of Object.entries(types)) {
  const db = await source.open(type, { type, sync: false, AccessController: Anyone() })
  await write(db)
  const copy = await restoreBackup(target, createBackup(db), { sync: false })
  restored[copy.type] = await valuesOf(copy) === await valuesOf(db)
}

console.log(JSON.stringify({
  restored,
  othersByPath: Object.keys(coreByPath).filter(name => name in core && core[name] !== coreByPath[name])
}))

for (const { ipfs, stop } of [source, target]) {
  await stop()
  await ipfs.stop()
}
