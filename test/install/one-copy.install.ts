// An app in which the package stands in for @orbitdb/core, also for what others have published.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installedVersion, pack, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'
import { copiesOf, createApp, managers } from './managers.ts'

describe('One copy of OrbitDB', () => {
  for (const manager of managers) {
    it(`is what ${manager.name} installs for database types that others have published, and for imports by path`, async () => {
      const { path } = await pack()
      const node = ['@helia/libp2p', '@ipld/dag-cbor', '@libp2p/gossipsub', '@libp2p/identify', 'helia']
      const dependencies = {
        '@orbitdb/core': `file:${path}`,
        '@orbitdb/feed-db': '1.3.0',
        '@orbitdb/nested-db': '1.2.1',
        '@orbitdb/ordered-keyvalue-db': '1.4.5',
        '@orbitdb/set-db': '1.2.1',
        ...Object.fromEntries(await Promise.all(node.map(async name => [name, await installedVersion(name)])))
      }
      const app = await createApp(manager, { dependencies, overrides: { '@orbitdb/core': dependencies['@orbitdb/core'], helia: dependencies.helia } })
      strictEqual((await copiesOf(app)).length, 1)

      await copyFile(join(root, 'test/package/one-copy.mjs'), join(app, 'one-copy.mjs'))
      const { stdout } = await run(app, process.execPath, ['one-copy.mjs'])
      deepStrictEqual(JSON.parse(stdout), {
        restored: { feed: true, nested: true, 'ordered-keyvalue': true, set: true },
        // It looks at the node first
        othersByPath: ['createOrbitDB']
      })
    })
  }
})
