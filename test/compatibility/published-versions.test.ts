// Directories of nodes that published versions of OrbitDB wrote: test/fixtures/write-directory.mjs.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelBlockstore } from 'blockstore-level'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { runCLI } from '../cli/helpers.ts'
import { collect } from '../helpers/backups.ts'
import { toCID } from '../helpers/cid.ts'
import { layOutPublished, optionsOf, publishedVersions } from '../helpers/published.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { decode, hashOf, readAccessList, readEntry, readIdentity, readManifest } from '../../src/core/blocks.ts'
import { createBackup, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { IterableDatabase } from '../helpers/backups.ts'
import type { PublishedDatabase } from '../helpers/published.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Events, OrbitDB } from '../../src/index.ts'

/** The block that one of the values links to. */
const linked = new Uint8Array([1])

type Published = Record<string, PublishedDatabase>

const isKilled = (name: string): boolean => name.startsWith('kill-at')

/** Before which write a process was killed that appended an entry, and whether it is in a backup then. */
const kills: Record<string, Record<string, boolean>> = {
  '2.4.3': { heads: false, entry: true, index: true },
  '3.0.2': { heads: true, entry: false, index: false }
}

for (const version of publishedVersions) {
  describe(`A directory that @orbitdb/core ${version} wrote`, () => {
    const { createDirectory, createReplica } = useReplicas()
    let directory: string
    let published: Published

    beforeEach(async () => {
      directory = await createDirectory()
      published = await layOutPublished(version, directory)
    })

    const open = async ({ orbitdb }: Replica, name: string): Promise<IterableDatabase> => {
      return await orbitdb.open<any>(published[name].address, await optionsOf(name) as object) as IterableDatabase
    }

    /** Starts a node in the directory, as its owner. */
    const start = (): Promise<Replica> => createReplica({ directory, id: 'first' })

    const read = async (db: IterableDatabase): Promise<PublishedDatabase> => ({
      address: db.address,
      type: db.type,
      heads: (await db.log.heads()).map(({ hash }) => hash),
      entries: (await db.log.values()).map(({ hash }) => hash),
      records: await all(db.iterator())
    })

    /** The names of the databases that were closed well. */
    const names = (): string[] => Object.keys(published).filter(name => !isKilled(name))

    const assertHas = async (orbitdb: OrbitDB, name: string, options?: object): Promise<void> => {
      const db = await orbitdb.open<any>(published[name].address, { ...await optionsOf(name), ...options } as object) as IterableDatabase
      deepStrictEqual(await read(db), published[name])
    }

    it('has blocks that are read strictly', async () => {
      const blockstore = new LevelBlockstore(join(directory, 'ipfs/blocks'))
      await blockstore.open()
      const kinds = { entry: 0, identity: 0, access: 0, manifest: 0 }
      for await (const { bytes: parts } of blockstore.getAll()) {
        const bytes = concat(await all(parts))
        const hash = await hashOf(bytes)
        const value = bytes.length === 1 ? undefined : decode(bytes)
        if (value?.sig != null) {
          deepStrictEqual(readEntry(bytes, hash), value)
          kinds.entry++
        } else if (value?.signatures != null) {
          deepStrictEqual(readIdentity(bytes, hash), value)
          kinds.identity++
        } else if (value?.write != null) {
          deepStrictEqual(readAccessList(bytes, hash), value)
          kinds.access++
        } else if (value?.accessController != null) {
          deepStrictEqual(readManifest(bytes, hash), value)
          kinds.manifest++
        }
      }
      await blockstore.close()
      const entries = Object.entries(published).filter(([name]) => name !== 'sealed').flatMap(([, { entries }]) => entries)
      ok(kinds.entry >= entries.length)
      strictEqual(kinds.manifest, Object.keys(published).length)
      ok(kinds.identity >= 2 && kinds.access >= 1)
    })

    it('is opened, and is written to', async () => {
      const replica = await start()
      for (const name of names()) {
        const db: any = await open(replica, name)
        deepStrictEqual(await read(db), published[name])
        if (name === 'access') continue
        await (published[name].type === 'events' ? db.add('new') : published[name].type === 'documents' ? db.put({ _id: 'new' }) : db.put('new', 'new'))
      }
      await replica.stop()

      const { orbitdb } = await start()
      for (const name of names().filter(name => name !== 'access')) {
        const db = await orbitdb.open<any>(published[name].address, await optionsOf(name) as object) as IterableDatabase
        strictEqual((await db.log.heads()).length, 1)
        strictEqual((await db.log.values()).length, published[name].entries.length + 1)
      }
    })

    it('is backed up and restored', async () => {
      const replica = await start()
      const { orbitdb } = await createReplica()
      for (const name of names()) {
        const db = await open(replica, name)
        const chunks = await all(createBackup(db))
        const report = await verifyBackup(chunks)
        deepStrictEqual([report.ok, report.problems], [true, []])
        await (await restoreBackup<any>(orbitdb, chunks, await optionsOf(name) as object)).close()
        await assertHas(orbitdb, name)
      }
    })

    it('is backed up and restored by the command line', async () => {
      const list = await runCLI(['list', '-d', directory, '--json'])
      deepStrictEqual([list.code, list.stderr], [0, ''])
      const { databases } = JSON.parse(list.stdout)
      for (const [name, { address, type, entries, heads }] of Object.entries(published).filter(([name]) => !isKilled(name))) {
        const { name: listed, ...database } = databases.find((database: any) => database.address === address)
        deepStrictEqual([database.type, database.entries, database.heads, database.missing], [type, entries.length, heads.length, 0], name)
        if (name !== 'access') strictEqual(listed, name)
      }

      const archive = join(directory, 'all.car')
      const created = await runCLI(['create', '--all', '-d', directory, '-o', archive])
      deepStrictEqual([created.code, created.stderr], [0, ''])
      strictEqual((await runCLI(['verify', archive])).code, 0)
      const other = join(await createDirectory(), 'node')
      await mkdir(other)
      const isReadable = (name: string): boolean => name !== 'sealed'
      const readable = Object.keys(published).filter(name => isReadable(name) && name !== 'access')
      for (const args of [readable.flatMap(name => ['--database', name]), ...'sealed' in published ? [['--database', 'sealed', '--verify', 'none']] : []]) {
        const restored = await runCLI(['restore', archive, ...args, '-d', other, '--quiet'])
        deepStrictEqual([restored.code, restored.stderr], [0, ''])
      }
      const { orbitdb } = await createReplica({ directory: other })
      // Where a database is new, it is restored as its manifest says
      for (const name of names()) await assertHas(orbitdb, name, { Database: undefined })
      for (const [kill, isThere] of Object.entries(kills[version])) {
        const { address, records } = published[`kill-at-${kill}`]
        const db = await orbitdb.open<Events>(address, { sync: false })
        const values = (await db.all()).map(({ value }) => value)
        deepStrictEqual(values, [...(records as Array<{ value: string }>).map(({ value }) => value).reverse(), ...isThere ? ['killed'] : []], kill)
      }
    })

    it('is repaired where its process was killed', async () => {
      const { orbitdb } = await start()
      for (const [kill, isThere] of Object.entries(kills[version])) {
        const { address, entries } = published[`kill-at-${kill}`]
        const db = await orbitdb.open<Events>(address, { sync: false })
        const { mended } = await db.import({ heads: [] }, { repair: true })
        // All that has no heads any more, or what is indexed and was not made one
        strictEqual(mended, kill !== 'heads' ? 0 : isThere ? 1 : entries.length)
        const values = (await db.log.values()).map(({ hash }) => hash)
        deepStrictEqual(values.slice(0, entries.length), entries)
        strictEqual(values.length, entries.length + (isThere ? 1 : 0))
        await db.add('new')
        strictEqual((await db.log.heads()).length, 1)
        strictEqual((await db.all()).length, values.length + 1)
      }
    })

    it('has entries that are joined one by one', async () => {
      const replica = await start()
      const { orbitdb, ipfs } = await createReplica()
      // What an entry links to is pinned with it
      await ipfs.blockstore.put(toCID(await hashOf(linked)), linked)
      for (const name of ['events', 'heads', 'team', 'documents']) {
        const db = await open(replica, name)
        const state = await collect(await db.export())
        const copy = await orbitdb.import<any>({ ...state, heads: [], index: new Map() }, { sync: false }) as IterableDatabase
        const blocks = new Map(state.blocks)
        for (const hash of published[name].entries) await copy.log.joinEntry(blocks.get(hash)!)
        deepStrictEqual(await read(copy), published[name])
      }
    })
  })
}
