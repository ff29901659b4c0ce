// Notes in a web page, kept in IndexedDB, which is what Level is in a browser: a backup is downloaded, and a file is restored.
import * as dagCbor from '@ipld/dag-cbor'
import { withLibp2pLight } from '@helia/libp2p'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { createHeliaLight } from 'helia'
import { createBackup, createOrbitDB, inspectBackup, restoreBackup } from 'orbitdb-backup'

const byId = id => document.getElementById(id)

async function createNode () {
  const blockstore = new LevelBlockstore('blocks')
  const datastore = new LevelDatastore('data')
  await blockstore.open()
  await datastore.open()
  return withLibp2pLight(createHeliaLight({ blockstore, datastore, codecs: [dagCbor] }), {
    addresses: { listen: [] },
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  }).start()
}

const orbitdb = await createOrbitDB({ ipfs: await createNode(), id: 'me' })
let db = await orbitdb.open(localStorage.address ?? 'notes', { type: 'events' })

async function show () {
  localStorage.address = db.address
  byId('notes').replaceChildren(...(await db.all()).map(({ value }) => Object.assign(document.createElement('li'), { textContent: value })))
}

byId('add').onsubmit = async event => {
  event.preventDefault()
  await db.add(byId('text').value)
  await show()
}

byId('download').onclick = async () => {
  const bytes = await new Response(createBackup(db).stream()).blob()
  Object.assign(document.createElement('a'), { href: URL.createObjectURL(bytes), download: 'notes.car' }).click()
}

byId('file').onchange = async ({ target }) => {
  const [file] = target.files
  const { databases } = await inspectBackup(file)
  db = await restoreBackup(orbitdb, file)
  byId('status').textContent = `Restored ${databases[0].entries} notes`
  await show()
}

await show()
byId('status').textContent = 'Ready'
