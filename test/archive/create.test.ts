import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import fs, { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { car as createCar } from '@helia/car'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import drain from 'it-drain'
import { base32upper } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { restore, stub } from 'sinon'
import { concat } from 'uint8arrays/concat'
import { archive, hashesOf, readCar, rootOf } from '../helpers/archives.ts'
import { read } from '../helpers/backups.ts'
import { flipBit, pinsOf } from '../helpers/blocks.ts'
import { createCipher } from '../helpers/encryption.ts'
import { createBlock, takeApart, toCID, toHash } from '../helpers/forgery.ts'
import { deleteBlock } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { createBackup, Entry, IPFSAccessController, MemoryStorage, MissingBlockError, OrbitDBAccessController, restoreBackup, useAccessController, verifyBackup } from '../../src/index.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Backup, CreateProgressEvent, Events, Head, KeyValue, OpenOptions } from '../../src/index.ts'

/** Sorts links by the keys that stores have of their blocks. */
const sortLinks = (cids: CID[]): CID[] => {
  const keyOf = (cid: CID): string => base32upper.encode(cid.multihash.bytes)
  return cids.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1)
}

const cidsOf = async (bytes: Uint8Array): Promise<Set<string>> => new Set((await readCar(bytes)).blocks.map(({ cid }) => cid.toString()).sort())

describe('createBackup', () => {
  const { createReplica } = useReplicas()

  const openEvents = (replica: Replica, options: OpenOptions = {}): Promise<Events> => {
    return replica.orbitdb.open('database', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }), ...options })
  }

  /** Writes a database that has two writers and two heads. */
  const createDatabase = async (replica: Replica, options?: OpenOptions): Promise<Events> => {
    const db = await openEvents(replica, options)
    await db.add('first')
    await writeAsAnother(replica, db, async copy => {
      await db.add('one')
      await copy.add('two')
    })
    return db
  }

  describe('is canonical:', () => {
    it('replicas that got the entries in another order have the same bytes', async () => {
      const db = await createDatabase(await createReplica())
      const another = await createReplica()
      const copy = await another.orbitdb.import<Events>({ ...await db.export(), heads: [], index: [] })
      for (const entry of (await db.log.values()).toSorted((a, b) => b.clock.time - a.clock.time || (a.hash < b.hash ? 1 : -1))) {
        await another.ipfs.blockstore.put(CID.parse(entry.hash, base58btc) as any, (await db.log.storage.get(entry.hash))!)
        await copy.log.joinEntry(entry)
      }
      ok((await db.log.heads()).length === 2)
      deepStrictEqual(await archive(copy), await archive(db))
    })

    it('several databases have the same bytes in any order', async () => {
      const { orbitdb } = await createReplica()
      const databases = await Promise.all(['a', 'b', 'c'].map(name => orbitdb.open(name)))
      deepStrictEqual(await archive(databases), await archive(databases.toReversed()))
    })

    it('another entry is another root, and the same again is the same', async () => {
      const db = await createDatabase(await createReplica())
      const before = await rootOf(await archive(db))
      strictEqual(await rootOf(await archive(db)), before)
      await db.add('another')
      ok(await rootOf(await archive(db)) !== before)
    })
  })

  it('writes the blocks in the order of the format, each once', async () => {
    const replica = await createReplica()
    const db = await createDatabase(replica)
    const bytes = await archive(db)
    const { roots, blocks } = await readCar(bytes)
    const { manifest, access, heads, identities, entries } = await takeApart(bytes)
    const hashes = blocks.map(({ cid }) => toHash(cid))
    const valueOf = (cid: CID): any => dagCbor.decode(blocks.find(block => block.cid.equals(cid))!.bytes)
    const root = valueOf(roots[0])
    const snapshot = valueOf(root.databases[0])
    deepStrictEqual(hashes, [
      roots[0],
      root.databases[0],
      ...[root.shared, snapshot.heads, snapshot.identities, snapshot.entries].map(list => list.root),
      ...sortLinks([manifest, access!, ...identities]),
      ...sortLinks(entries)
    ].map(toHash))
    const { databases, shared, ...rest } = root
    deepStrictEqual(rest, { format: 'orbitdb-backup', version: 1 })
    deepStrictEqual(blocks.map(({ cid }) => cid.code), [...new Array(6).fill(dagCbor.code), ...new Array(blocks.length - 6).fill(0x55)])
    deepStrictEqual(entries.map(toHash).sort(), await hashesOf(db))
    deepStrictEqual(heads.map(toHash).sort(), (await db.log.heads()).map(({ hash }) => hash).sort())
    strictEqual(identities.length, 2)
    strictEqual(snapshot.unread, undefined)
  })

  it('writes what @helia/car imports, and a pin of the root keeps', async () => {
    const db = await createDatabase(await createReplica())
    const contents = await read(db)
    const bytes = await archive(db)
    const { ipfs } = await createReplica()
    const car = createCar(ipfs)
    const reader = await CarReader.fromBytes(bytes)
    const [root] = await reader.getRoots() as any[]
    await car.import(reader as any)
    await drain(ipfs.pins.add(root))
    await ipfs.gc()
    const exported = concat(await all(car.export(root)))
    deepStrictEqual(await cidsOf(exported), await cidsOf(bytes))

    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, exported)), contents)
  })

  it('archives the instant of its first bytes while the database is written to', async () => {
    const db = await createDatabase(await createReplica())
    const root = await rootOf(await archive(db))
    const chunks: Uint8Array[] = []
    for await (const chunk of createBackup(db)) {
      chunks.push(chunk)
      await db.add('meanwhile')
    }
    strictEqual(await rootOf(concat(chunks)), root)
    strictEqual((await verifyBackup(chunks)).ok, true)

    const adding = Array.from({ length: 20 }, (_, i) => db.add(i))
    const report = await verifyBackup(createBackup(db))
    await Promise.all(adding)
    deepStrictEqual(report.problems, [])
  })

  it('reads entries of a storage of its own', async () => {
    const db = await createDatabase(await createReplica(), { entryStorage: await MemoryStorage() })
    const bytes = await archive(db)
    strictEqual((await verifyBackup(bytes)).ok, true)
    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, bytes)), await read(db))
  })

  describe('of a database that is encrypted for replication', () => {
    it('archives the identities of the writers with the key, and says so without', async () => {
      const encryption = { replication: await createCipher() }
      const replica = await createReplica()
      const db = await openEvents(replica, { encryption })
      await db.add('secret')
      const contents = await read(db)
      const readable = await archive(db)
      await db.close()
      const unread = await archive(await openEvents(replica))

      const parts = [await takeApart(readable), await takeApart(unread)]
      deepStrictEqual(parts.map(({ snapshot }) => snapshot.unread), [undefined, true])
      deepStrictEqual(parts.map(({ identities }) => identities.length), [1, 0])
      deepStrictEqual(parts[0].entries, parts[1].entries)

      for (const [bytes, verify] of [[readable, true], [readable, 'signatures'], [unread, 'signatures']] as const) {
        const { orbitdb } = await createReplica()
        deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, bytes, { verify, encryption })), contents)
      }
      const { orbitdb } = await createReplica()
      await rejects(restoreBackup(orbitdb, unread, { encryption }), { name: 'MissingBlockError' })
      await rejects(restoreBackup(orbitdb, readable), { name: 'EncryptedEntryError' })
      const restored = await restoreBackup<Events>(orbitdb, unread, { verify: false })
      deepStrictEqual(await hashesOf(restored), parts[0].entries.map(toHash).sort())
      strictEqual(await rootOf(await archive(restored)), await rootOf(unread))
    })
  })

  describe('with access controllers', () => {
    it('archives that of two databases once, each as it was for its own', async () => {
      const { orbitdb } = await createReplica()
      const AccessController = OrbitDBAccessController()
      const a = await orbitdb.open('a', { type: 'events', AccessController })
      const access = a.access as OrbitDBAccessController
      const b = await orbitdb.open('b', { type: 'events', AccessController: async params => AccessController({ ...params, address: access.address }) })
      await access.grant('write', 'someone')
      const { blocks } = await readCar(await archive([a, b]))
      strictEqual(new Set(blocks.map(({ cid }) => cid.toString())).size, blocks.length)
      const { problems, databases } = await verifyBackup(await archive([a, b]))
      deepStrictEqual(problems, [])
      strictEqual(databases.filter(({ type }) => type === 'keyvalue').length, 1)
    })

    it('archives and restores the state of one of its own', async () => {
      let imported: unknown
      const state = { allowed: ['someone'], bytes: new Uint8Array([1]) }
      const access = async () => ({
        type: 'stateful',
        address: '/stateful/access',
        canAppend: async () => true,
        export: async () => state,
        import: async (state: unknown) => { imported = state }
      })
      useAccessController(Object.assign(() => access, { type: 'stateful' }))
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('database', { type: 'keyvalue', AccessController: access })
      await (db as KeyValue).put('key', 'value')
      const bytes = await archive(db)
      const another = await createReplica()
      deepStrictEqual(await (await restoreBackup<KeyValue>(another.orbitdb, bytes)).get('key'), 'value')
      deepStrictEqual(imported, state)
    })
  })

  it('fails when a block is missing, and names it', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    const hash = await db.add('first')
    await db.add('second')
    await db.close()
    await deleteBlock(replica.ipfs, hash)
    const reopened = await replica.orbitdb.open(db.address)
    await rejects(archive(reopened), (error: Error) => {
      ok(error instanceof MissingBlockError)
      strictEqual(error.hash, hash)
      return true
    })
  })

  it('fails when a log has a block of the archive itself as an entry, which would be linked twice', async () => {
    const { orbitdb, ipfs } = await createReplica()
    const [db, other] = [await orbitdb.open<Events>('database', { type: 'events' }), await orbitdb.open<Events>('other', { type: 'events' })]
    await db.add('value')
    await other.add('value')
    const { blocks: [, { cid, bytes }] } = await readCar(await archive(db))
    const hash = cid.toString(base58btc)
    await ipfs.blockstore.put(cid as any, bytes)
    await other.log.indexStorage.put(hash, true as any)
    await rejects(archive([db, other]), { name: 'ArchiveError', code: 'block-doubled', hash, message: new RegExp(`leave out ${other.address}`) })
    strictEqual((await verifyBackup(await archive(db))).ok, true)
  })

  it('fails when a block is damaged, and names it', async () => {
    const { orbitdb, ipfs } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events' })
    const hash = await db.add('value')
    await db.close()
    const bytes = flipBit(Buffer.concat(await all(ipfs.blockstore.get(toCID(hash) as any))))
    await (ipfs.blockstore as any).unwrap().unwrap().put(toCID(hash), bytes)
    await rejects(archive(await orbitdb.open(db.address)), { name: 'InvalidBlockError', hash })
  })

  describe('writes each entry as it was read and checked:', () => {
    const directory = tmpdir()
    let free: { type: number, bsize: number, bavail: number }

    beforeEach(() => {
      free = { type: 0, bsize: 4096, bavail: 10_000 }
      stub(fs, 'statfs').callsFake(async () => free as any)
    })

    afterEach(() => {
      process.env.TMPDIR = directory
      restore()
    })

    /** Damages an entry once an archive is being written. */
    const damageEarly = async (prepare: (backup: Backup) => unknown = () => {}, hasBase = false): Promise<{ hash: string, read: () => Promise<Uint8Array>, intact: Uint8Array }> => {
      const { orbitdb, ipfs } = await createReplica()
      const db = await orbitdb.open('database', { type: 'events' })
      await db.add('an older value')
      const options = hasBase ? { base: await archive(db) } : {}
      const hash = await db.add('value')
      const intact = await archive(db, options)
      const backup = createBackup(db, options)
      await prepare(backup)
      const chunks = backup[Symbol.asyncIterator]()
      const { value } = await chunks.next()
      const bytes = flipBit(Buffer.concat(await all(ipfs.blockstore.get(toCID(hash) as any))))
      await (ipfs.blockstore as any).unwrap().unwrap().put(toCID(hash), bytes)
      return { hash, intact, read: async () => concat([value as Uint8Array, ...await all(chunks)]) }
    }

    it('an entry that is damaged meanwhile was kept', async () => {
      const { read, intact } = await damageEarly()
      deepStrictEqual(await read(), intact)
    })

    it('one of an increment was kept, too', async () => {
      const { read, intact } = await damageEarly(() => {}, true)
      deepStrictEqual(await read(), intact)
    })

    it('where there is no place for temporary files, entries are read again', async () => {
      const { read, hash } = await damageEarly(() => { process.env.TMPDIR = join(directory, 'there', 'is', 'no', 'such', 'directory') })
      await rejects(read(), { name: 'InvalidBlockError', hash })
    })

    it('where there is little room for them, or they would take memory, entries are read again', async () => {
      for (const little of [{ bavail: 0 }, { type: 0x01021994 }]) {
        const { read, hash } = await damageEarly(() => { free = { ...free, ...little } })
        await rejects(read(), { name: 'InvalidBlockError', hash })
        free = { ...free, type: 0, bavail: 10_000 }
      }
    })

    it('where the root was asked for first, entries are read again, as they may never be written', async () => {
      const { read, hash } = await damageEarly(({ root }) => root)
      await rejects(read(), { name: 'InvalidBlockError', hash })
    })

    it('where some entries find no room any more, these are read again', async () => {
      const replica = await createReplica()
      const [db, other] = [await openEvents(replica), await replica.orbitdb.open<Events>('other', { type: 'events' })]
      // Among those of another, they are not read at once
      for (let i = 0; i < 110; i++) await Promise.all([db.add(i), other.add(i)])
      const intact = await archive(db)
      const writes: boolean[] = []
      const open = stub(fs, 'open').callsFake(async (...args) => {
        const file = await open.wrappedMethod.apply(fs, args)
        const write = stub(file, 'writeFile').callsFake(async (...args) => {
          writes.push(writes.length === 0)
          if (writes.length > 1) throw new Error('ENOSPC')
          return write.wrappedMethod.apply(file, args)
        })
        return file
      })
      deepStrictEqual(await archive(db), intact)
      deepStrictEqual(writes, [true, false])
    })

    it('nothing of it is left, whether it is read to its end, left, or fails', async () => {
      const replica = await createReplica()
      const db = await openEvents(replica)
      for (let i = 0; i < 10; i++) await db.add(i)
      const own = await mkdtemp(join(directory, 'orbitdb-backup-test-'))
      process.env.TMPDIR = own
      const opened: Array<Awaited<ReturnType<typeof fs.open>>> = []
      const open = stub(fs, 'open').callsFake(async (...args) => {
        const file = await open.wrappedMethod.apply(fs, args)
        opened.push(file)
        return file
      })
      const left = createBackup(db)[Symbol.asyncIterator]()
      await left.next()
      deepStrictEqual(await readdir(own), [])
      // It has no name any more, and while it had one nobody else could read it
      if (process.platform !== 'win32') strictEqual((await opened[0].stat()).mode & 0o777, 0o600)
      await left.return()
      const leftEarly = createBackup(db)[Symbol.asyncIterator]()
      const first = leftEarly.next()
      await Promise.all([leftEarly.return(), rejects(first)])
      await archive(db)
      const controller = new AbortController()
      await rejects(drain(createBackup(db, { signal: controller.signal, onProgress: () => controller.abort() })), { name: 'AbortError' })
      await setTimeout(100)
      deepStrictEqual(opened.map(({ fd }) => fd), [-1, -1, -1, -1])
      await rm(own, { recursive: true })
    })
  })

  describe('of a log that was not closed well archives all of it:', () => {
    const toBytes = (heads: object[]): Uint8Array => new TextEncoder().encode(JSON.stringify(heads))

    const damages: Record<string, (db: Events, hashes: string[], heads: Head[]) => Promise<void>> = {
      'a head is not in the index': (db, hashes, [{ hash }]) => db.log.indexStorage.del(hash),
      'other entries are not in the index': async (db, hashes, heads) => {
        for (const hash of hashes.filter(hash => hash !== heads[0].hash)) await db.log.indexStorage.del(hash)
      },
      'there are heads that are none any more': async (db, hashes, heads) => {
        await db.log.headsStorage.put('heads', toBytes([...heads, { hash: heads[0].next[0], next: [] }]))
      },
      'an entry is in the index, and no head reaches it': async (db, hashes, [{ next: [hash] }]) => {
        await db.log.headsStorage.put('heads', toBytes([{ hash, next: [] }]))
      }
    }

    for (const [name, damage] of Object.entries(damages)) {
      for (const entryStorage of [false, true]) {
        it(`${name}${entryStorage ? ', which has a storage of its own' : ''}`, async () => {
          const { orbitdb } = await createReplica()
          const db = await orbitdb.open('database', { type: 'events', ...(entryStorage && { entryStorage: await MemoryStorage() }) })
          for (const value of ['one', 'two', 'three']) await db.add(value)
          const { heads, index } = await db.log.export()
          const bytes = await archive(db)
          await damage(db, [...index.keys()], heads)
          strictEqual(await rootOf(await archive(db)), await rootOf(bytes))
        })
      }
    }
  })

  it('archives entries that only references name, and that are not in the index', async () => {
    const { orbitdb, ipfs } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events' }) as Events
    const first = await db.add('first')
    await db.log.indexStorage.del(first)
    await db.log.headsStorage.put('heads', new TextEncoder().encode('[]'))
    const { identity } = orbitdb
    const entry = await Entry.create(identity, db.address, { op: 'ADD', key: null, value: 'second' }, undefined, { id: identity.publicKey, time: 2 }, [], [first])
    const { hash, bytes } = await Entry.encode(entry)
    await db.log.storage.put(hash, bytes)
    await db.log.indexStorage.put(hash, true)
    const archived = await archive(db)
    deepStrictEqual((await takeApart(archived)).entries.map(toHash).sort(), [first, hash].sort())
    strictEqual((await verifyBackup(archived)).ok, true)

    await db.close()
    await deleteBlock(ipfs, first)
    await rejects(archive(await orbitdb.open(db.address)), { code: 'block-missing', hash: first })
  })

  it('changes nothing on the node', async () => {
    const replica = await createReplica()
    const db = await createDatabase(replica)
    const before = [await pinsOf(replica.ipfs), (await all(replica.ipfs.blockstore.getAll())).length]
    await archive(db)
    deepStrictEqual([await pinsOf(replica.ipfs), (await all(replica.ipfs.blockstore.getAll())).length], before)
  })

  it('refuses no database, and two of one address', async () => {
    await rejects(archive([]), TypeError)
    const replica = await createReplica()
    const db = await openEvents(replica)
    await rejects(archive([db, { ...db }]), TypeError)
    deepStrictEqual(await archive([db, db]), await archive(db))
  })

  it('stops when the signal is aborted', async () => {
    const db = await createDatabase(await createReplica())
    await rejects(archive(db, { signal: AbortSignal.abort() }), { name: 'AbortError' })
    const controller = new AbortController()
    const backup = createBackup(db, { signal: controller.signal })[Symbol.asyncIterator]()
    await backup.next()
    controller.abort()
    await rejects(drain(backup), { name: 'AbortError' })
  })

  it('tells how far it has come', async () => {
    const db = await createDatabase(await createReplica())
    const events: CreateProgressEvent[] = []
    const bytes = await archive(db, { onProgress: event => { events.push(event) } })
    const { blocks } = await readCar(bytes)
    const length = blocks.reduce((length, { bytes }) => length + bytes.length, 0)
    deepStrictEqual([...new Set(events.map(({ type }) => type))], ['orbitdb-backup:create:read', 'orbitdb-backup:create:write'])
    deepStrictEqual(events.at(-1)!.detail, { blocks: { done: blocks.length, total: blocks.length }, bytes: { done: length, total: length } })
  })

  describe('gives a backup', () => {
    it('whose root is known before a byte was read, and is that of the bytes', async () => {
      const db = await createDatabase(await createReplica())
      const backup = createBackup(db)
      const root = await backup.root
      const bytes = concat(await all(backup))
      strictEqual(String((await readCar(bytes)).roots[0]), String(root))
      strictEqual(String(await backup.root), String(root))
    })

    it('of the instant at which any of it is first asked for', async () => {
      const db = await createDatabase(await createReplica())
      const before = String(await createBackup(db).root)
      const early = createBackup(db)
      const lateRoot = createBackup(db)
      const rootOfEarly = early.root
      await rootOfEarly
      await db.add('meanwhile')
      strictEqual(String(await early.root), before)
      ok(String(await lateRoot.root) !== before)
    })

    it('as a web stream, as a Response takes it', async () => {
      const db = await createDatabase(await createReplica())
      const bytes = new Uint8Array(await new Response(createBackup(db).stream() as BodyInit).arrayBuffer())
      deepStrictEqual(bytes, Uint8Array.from(await archive(db)))
    })

    it('to a function, whose memory is used again once that has returned', async () => {
      const replica = await createReplica()
      const db = await replica.orbitdb.open<Events>('database', { type: 'events' })
      const other = await replica.orbitdb.open<Events>('other', { type: 'events' })
      for (let i = 0; i < 20; i++) await Promise.all([db.add(i), other.add(i)])
      const databases = [db, other]
      const path = join(await mkdtemp(join(tmpdir(), 'orbitdb-backup-test-')), 'archive.car')
      const file = await fs.open(path, 'w')
      const memories: ArrayBufferLike[] = []
      await createBackup(databases).writeTo(async bytes => {
        memories.push(bytes.buffer)
        await file.writeFile(bytes)
      })
      await file.close()
      deepStrictEqual(Uint8Array.from(await fs.readFile(path)), Uint8Array.from(await archive(databases)))
      await fs.rm(dirname(path), { recursive: true })

      const countAgain = (memories: ArrayBufferLike[]): number => memories.length - new Set(memories).size
      strictEqual(countAgain(memories), 1)
      strictEqual(countAgain((await all(createBackup(databases))).map(({ buffer }) => buffer)), 0)
      strictEqual(countAgain((await all(createBackup(databases).stream() as unknown as AsyncIterable<Uint8Array>)).map(({ buffer }) => buffer)), 0)
    })

    it('that is not written any further once writing fails', async () => {
      const db = await createDatabase(await createReplica())
      let pieces = 0
      const write = (): void => {
        pieces++
        throw new Error('No space')
      }
      await rejects(createBackup(db).writeTo(write), { message: 'No space' })
      strictEqual(pieces, 1)
    })

    it('that is read once', async () => {
      const db = await createDatabase(await createReplica())
      const backup = createBackup(db)
      await drain(backup)
      throws(() => backup[Symbol.asyncIterator](), TypeError)
      throws(() => backup.stream(), TypeError)
      ok(await backup.root)
    })

    it('whose root rejects when it fails or is left, and is no unhandled rejection when nobody asked', async () => {
      const replica = await createReplica()
      const db = await openEvents(replica)
      const hash = await db.add('first')
      await db.add('second')
      await db.close()
      await deleteBlock(replica.ipfs, hash)
      const reopened = await replica.orbitdb.open(db.address) as Events
      const failing = createBackup(reopened)
      await rejects(drain(failing), { code: 'block-missing', hash })
      await rejects(failing.root, { code: 'block-missing', hash })
      await rejects(createBackup(reopened).root, { code: 'block-missing', hash })

      const left = createBackup(reopened)
      await left[Symbol.asyncIterator]().return()
      await rejects(left.root, { code: 'backup-left' })
    })

    it('of something that is no database not at all', async () => {
      for (const other of [undefined, null, {}, 'database', { address: '/orbitdb/zdpu' }]) {
        throws(() => createBackup(other as unknown as Events), { name: 'TypeError', message: /not a database of OrbitDB/ })
      }
      const { orbitdb } = await createReplica({ stock: true })
      const db = await orbitdb.open('of another')
      throws(() => createBackup(db), { name: 'TypeError', message: /has no export/ })
    })
  })

  describe('tells what a restore would refuse, and does not fail:', () => {
    const problemsOf = async (db: Events): Promise<Array<{ code: string, hash: string, address: string }>> => {
      const problems: Array<{ code: string, hash: string, address: string }> = []
      await drain(createBackup(db, {
        onProgress: event => {
          if (event.type === 'orbitdb-backup:create:problem') problems.push(event.detail)
        }
      }))
      return problems.map(({ code, hash, address }) => ({ code, hash, address }))
    }

    it('nothing about a log that is well', async () => {
      deepStrictEqual(await problemsOf(await createDatabase(await createReplica())), [])
    })

    it('blocks that are no entries, of another log, or signed with the key of another identity', async () => {
      const { orbitdb, ipfs } = await createReplica()
      const db = await orbitdb.open('database', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) }) as Events
      await db.add('value')
      const [{ hash: ofEntry, ...entry }] = await db.log.values()
      const put = async (value: object): Promise<string> => {
        const { cid, bytes } = await createBlock(value)
        await ipfs.blockstore.put(cid as any, bytes)
        await db.log.indexStorage.put(toHash(cid), true)
        return toHash(cid)
      }
      const more = await put({ ...entry, more: 1 })
      const foreign = await put({ ...entry, id: '/orbitdb/another' })
      const wrong = await put({ ...entry, key: '02'.repeat(33) })
      deepStrictEqual((await problemsOf(db)).sort((a, b) => a.code < b.code ? -1 : 1), [
        { code: 'entry-foreign', hash: foreign, address: db.address },
        { code: 'entry-invalid', hash: more, address: db.address },
        { code: 'key-wrong', hash: wrong, address: db.address }
      ])
    })

    it('entries that are not encrypted, though the database was opened with encryption', async () => {
      const { orbitdb } = await createReplica()
      const db = await orbitdb.open('database', { type: 'events' }) as Events
      const hash = await db.add('plain')
      await db.close()
      const reopened = await orbitdb.open(db.address, { encryption: { data: await createCipher() } }) as Events
      deepStrictEqual(await problemsOf(reopened), [{ code: 'entry-plain', hash, address: db.address }])
    })
  })

  it('has entries of 32 MiB, and none that no reader takes', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events', entryStorage: await MemoryStorage() }) as Events
    await db.add(new Uint8Array(2 ** 25 - 1000))
    const bytes = await archive(db)
    strictEqual((await verifyBackup(bytes)).ok, true)
    await rejects(archive(db, { limits: { blockBytes: 2 ** 20 } }), { name: 'LimitExceededError', code: 'limit-exceeded', limit: 'blockBytes' })
    await rejects(archive(db, { limits: { databases: 0 } }), { limit: 'databases' })
    await rejects(archive(db, { limits: { identities: 0 } }), { limit: 'identities' })
  })
})
