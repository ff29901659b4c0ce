// An app in which the package stands in for @orbitdb/core, also for what others have published: as docs/ONE-COPY.md says.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeBlocksOf } from '../helpers/markdown.ts'
import { createDirectory, installedVersion, pack, run } from '../helpers/package.ts'
import { root } from '../helpers/scripts.ts'
import { copiesOf, managers } from './managers.ts'

/** What the page says that an app has with a package manager. */
async function readFiles (name: string): Promise<{ manifest: any, yaml?: string }> {
  const page = await readFile(join(root, 'docs/ONE-COPY.md'), 'utf8')
  const section = page.split(/^###? /m).find(section => section.toLowerCase().startsWith(`${name}\n`))!
  const [{ code }, yaml] = codeBlocksOf(section)
  return { manifest: JSON.parse(code), yaml: yaml?.code }
}

describe('One copy of OrbitDB', () => {
  for (const { name, install, settings } of managers) {
    it(`is what ${name} installs for database types that others have published, and for imports by path`, async () => {
      const app = createDirectory()
      const { path } = await pack()
      const { manifest, yaml } = await readFiles(name)
      const node = ['@helia/libp2p', '@ipld/dag-cbor', '@libp2p/gossipsub', '@libp2p/identify']
      Object.assign(manifest.dependencies, {
        '@orbitdb/feed-db': '1.3.0',
        '@orbitdb/nested-db': '1.2.1',
        '@orbitdb/ordered-keyvalue-db': '1.4.5',
        ...Object.fromEntries(await Promise.all(node.map(async name => [name, await installedVersion(name)])))
      })
      const text = JSON.stringify({ name: 'app', private: true, type: 'module', ...manifest }, null, 2)
      // The package is that of the project
      await writeFile(join(app, 'package.json'), text.replaceAll('npm:orbitdb-backup@latest', `file:${path.replaceAll('\\', '/')}`))
      for (const [path, text] of Object.entries(settings)) {
        await writeFile(join(app, path), text)
      }
      if (yaml != null) {
        await writeFile(join(app, name === 'pnpm' ? 'pnpm-workspace.yaml' : '.yarnrc.yml'), `${settings['.yarnrc.yml'] ?? ''}${yaml}\n`)
      }
      await install(app)
      strictEqual((await copiesOf(app)).length, 1)

      await copyFile(join(root, 'test/package/one-copy.mjs'), join(app, 'one-copy.mjs'))
      const { stdout } = await run(app, process.execPath, ['one-copy.mjs'])
      deepStrictEqual(JSON.parse(stdout), {
        restored: { feed: true, nested: true, 'ordered-keyvalue': true, set: true },
        // They look at the node first, and have signatures checked faster
        othersByPath: ['Identities', 'createOrbitDB']
      })
    })
  }
})
