// Every night, a running node backs up its databases: all of them on the first night, only what is new on the others.
//
//   node examples/nightly.js
import { createWriteStream, openAsBlob } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createBackup, createOrbitDB, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

const folder = './backups'

/** The archives that there are, oldest first. */
async function openArchives () {
  const names = (await readdir(folder)).filter(name => name.endsWith('.car')).sort()
  return Promise.all(names.map(name => openAsBlob(`${folder}/${name}`)))
}

/** Call this from a timer, such as setInterval, node-cron or what your app has. */
async function backUp (db, night) {
  const earlier = await openArchives()
  const backup = createBackup(db, earlier.length > 0 ? { base: { sources: earlier } } : {})
  // It gets its name when it is complete
  await pipeline(backup, createWriteStream(`${folder}/${night}.part`))
  await rename(`${folder}/${night}.part`, `${folder}/${night}.car`)
  const { size } = await openAsBlob(`${folder}/${night}.car`)
  console.log(`night ${night}: ${size} bytes, root ${await backup.root}`)
}

await mkdir(folder, { recursive: true })
const ipfs = await createNode('./node/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './node/orbitdb' })
const db = await orbitdb.open('orders', { type: 'events' })

for (const night of ['2026-01-01', '2026-01-02', '2026-01-03']) {
  for (let i = 0; i < 20; i++) {
    await db.add(`order ${i} of ${night}`)
  }
  await backUp(db, night)
}
await orbitdb.stop()
await ipfs.stop()

// What is restored is all nights together, in any order
const otherIpfs = await createNode('./other/ipfs')
const otherOrbitdb = await createOrbitDB({ ipfs: otherIpfs, id: 'other', directory: './other/orbitdb' })
const restored = await restoreBackup(otherOrbitdb, { sources: await openArchives() }, { sync: false })
console.log(`restored ${(await restored.all()).length} orders`)
await otherOrbitdb.stop()
await otherIpfs.stop()
