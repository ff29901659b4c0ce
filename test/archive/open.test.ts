import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import { openAsBlob } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { countBlocks, toVersion2 } from '../helpers/opened.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { Database, Entry, KeyValueIndexed, openBackup, OrbitDBAccessController, restoreBackup, useDatabaseType } from '../../src/index.ts'
import type { DatabaseParams, Events } from '../../src/index.ts'
import type { AddressInfo } from 'node:net'

describe('openBackup', function () {
  this.timeout(120_000)

  const { createReplica, createDirectory } = useReplicas()

  const createPosts = async (count: number, options = {}) => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open<Events<string>>('posts', { type: 'events', sync: false, ...options })
    for (let i = 0; i < count; i++) await db.add(`post ${i}`)
    return { ...replica, db }
  }

  /** The same archive as every kind of source. */
  const sourcesOf = async (bytes: Uint8Array) => {
    const path = join(await createDirectory(), 'posts.car')
    await writeFile(path, bytes)
    return {
      bytes,
      'a file': await openAsBlob(path),
      'a file of version 2': new Blob([await toVersion2(bytes) as BlobPart]),
      'a stream': new Blob([bytes as BlobPart]).stream(),
      chunks: [bytes.subarray(0, 1000), bytes.subarray(1000)]
    }
  }

  it('reads a database out of any source', async () => {
    const { db, stop } = await createPosts(20)
    const expected = await db.all()
    const entries = await db.log.values()
    const bytes = await archive(db)
    await stop()
    for (const [name, source] of Object.entries(await sourcesOf(bytes))) {
      const backup = await openBackup(source)
      deepStrictEqual(backup.databases, [{ address: db.address, name: 'posts', type: 'events', entries: 20, heads: 1 }], name)
      const opened = await backup.open<Events<string>>('posts')
      deepStrictEqual(await opened.all(), expected, name)
      deepStrictEqual(await opened.log.values(), entries, name)
      strictEqual((await opened.get(expected[3].hash)), expected[3].value, name)
      const newest = []
      for await (const { value } of opened.iterator({ amount: 3 })) newest.push(value)
      deepStrictEqual(newest, ['post 19', 'post 18', 'post 17'], name)
      strictEqual(await opened.log.has(entries[7].hash), true, name)
      strictEqual(await opened.log.has(opened.identity.hash), false, name)
      await backup.close()
    }
  })

  it('reads by a root what a node has, and from an HTTP server that sends parts', async () => {
    const { db, stop } = await createPosts(10)
    const expected = await db.all()
    const bytes = await archive(db)
    await stop()
    const { roots: [root], blocks } = await readCar(bytes)

    const { ipfs } = await createReplica()
    for (const { cid, bytes } of blocks) await ipfs.blockstore.put(cid as any, bytes)
    const byRoot = await openBackup(CID.parse(String(root)), { ipfs })
    strictEqual(byRoot.root, String(root))
    deepStrictEqual(await (await byRoot.open<Events<string>>(db.address)).all(), expected)
    await byRoot.close()

    const asked: string[] = []
    const server = createServer((request, response) => {
      if (request.url === '/whole.car') return response.end(bytes)
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!
      asked.push(request.headers.range!)
      if (request.url === '/compressed.car') response.setHeader('content-encoding', 'gzip')
      // Cut off after the first answer, which tells how large it is
      if (request.url === '/broken.car' && end !== '1') response.setHeader('content-length', '1000000')
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes.length}` })
      if (response.hasHeader('content-length')) return response.write('.', () => response.destroy())
      response.end(bytes.subarray(Number(start), Number(end) + 1))
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const remote = await openBackup(new URL(`${url}/posts.car`))
      deepStrictEqual(await (await remote.open<Events<string>>('posts')).all(), expected)
      ok(asked.length > 3)
      await remote.close()
      await rejects(openBackup(new URL(`${url}/whole.car`)), { name: 'SourceFailedError', message: /sends no parts of files/ })
      await rejects(openBackup(new URL(`${url}/compressed.car`)), { name: 'SourceFailedError', message: /compresses the parts/ })
      await rejects(openBackup(new URL(`${url}/broken.car`)), { name: 'SourceFailedError', code: 'source-failed' })
      await rejects(openBackup(new URL('http://127.0.0.1:1/')), { name: 'SourceFailedError' })
      await rejects(openBackup(new URL('file:///posts.car')), { name: 'SourceFailedError', message: /openAsBlob/ })
    } finally {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    }
  })

  it('reads as many blocks for the newest entries of a long log as of a short one, from a node and from files', async () => {
    const { db } = await createPosts(100)
    const short = await countBlocks(await archive(db))
    for (let i = 100; i < 1000; i++) await db.add(`post ${i}`)
    const long = await countBlocks(await archive(db))
    for (const [name, { opening, newest }] of Object.entries(long)) {
      const seen = `${name}: ${opening} + ${newest} blocks of 1,000 entries, ${short[name].opening} + ${short[name].newest} of 100`
      // Give or take the depth of the trees
      ok(opening <= short[name].opening + 2 && opening <= 12, seen)
      ok(newest <= short[name].newest + 2 && newest <= 12, seen)
    }
  })

  it('writes nothing, and says so by name', async () => {
    const { db, orbitdb, stop } = await createPosts(3)
    const bytes = await archive(db)
    const [head] = await db.log.heads()
    await stop()
    const directory = await mkdtemp(join(tmpdir(), 'orbitdb-backup-'))
    const cwd = process.cwd()
    process.chdir(directory)
    try {
      const backup = await openBackup(bytes)
      const opened = await backup.open<Events<string>>('posts')
      const readOnly = { name: 'ReadOnlyError', code: 'read-only' }
      await rejects(opened.add('new'), readOnly)
      await rejects(opened.log.append({ op: 'ADD', key: null, value: 'new' } as never), readOnly)
      await rejects(opened.drop(), readOnly)
      const other = await Entry.create(orbitdb.identity, db.address, { op: 'ADD', key: null, value: 'x' }, null, { id: orbitdb.identity.publicKey, time: 9 }, [head.hash])
      const { hash, bytes: block } = await Entry.encode(other)
      await rejects(opened.log.joinEntry({ ...other, hash } as never), readOnly)
      await rejects(opened.import({ heads: [hash], blocks: [[hash, block]] }), readOnly)
      deepStrictEqual((await opened.all()).length, 3)
      await backup.close()
      deepStrictEqual(await readdir(directory), [])
    } finally {
      process.chdir(cwd)
      await rm(directory, { recursive: true })
    }
  })

  it('opens what orbitdb.open opens: indexes, encryption, other types, access controllers that are databases', async () => {
    const replica = await createReplica()
    const { orbitdb } = replica
    const replication = await createCipher()
    const Notes = () => async (params: DatabaseParams) => ({ ...await Database<string>(params), type: 'notes' })
    Notes.type = 'notes'
    useDatabaseType(Notes as never)

    const prices = await orbitdb.open('prices', { type: 'keyvalue', Database: KeyValueIndexed(), sync: false })
    await prices.put('a', 1)
    await prices.put('a', 2)
    const secrets = await orbitdb.open('secrets', { type: 'documents', encryption: { replication }, sync: false })
    await secrets.put({ _id: 's', text: 'secret' })
    const shared = await orbitdb.open('shared', { type: 'events', AccessController: OrbitDBAccessController(), sync: false })
    await shared.add('mine')
    const notes = await orbitdb.open('notes', { type: 'notes', sync: false }) as Database<string>
    await notes.addOperation('a note')
    const backup = await openBackup(await archive([prices, secrets, shared, notes] as never))
    await replica.stop()

    deepStrictEqual(backup.databases.map(({ name }) => name).sort(), ['notes', 'prices', 'secrets', 'shared'])
    const directory = await createDirectory()
    const cwd = process.cwd()
    process.chdir(directory)
    try {
      strictEqual(await (await backup.open<any>('prices', { Database: KeyValueIndexed() })).get('a'), 2)
      deepStrictEqual(await readdir(directory), [])
    } finally {
      process.chdir(cwd)
    }
    strictEqual((await (await backup.open<any>('secrets', { encryption: { replication } })).get('s')).value.text, 'secret')
    await rejects(backup.open<any>('secrets').then(db => db.all()), { name: 'EncryptedEntryError' })
    const opened = await backup.open<any>('shared')
    deepStrictEqual((await opened.all()).map(({ value }: { value: string }) => value), ['mine'])
    await rejects(opened.access.grant('write', 'somebody'), { name: 'ReadOnlyError' })
    deepStrictEqual((await (await backup.open<any>('notes')).log.values()).map(({ payload }: { payload: string }) => payload), ['a note'])
    await rejects(backup.open('nothing'), { name: 'DatabaseNotFoundError', code: 'database-not-found' })
    await backup.close()
  })

  describe('of what somebody else made', () => {
    /** An archive in which an entry was signed by somebody who may not write. */
    const createForeign = async () => {
      const alice = await createReplica({ id: 'alice' })
      const eve = await createReplica({ id: 'eve' })
      const db = await alice.orbitdb.open<Events<string>>('posts', { type: 'events', sync: false })
      await db.add('by alice')
      const copy = await restoreBackup<Events<string>>(eve.orbitdb, await archive(db), { sync: false })
      // Her own node lets her
      ;(copy.access as { canAppend: unknown }).canAppend = () => true
      const written = await Entry.create(eve.orbitdb.identity, db.address, { op: 'ADD', key: null, value: 'by eve' }, null, { id: eve.orbitdb.identity.publicKey, time: 2 }, (await db.log.heads()).map(({ hash }) => hash))
      const { hash, bytes } = await Entry.encode(written)
      await copy.log.import({ heads: [hash] }, { verify: false } as never).catch(() => {})
      await eve.ipfs.blockstore.put(CID.parse(hash, base58btc) as any, bytes)
      await copy.import({ heads: [hash], blocks: [[hash, bytes]] }, { verify: 'signatures' })
      return archive(copy)
    }

    it('gives no entry out that may not be in the log', async () => {
      const bytes = await createForeign()
      const backup = await openBackup(bytes)
      await rejects((await backup.open<Events<string>>('posts')).all(), { name: 'AccessDeniedError' })
      const trusting = await backup.open<Events<string>>('posts', { verify: 'signatures' })
      deepStrictEqual((await trusting.all()).map(({ value }) => value), ['by alice', 'by eve'])
      await backup.close()
    })

    it('gives no block out that does not match its hash', async () => {
      const { db } = await createPosts(5)
      const { roots, blocks } = await readCar(await archive(db))
      const [head] = await db.log.heads()
      const { multihash } = CID.parse(head.hash, base58btc)
      const changed = blocks.map(({ cid, bytes }) => base58btc.encode(cid.multihash.bytes) === base58btc.encode(multihash.bytes) ? { cid, bytes: bytes.map((byte, i) => i === 200 ? byte ^ 1 : byte) } : { cid, bytes })
      const backup = await openBackup(await writeCar(roots, changed))
      await rejects(backup.open<Events<string>>('posts').then(db => db.all()), { name: 'DamagedArchiveError', code: 'block-damaged', hash: head.hash })
      await backup.close()
    })

    it('refuses what is no backup', async () => {
      await rejects(openBackup(new Uint8Array(0)), { name: 'EmptyArchiveError' })
      await rejects(openBackup(new Uint8Array(100)), { name: 'NotAnArchiveError' })
      const { db } = await createPosts(2)
      const bytes = await archive(db)
      const { length } = (await readCar(bytes)).blocks.at(-1)!.bytes
      // In a block, in its CID, and in its length
      for (const missing of [10, length + 10, length + 37]) {
        await rejects(openBackup(bytes.subarray(0, -missing)), { name: 'TruncatedArchiveError', message: new RegExp(` ${bytes.length - missing} bytes`) })
      }
      await rejects(openBackup(await toVersion2(bytes).then(bytes => bytes.subarray(0, bytes.length - 20))), { name: 'DamagedArchiveError', message: /index/ })
    })
  })

  it('reads an increment with its base, and says what it needs alone', async () => {
    const { db } = await createPosts(60)
    const base = await archive(db)
    await db.add('post 60')
    const increment = await archive(db, { base })
    await rejects(openBackup(increment).then(backup => backup.open<Events<string>>('posts')).then(db => db.all()), { name: 'IncompleteArchiveError' })
    const backup = await openBackup({ sources: [increment, base] })
    strictEqual((await (await backup.open<Events<string>>('posts')).all()).length, 61)
    await backup.close()
  })
})
