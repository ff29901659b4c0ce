import { match } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pack, run } from '../helpers/package.ts'
import { createApp, managers } from './managers.ts'

describe('An app with Helia 5', () => {
  it('learns that it has to update', async () => {
    const { path } = await pack()
    // What Helia 5 makes its nodes of, without their network
    const dependencies = { 'orbitdb-backup': `file:${path}`, '@helia/utils': '1.4.0', 'blockstore-core': '5.0.4', 'datastore-core': '10.0.4' }
    const app = await createApp(managers.find(({ name }) => name === 'pnpm')!, dependencies)
    await writeFile(join(app, 'app.js'), `
      import { Helia } from '@helia/utils'
      import { MemoryBlockstore } from 'blockstore-core'
      import { MemoryDatastore } from 'datastore-core'
      import { createOrbitDB } from 'orbitdb-backup'
      const ipfs = new Helia({ blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore(), blockBrokers: [], routers: [] })
      await createOrbitDB({ ipfs: Object.assign(ipfs, { libp2p: {} }) }).catch(({ name, code, message }) => console.log(name, code, message))
    `)
    const { stdout } = await run(app, process.execPath, ['app.js'])
    match(stdout, /^UnsupportedNodeError node-unsupported .+Helia 5 or older/)
  })
})
