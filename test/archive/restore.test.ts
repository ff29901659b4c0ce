import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as dagCbor from '@ipld/dag-cbor'
import all from 'it-all'
import drain from 'it-drain'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { archive, archiveAndStop, assertArchiveRestores, hashesOf, readCar, writeCar } from '../helpers/archives.ts'
import { open, read } from '../helpers/backups.ts'
import { flipBit, pinsOf, toCID } from '../helpers/blocks.ts'
import { assemble, createBlock, forge, takeApart, toHash } from '../helpers/forgery.ts'
import { createHelia6Node } from '../helpers/helia-6.ts'
import { assertIsWhole } from '../helpers/logs.ts'
import { createNode as createHeliaNode } from '../helpers/node.ts'
import { toVersion2 } from '../helpers/opened.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import {
  DamagedArchiveError, diffBackups, Documents, Events, inspectBackup, IPFSAccessController, IPFSBlockStorage, KeyValueIndexed, MemoryStorage, mergeBackups, OrbitDBAccessController, restoreBackup,
  TruncatedArchiveError, verifyBackup
} from '../../src/index.ts'
import type { Archive, CarBlock } from '../helpers/archives.ts'
import type { IterableDatabase, OpenWith } from '../helpers/backups.ts'
import type { Parts } from '../helpers/forgery.ts'
import type { Node } from '../helpers/node.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { ArchiveSource, Database, DatabaseFactory, KeyValueRecord, RestoreBackupOptions, RestoreProgressEvent } from '../../src/index.ts'

const toWebStream = (chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> => Readable.toWeb(Readable.from(chunks)) as unknown as ReadableStream<Uint8Array>

const multihashOf = (cid: CID): string => base58btc.encode(cid.multihash.bytes)

/** The multihashes of the blocks of a node, sorted. */
const blocksOf = async ({ blockstore }: Node): Promise<string[]> => {
  return (await all(blockstore.getAll())).map(({ cid }) => base58btc.encode(cid.multihash.bytes)).sort()
}

const putBlocks = async ({ blockstore }: Node, blocks: CarBlock[]): Promise<void> => {
  for (const { cid, bytes } of blocks) {
    await blockstore.put(cid as any, bytes)
  }
}

interface TypeOfDatabase {
  options: OpenWith & { type: string }
  write: (db: any, writer: string) => Promise<unknown>
}

const types: Record<string, TypeOfDatabase> = {
  events: {
    options: { type: 'events' },
    write: async (db, writer) => {
      for (const value of [writer, new Uint8Array([0, 255]), null, { ключ: [1.5] }]) await db.add(value)
    }
  },
  documents: {
    options: { type: 'documents' },
    write: async (db, writer) => {
      for (const _id of ['one', 'gone']) await db.put({ _id: writer + _id, writer })
      await db.del(writer + 'gone')
    }
  },
  'documents with another indexBy': {
    options: { type: 'documents', Database: Documents({ indexBy: 'isbn' }) },
    write: async (db, writer) => {
      for (const isbn of ['1', '2']) await db.put({ isbn: writer + isbn, _id: 'the same' })
    }
  },
  keyvalue: {
    options: { type: 'keyvalue' },
    write: async (db, writer) => {
      for (const key of ['of all', writer, 'gone']) await db.put(key, { writer })
      await db.del('gone')
    }
  }
}

describe('restoreBackup', () => {
  const replicas = useReplicas()
  const { createDirectory, createReplica } = replicas

  /** Writes a database that has two writers and two heads. */
  const createDatabase = async (replica: Replica, { options, write }: TypeOfDatabase = types.keyvalue, name = 'database'): Promise<IterableDatabase> => {
    const db = await open(replica.orbitdb, name, { ...options, AccessController: IPFSAccessController({ write: ['*'] }), meta: { name } })
    await write(db, 'first')
    await writeAsAnother(replica, db, async copy => {
      await write(db, 'one')
      await write(copy, 'two')
    }, { database: options })
    return db
  }

  for (const [name, type] of Object.entries(types)) {
    it(`restores a database of type ${name}`, async () => {
      const replica = await createReplica()
      const backup = await archiveAndStop(replica, await createDatabase(replica, type))
      strictEqual(backup.contents.heads.length, 2)
      await assertArchiveRestores(replicas, backup, { createOptions: () => ({ Database: type.options.Database }) })
    })
  }

  it('restores a database without entries', async () => {
    const replica = await createReplica()
    const backup = await archiveAndStop(replica, await replica.orbitdb.open('database', { type: 'events' }))
    await assertArchiveRestores(replicas, backup)
  })

  it('restores a database into KeyValueIndexed', async () => {
    const replica = await createReplica()
    const { bytes, contents } = await archiveAndStop(replica, await createDatabase(replica))
    const { orbitdb } = await createReplica()
    const Database = KeyValueIndexed()
    const db = await restoreBackup<KeyValueIndexed>(orbitdb, bytes, { Database })
    for (const { key, value } of contents.records as KeyValueRecord[]) {
      deepStrictEqual(await db.get(key), value)
    }
    strictEqual(await db.get('gone'), undefined)
  })

  it('restores several databases, as an array in the order of their addresses', async () => {
    const replica = await createReplica()
    const databases = [await createDatabase(replica, types.events, 'a'), await createDatabase(replica, types.documents, 'b'), await createDatabase(replica, types.keyvalue, 'c')]
    const contents = await Promise.all(databases.map(read))
    const bytes = await archive(databases)
    await replica.stop()

    const { orbitdb } = await createReplica()
    const restored = await restoreBackup<IterableDatabase[]>(orbitdb, bytes)
    deepStrictEqual(await Promise.all(restored.map(read)), contents.sort((a, b) => a.address < b.address ? -1 : 1))
  })

  it('restores a database with an OrbitDBAccessController, and the access that was granted', async () => {
    const replica = await createReplica()
    const db = await replica.orbitdb.open('database', { type: 'events', AccessController: OrbitDBAccessController() })
    await db.add('by the owner')
    await (db.access as OrbitDBAccessController).grant('write', '*')
    const another = await createReplica()
    const copy = await another.orbitdb.import<Events>(await db.export())
    await copy.add('by another')
    const backup = await archiveAndStop(another, copy)
    strictEqual(backup.contents.entries.length, 2)
    await assertArchiveRestores(replicas, backup)
  })

  it('restores several databases with the same OrbitDBAccessController', async () => {
    const replica = await createReplica()
    const AccessController = OrbitDBAccessController()
    // It takes the name of its database
    const databases = []
    for (const type of ['events', 'keyvalue']) databases.push(await replica.orbitdb.open<any>('name', { type, AccessController }))
    await (databases[0].access as OrbitDBAccessController).grant('write', '*')
    const another = await createReplica()
    const copies = []
    for (const db of databases) {
      const copy = await another.orbitdb.import<any>(await db.export())
      await (copy.type === 'events' ? copy.add('by another') : copy.put('key', 'by another'))
      copies.push(copy)
    }
    strictEqual(new Set(copies.map(({ access }) => access.address)).size, 1)
    const contents = await Promise.all(copies.map(read))
    const bytes = await archive(copies)

    const { orbitdb } = await createReplica()
    const restored = await restoreBackup<IterableDatabase[]>(orbitdb, bytes)
    deepStrictEqual(await Promise.all(restored.map(read)), contents.sort((a, b) => a.address < b.address ? -1 : 1))
  })

  describe('into a node', () => {
    it('that has some of the entries, and some of its own', async () => {
      const replica = await createReplica()
      const db = await createDatabase(replica, types.events)
      const older = await archive(db)
      await writeAsAnother(replica, db, copy => types.events.write(copy, 'newer'))
      const newer = await archive(db)
      const all = await hashesOf(db)
      await replica.stop()

      for (const [first, second] of [[older, newer], [newer, older]]) {
        const { orbitdb } = await createReplica()
        const restored = await restoreBackup<Events>(orbitdb, first)
        const own = await restored.add('of its own')
        deepStrictEqual(await restoreBackup<Events>(orbitdb, second), restored)
        deepStrictEqual(await hashesOf(restored), [...all, own].sort())
        await assertIsWhole(restored.log)
      }
    })

    it('that has all of it, of which nothing changes', async () => {
      const replica = await createReplica()
      const db = await createDatabase(replica)
      const bytes = await archive(db)
      const contents = await read(db)
      const pins = await pinsOf(replica.ipfs)
      await restoreBackup(replica.orbitdb, bytes)
      await db.close()
      const restored = await restoreBackup<IterableDatabase>(replica.orbitdb, bytes)
      deepStrictEqual(await read(restored), contents)
      deepStrictEqual(await pinsOf(replica.ipfs), pins)
    })

    for (const [kind, createNode] of Object.entries({ 'in memory': () => createHeliaNode(), 'of Helia 6': createHelia6Node })) {
      it(kind, async () => {
        const replica = await createReplica()
        const { bytes, contents } = await archiveAndStop(replica, await createDatabase(replica))
        const directory = await createDirectory()
        const { orbitdb, ipfs } = await createReplica({ directory, ipfs: await createNode(join(directory, 'ipfs')) })
        const db = await restoreBackup<IterableDatabase>(orbitdb, bytes)
        await ipfs.gc()
        await db.close()
        deepStrictEqual(await read(await open(orbitdb, contents.address)), contents)
      })
    }

    it('whose LevelDB writes each table of entries once', async () => {
      const replica = await createReplica()
      const db = await replica.orbitdb.open<Events>('database', { type: 'events' })
      // As much as five tables have
      for (let i = 0; i < 100; i++) await db.add(crypto.getRandomValues(new Uint8Array(60_000)).join().slice(0, 200_000))
      const bytes = await archive(db)
      await replica.stop()

      const { orbitdb, ipfs } = await createReplica()
      await restoreBackup(orbitdb, bytes)
      const { db: level } = (ipfs.blockstore as any).child.child.child
      ok(Number(level.getProperty('leveldb.num-files-at-level2')) >= 4)
      ok(!(await readFile(join(level.location, 'LOG'), 'utf8')).includes('Compacted'))
    })

    it('from which garbage collection removes nothing, and where all of it can be unpinned', async () => {
      const replica = await createReplica()
      const { bytes, contents } = await archiveAndStop(replica, await createDatabase(replica))
      const { orbitdb, ipfs } = await createReplica()
      const db = await restoreBackup<IterableDatabase>(orbitdb, bytes)
      const { blocks } = await readCar(bytes)
      const pins = await pinsOf(ipfs)
      const ofDatabase = contents.entries.map(({ hash }) => hash)
      ok(ofDatabase.every(hash => pins.includes(hash)))
      await db.close()
      await ipfs.gc()
      deepStrictEqual(await read(await open(orbitdb, contents.address)), contents)
      for (const hash of ofDatabase) await drain(ipfs.pins.rm(toCID(hash) as any))
      await ipfs.gc()
      strictEqual((await ipfs.blockstore.has(toCID(ofDatabase[0]) as any)), false)
      ok(blocks.length > ofDatabase.length)
    })
  })

  describe('from', () => {
    let bytes: Uint8Array
    let contents: Archive['contents']

    before(async () => {
      const replica = await createReplica()
      ;({ bytes, contents } = await archiveAndStop(replica, await createDatabase(replica)))
    })

    const chunksOf = function * (length: number): Generator<Uint8Array> {
      for (let i = 0; i < bytes.length; i += length) {
        yield bytes.subarray(i, i + length)
      }
    }

    const assertRestoresFrom = async (source: ArchiveSource): Promise<void> => {
      const { orbitdb } = await createReplica()
      deepStrictEqual(await read(await restoreBackup<IterableDatabase>(orbitdb, source)), contents)
    }

    const sources: Record<string, () => ArchiveSource> = {
      'a Uint8Array': () => bytes,
      'a Buffer that is a part of another': () => Buffer.concat([new Uint8Array(9), bytes, new Uint8Array(9)]).subarray(9, -9),
      'an iterable': () => [...chunksOf(1000)],
      'single bytes': () => chunksOf(1),
      'an async iterable': () => Readable.from(chunksOf(100)),
      'a Blob': () => new Blob([...chunksOf(1000)] as BlobPart[]),
      'a web stream': () => toWebStream(chunksOf(1000)),
      'a web stream that can not be iterated over': () => {
        const reader = toWebStream(chunksOf(1000)).getReader()
        return { getReader: () => reader } as unknown as ReadableStream<Uint8Array>
      },
      'a Response': () => new Response(bytes.slice())
    }
    for (const [name, create] of Object.entries(sources)) {
      it(name, () => assertRestoresFrom(create()))
    }

    it('blocks in any order, that are there several times', async () => {
      const { roots, blocks } = await readCar(bytes)
      for (const reordered of [blocks.toReversed(), [...blocks.slice(3), ...blocks.slice(0, 3)], [...blocks, ...blocks], blocks.flatMap(block => [block, block])]) {
        await assertRestoresFrom(await writeCar(roots, reordered))
      }
    })

    it('an archive with other blocks in it, none of which is stored', async () => {
      const { roots, blocks } = await readCar(bytes)
      const extra = await createBlock('extra')
      for (const withExtra of [[extra, ...blocks.toReversed(), extra], [...blocks, extra], [...blocks.slice(0, 4), extra, ...blocks.slice(4)]]) {
        const { orbitdb, ipfs } = await createReplica()
        const before = await blocksOf(ipfs)
        const db = await restoreBackup<IterableDatabase>(orbitdb, await writeCar(roots, withExtra))
        deepStrictEqual(await read(db), contents)
        const { manifest, access, identities, entries } = await takeApart(bytes)
        deepStrictEqual(await blocksOf(ipfs), [...before, ...[manifest, access!, ...identities, ...entries].map(cid => multihashOf(cid))].sort())
      }
    })

    it('a source that has all of its bytes in one buffer, one after the other', async () => {
      const source = async function * (): AsyncGenerator<Uint8Array> {
        const buffer = new Uint8Array(64)
        for (let at = 0; at < bytes.length; at += buffer.length) {
          const chunk = bytes.subarray(at, at + buffer.length)
          buffer.set(chunk)
          yield buffer.subarray(0, chunk.length)
        }
      }
      await assertRestoresFrom(source())
    })

    it('a CAR file of version 2, in chunks of any length, as everybody reads it', async () => {
      const version2 = await toVersion2(bytes)
      const reports = [await verifyBackup(bytes), await inspectBackup(bytes)]
      for (const length of [1, 13, 51, 1000, Infinity]) {
        const chunks = async function * () {
          for (let at = 0; at < version2.length; at += length) yield version2.subarray(at, at + length)
        }
        deepStrictEqual([await verifyBackup(chunks()), await inspectBackup(chunks())], reports)
      }
      const { orbitdb } = await createReplica()
      deepStrictEqual(await read(await restoreBackup<IterableDatabase>(orbitdb, version2)), contents)
      deepStrictEqual(concat(await all(mergeBackups([version2]))), bytes)
      strictEqual((await diffBackups(version2, bytes)).isSame, true)
    })

    it('nothing that is no source', async () => {
      const { orbitdb } = await createReplica()
      for (const source of [undefined, null, 'archive.car', 1, {}, ['text'], new Response(null, { status: 404 })]) {
        await rejects(restoreBackup(orbitdb, source as Uint8Array), TypeError)
      }
    })
  })

  describe('leaves nothing behind of an archive', () => {
    let bytes: Uint8Array

    before(async () => {
      const replica = await createReplica()
      ;({ bytes } = await archiveAndStop(replica, await createDatabase(replica)))
    })

    /** Fails unless a restore fails, and a database can be restored later on, which was not open and had nothing. */
    const assertRefuses = async (forged: Uint8Array, error: object | Function, options: RestoreBackupOptions = {}): Promise<void> => {
      const { orbitdb, ipfs, directory } = await createReplica()
      const pins = await pinsOf(ipfs)
      await rejects(restoreBackup(orbitdb, forged, options), error as object)
      deepStrictEqual(await pinsOf(ipfs), pins)
      const { snapshot } = await takeApart(bytes)
      await putBlocks(ipfs, [...(await takeApart(bytes)).blocks.values()])
      const db = await open(orbitdb, snapshot.address)
      strictEqual(JSON.stringify(await db.log.export()), '{"heads":[],"index":[]}')
      ok(directory.length > 0)
    }

    /** Changes the bytes of a block. */
    const withChanged = async (index: number, change: (bytes: Uint8Array) => Uint8Array): Promise<Uint8Array> => {
      const { roots, blocks } = await readCar(bytes)
      const block = blocks.at(index)!
      block.bytes = change(block.bytes)
      return writeCar(roots, blocks)
    }

    it('with a flipped bit in any of its blocks', async () => {
      const { blocks } = await readCar(bytes)
      for (const index of [0, 1, 2, 5, 7, blocks.length - 1]) {
        await assertRefuses(await withChanged(index, bytes => flipBit(bytes)), (error: DamagedArchiveError) => {
          ok(error instanceof DamagedArchiveError)
          strictEqual(error.hash, toHash(blocks[index].cid))
          ok(error.offset! > 0)
          return true
        })
      }
    })

    it('that is truncated', async () => {
      const { roots, blocks } = await readCar(bytes)
      for (const length of [1, 30, 60, 200, bytes.length >> 1, bytes.length - 1]) {
        await assertRefuses(bytes.subarray(0, length), { name: 'TruncatedArchiveError' })
      }
      for (const length of [0, 1, 3, blocks.length - 1]) {
        await assertRefuses(await writeCar(roots, blocks.slice(0, length)), { name: 'TruncatedArchiveError', hash: length === 0 ? toHash(roots[0]) : /./ })
      }
    })

    it('that is truncated, and reversed', async () => {
      const { roots, blocks } = await readCar(bytes)
      const { orbitdb, ipfs } = await createReplica()
      const before = await blocksOf(ipfs)
      await rejects(restoreBackup(orbitdb, await writeCar(roots, blocks.slice(1).toReversed())), TruncatedArchiveError)
      deepStrictEqual(await blocksOf(ipfs), before)
    })

    it('with bytes between the blocks', async () => {
      for (const garbage of [[0], [5, 1, 2, 3, 4, 5], [255, 255, 255, 255, 255, 255, 255, 255, 255], [200, 200, 200, 200, 1]]) {
        await assertRefuses(concat([bytes, Uint8Array.from(garbage)]), { name: 'DamagedArchiveError' })
      }
    })

    it('that is empty', () => assertRefuses(new Uint8Array(), { name: 'EmptyArchiveError' }))

    it('that is no CAR file', async () => {
      for (const text of ['not an archive', '\x00', '{"version":1}', 'PK\x03\x04'.padEnd(5000), '\xff'.repeat(1000)]) {
        await assertRefuses(Buffer.from(text, 'latin1'), { name: 'NotAnArchiveError' })
      }
      const version2 = await toVersion2(bytes)
      for (const end of [11, 50, 51, 2000, 51 + bytes.length - 1]) {
        await assertRefuses(version2.subarray(0, end), { name: 'TruncatedArchiveError' })
      }
      await assertRefuses(await toVersion2(version2), { name: 'NotAnArchiveError' })
    })

    it('that is a CAR file of something else', async () => {
      const { blocks } = await readCar(bytes)
      const other = await createBlock({ something: 'else' })
      const rawCID = CID.createV1(0x55, other.cid.multihash)
      await assertRefuses(await writeCar([other.cid], [other]), { name: 'ForeignArchiveError' })
      await assertRefuses(await writeCar([rawCID], [{ cid: rawCID, bytes: other.bytes }]), { name: 'ForeignArchiveError' })
      await assertRefuses(await writeCar([], blocks), { name: 'ForeignArchiveError', code: 'root-required' })
    })

    it('of another version', async () => {
      await assertRefuses(await forge(bytes, ({ root }) => { root.version = 2 }), { name: 'UnsupportedVersionError', version: 2 })
    })

    it('whose snapshot is not valid', async () => {
      const changes: Array<(parts: Parts) => unknown> = [
        ({ snapshot }) => { snapshot.address = '/orbitdb/another' },
        ({ snapshot }) => { snapshot.address = `/orbitdb/${snapshot.address.slice(-20)}` },
        ({ snapshot }) => { snapshot.name = 'a key that no snapshot has' },
        ({ snapshot }) => { snapshot.accessController = { block: 'no digest' } },
        ({ snapshot }) => { snapshot.accessController = { other: snapshot.accessController.block } },
        ({ snapshot }) => { snapshot.accessController = {} },
        ({ snapshot }) => { snapshot.accessController = { database: '/orbitdb/another' } },
        parts => { parts.lists = { entries: { count: 3 } } },
        parts => { parts.lists = { entries: { root: 'no link' } } },
        parts => { parts.shared = [] },
        parts => { parts.root.databases = [] }
      ]
      for (const change of changes) {
        await assertRefuses(await forge(bytes, change), { name: 'DamagedArchiveError' })
      }
    })

    it('whose lists have a link twice', async () => {
      const parts = await takeApart(bytes)
      await assertRefuses(await assemble({ ...parts, entries: [parts.entries[0], ...parts.entries] }), { name: 'DamagedArchiveError' })
    })

    it('with an entry whose signature is not valid', async () => {
      const forged = await forge(bytes, async parts => {
        const [head] = parts.heads
        const entry = dagCbor.decode<any>(parts.blocks.get(toHash(head))!.bytes)
        entry.payload.value = 'forged'
        const block = await createBlock(entry)
        parts.blocks.set(toHash(block.cid), block)
        for (const name of ['heads', 'entries'] as const) {
          parts[name] = [...parts[name].filter(cid => !cid.equals(head)), block.cid]
        }
      })
      for (const verify of [true, 'signatures'] as const) {
        await assertRefuses(forged, { name: 'InvalidEntryError' }, { verify })
      }
      const { orbitdb } = await createReplica()
      await restoreBackup(orbitdb, forged, { verify: false })
    })

    it('without an identity', async () => {
      await assertRefuses(await forge(bytes, parts => { parts.identities.pop() }), { name: 'MissingBlockError' })
    })

    it('without an entry that another names', async () => {
      await assertRefuses(await forge(bytes, parts => { parts.entries = parts.heads }), { name: 'MissingBlockError' })
    })

    it('when it is aborted', async () => {
      await assertRefuses(bytes, { name: 'AbortError' }, { signal: AbortSignal.abort() })
      for (const type of ['orbitdb-backup:restore:read', 'orbitdb-backup:restore:import']) {
        const controller = new AbortController()
        const onProgress = (event: RestoreProgressEvent): void => {
          if (event.type === type) controller.abort()
        }
        await assertRefuses(bytes, { name: 'AbortError' }, { signal: controller.signal, onProgress })
      }
    })

    it('when reading it fails', async () => {
      const failing = async function * (): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 500)
        throw new Error('the disk is gone')
      }
      const { orbitdb } = await createReplica()
      await rejects(restoreBackup(orbitdb, failing()), /the disk is gone/)
    })
  })

  it('closes the source when it fails', async () => {
    const { orbitdb } = await createReplica()
    let isClosed = false
    const source = function * (): Generator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(10)
      } finally {
        isClosed = true
      }
    }
    await rejects(restoreBackup(orbitdb, source()), { name: 'NotAnArchiveError' })
    ok(isClosed)
  })

  it('closes the databases that it opened when one of them fails, and keeps what it restored', async () => {
    const replica = await createReplica()
    const db = await createDatabase(replica, types.events, 'a')
    const others = [await createDatabase(replica, types.events, 'b'), await createDatabase(replica, types.events, 'c')]
    const [first, second] = [db, ...others].sort((a, b) => a.address < b.address ? -1 : 1)
    const bytes = await archive([first, second])
    const hashes = await hashesOf(first)
    await replica.stop()

    const { ipfs, orbitdb } = await createReplica()
    let opened = 0
    const Database: DatabaseFactory<any> = async params => {
      if (++opened === 2) throw new Error('can not be opened')
      return createEvents(params)
    }
    const createEvents = Events()
    await rejects(restoreBackup(orbitdb, bytes, { Database }), /can not be opened/)
    await ipfs.gc()
    deepStrictEqual(await hashesOf(await open(orbitdb, first.address)), hashes)
  })

  it('keeps the access controller of what it restored when another one fails', async () => {
    const replica = await createReplica()
    const all: Database[] = []
    for (const name of ['a', 'b']) {
      const db = await replica.orbitdb.open<Events>(name, { AccessController: OrbitDBAccessController(), sync: false })
      await (db.access as any).grant('write', name)
      await db.add(name)
      all.push(db)
    }
    const [first, second] = all.sort((a, b) => a.address < b.address ? -1 : 1)
    const bytes = await archive([first, second])
    await replica.stop()

    const { ipfs, orbitdb } = await createReplica()
    const createEvents = Events()
    const Database: DatabaseFactory<any> = async params => {
      if (params.address === second.address) throw new Error('can not be opened')
      return createEvents(params)
    }
    await rejects(restoreBackup(orbitdb, bytes, { Database, sync: false }), /can not be opened/)
    await ipfs.gc()
    const db = await orbitdb.open<Events>(first.address, { sync: false })
    deepStrictEqual((await db.all()).map(({ value }) => value), [first.name])
    ok((await (db.access as any).get('write')).has(first.name))
    // And nothing that only the other one needs
    const pins = await pinsOf(ipfs)
    ok(!pins.includes(second.address.split('/').pop()!) && !pins.includes(second.access.address.split('/').pop()!))
  })

  it('leaves databases open that were open before when one of them fails', async () => {
    const replica = await createReplica()
    const all = [await createDatabase(replica, types.events, 'a'), await createDatabase(replica, types.events, 'b')]
    const [first, second] = all.sort((a, b) => a.address < b.address ? -1 : 1)
    const bytes = await archive([first, second])
    await first.close()
    await second.close()

    const db = await open(replica.orbitdb, first.address)
    let isClosed = false
    db.events.on('close', () => { isClosed = true })
    const Database: DatabaseFactory<any> = async () => { throw new Error('can not be opened') }
    await rejects(restoreBackup(replica.orbitdb, bytes, { Database }), /can not be opened/)
    strictEqual(isClosed, false)
    strictEqual(await open(replica.orbitdb, first.address), db)
  })

  it('leaves a database open that was open before, also with the storage of its entries', async () => {
    const replica = await createReplica()
    const entryStorage = await IPFSBlockStorage({ ipfs: replica.ipfs, pin: true })
    const db = await open(replica.orbitdb, 'database', { type: 'events', entryStorage })
    await types.events.write(db, 'writer')
    const bytes = await archive([db])
    strictEqual(await restoreBackup(replica.orbitdb, bytes, { entryStorage }), db)
    await rejects(restoreBackup(replica.orbitdb, flipBit(bytes, bytes.length - 10), { entryStorage }), DamagedArchiveError)
    strictEqual(replica.orbitdb.status(db.address), 'open')
    await types.events.write(db, 'writer')
    strictEqual((await read(db)).entries.length, 8)
  })

  it('refuses storages that several databases would share', async () => {
    const replica = await createReplica()
    const bytes = await archive([await createDatabase(replica, types.events, 'a'), await createDatabase(replica, types.events, 'b')])
    const { orbitdb } = await createReplica()
    for (const name of ['headsStorage', 'indexStorage']) {
      await rejects(restoreBackup(orbitdb, bytes, { [name]: await MemoryStorage() }), TypeError)
    }
  })

  it('restores into a storage of entries that it is given', async () => {
    const replica = await createReplica()
    const { bytes, contents } = await archiveAndStop(replica, await createDatabase(replica))
    const entryStorage = await MemoryStorage()
    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<IterableDatabase>(orbitdb, bytes, { entryStorage })), contents)
    ok((await all(entryStorage.iterator())).length > 0)
  })

  it('restores entries that link to blocks, which the node need not have', async () => {
    const replica = await createReplica()
    const linked = await createBlock('linked')
    await putBlocks(replica.ipfs, [linked])
    const db = await replica.orbitdb.open('database', { type: 'events' })
    await db.add({ link: linked.cid })
    const { bytes, contents } = await archiveAndStop(replica, db)
    const { orbitdb, ipfs } = await createReplica()
    const restored = await restoreBackup<IterableDatabase>(orbitdb, bytes)
    await ipfs.gc()
    deepStrictEqual(await read(restored), contents)
  })

  it('tells how far it has come', async () => {
    const replica = await createReplica()
    const { bytes, contents } = await archiveAndStop(replica, await createDatabase(replica))
    const { orbitdb } = await createReplica()
    const events: RestoreProgressEvent[] = []
    await restoreBackup(orbitdb, bytes, { onProgress: event => { events.push(event) } })
    deepStrictEqual([...new Set(events.map(({ type }) => type))], ['orbitdb-backup:restore:read', 'orbitdb-backup:restore:import'])
    const { blocks } = await readCar(bytes)
    const read = events.findLast(({ type }) => type === 'orbitdb-backup:restore:read')!.detail
    deepStrictEqual([read.blocks.done, read.bytes.total], [blocks.length, bytes.length])
    ok(read.bytes.done > bytes.length * 0.8)
    const total = contents.entries.length
    deepStrictEqual(events.at(-1)!.detail.blocks, { done: total, total })
  })
})
