// What the page does: each step is called by the test, and returns what JSON can say.
import all from 'it-all'
import { createReplica } from './nodes.ts'
import { createBackup, createSnapshot, deleteSnapshot, diffBackups, inspectBackup, IPFSAccessController, listSnapshots, mergeBackups, openBackup, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Replica, Stores } from './nodes.ts'
import type { ArchiveSource, Database, Documents, Events, KeyValue, TypedDatabase } from '../../src/index.ts'

type Databases = [Documents, Events, KeyValue]

const toHex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')

/** As the expected values of the fixture are written. */
const toJSON = (value: unknown): any => JSON.parse(JSON.stringify(value, (key, value) => value instanceof Uint8Array ? toHex(value) : value))

/** Reads all that is in a database. */
const read = async (db: Database<any>) => {
  const { address, name, type, meta, log, iterator } = db as TypedDatabase<any> & { iterator: () => AsyncIterable<unknown> }
  return {
    address,
    name,
    type,
    meta,
    heads: (await log.heads()).map(({ hash }) => hash),
    entries: (await log.values()).map(({ hash }) => hash),
    records: toJSON(await all(iterator())) as Array<{ value: unknown }>
  }
}

const readAll = async (databases: Database<any>[]) => {
  const sorted = databases.toSorted((a, b) => a.name < b.name ? -1 : 1)
  return Promise.all(sorted.map(read))
}

const archive = async (databases: Database<any> | Database<any>[]): Promise<Blob> => new Blob(await all(createBackup(databases)) as BlobPart[])

/** Does something with a new node, and stops it. */
const withReplica = async <Result> (stores: Stores, use: (replica: Replica) => Promise<Result>, directory?: string): Promise<Result> => {
  const replica = await createReplica(stores, directory)
  try {
    return await use(replica)
  } finally {
    await replica.stop()
  }
}

/** How many bytes were stored with the blocks of a node because they were parts of the same memory. */
const paddingOf = async ({ blockstore }: Replica['ipfs']): Promise<number> => {
  let padding = 0
  for await (const { bytes } of blockstore.getAll()) {
    for await (const { buffer, byteLength } of bytes) padding += buffer.byteLength - byteLength
  }
  return padding
}

/** The stores of a node, and how the keys begin of what is restored. */
const prefixes = { blocks: '/', data: '/pin' }

const toText = (key: unknown): string => new TextDecoder().decode(key as Uint8Array)

/** The blocks or the pins of a node, as IndexedDB has them: keys as text, and values in hexadecimal. */
const readRecords = async (directory: string, name: 'blocks' | 'data'): Promise<Array<[key: string, value: string]>> => {
  const location = `${directory}/${name}`
  const toResult = <Result>(request: IDBRequest<Result>): Promise<Result> => new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error) }
  })
  const db = await toResult(indexedDB.open(`level-js-${location}`))
  try {
    const store = db.transaction(location).objectStore(location)
    const [keys, values] = await Promise.all([toResult(store.getAllKeys()), toResult(store.getAll())])
    return keys.map((key, i): [string, string] => [toText(key), toHex(values[i])]).filter(([key]) => key.startsWith(prefixes[name]))
  } finally {
    db.close()
  }
}

const readNode = async (directory: string) => [...await readRecords(directory, 'blocks'), ...await readRecords(directory, 'data')]

/** Calls a function after each write to IndexedDB, while something is done. */
const watching = async <Result> (onPut: (store: IDBObjectStore, args: [value: any, key?: IDBValidKey], request: IDBRequest) => void, act: () => Promise<Result>): Promise<Result> => {
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (...args) {
    const request = put.apply(this, args)
    onPut(this, args, request)
    return request
  }
  try {
    return await act()
  } finally {
    IDBObjectStore.prototype.put = put
  }
}

/** Does something, and returns how many writes of a transaction waited at a time, at most. */
const countWaiting = async (act: () => Promise<unknown>): Promise<number> => {
  const waiting = new Map<IDBTransaction, number>()
  let most = 0
  await watching(({ transaction }, args, request) => {
    const change = (by: number) => waiting.set(transaction, (waiting.get(transaction) ?? 0) + by).get(transaction)!
    most = Math.max(most, change(1))
    request.addEventListener('success', () => { change(-1) }, { capture: true })
  }, act)
  return most
}

/** Writes to databases of every type. */
const write = async ({ open }: Replica['orbitdb']): Promise<Databases> => {
  const documents = await open('documents', { type: 'documents', meta: { about: 'a browser' }, AccessController: IPFSAccessController({ write: ['*'] }) })
  const events = await open('events', { type: 'events' })
  const keyvalue = await open('keyvalue', { type: 'keyvalue', AccessController: OrbitDBAccessController() })
  for (const name of ['abc', 'def', 'ghi', 'ü']) {
    await documents.put({ _id: name, name, bytes: new TextEncoder().encode(name) })
    await events.add({ name, list: [1, -0.5, null, true] })
    await keyvalue.put(name, name)
  }
  await documents.del('def')
  await keyvalue.del('ghi')
  await (keyvalue.access as OrbitDBAccessController).grant('write', 'somebody else')
  return [documents, events, keyvalue]
}

/** Streams a blob, a few bytes at a time. */
const toStream = (blob: Blob): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream({
    pull: async controller => {
      const bytes = await blob.slice(at, at += 100).bytes()
      bytes.length > 0 ? controller.enqueue(bytes) : controller.close()
    }
  })
}

const sources = {
  'a Blob': blob => blob,
  'a Response': blob => new Response(blob),
  'a ReadableStream': toStream
} satisfies Record<string, (blob: Blob) => ArchiveSource>

export type Source = keyof typeof sources

const fetchArchive = async (): Promise<Response> => fetch('/archive.car')

/** The archive that `create` made. */
let created: Blob

const steps = {
  /** The globals of Node.js that are there. */
  nodeGlobals: () => ['Buffer', 'global', 'process', 'require', 'setImmediate'].filter(name => name in globalThis),

  /** Writes databases and archives them. */
  create: (stores: Stores) => withReplica(stores, async ({ orbitdb }) => {
    const databases = await write(orbitdb)
    const contents = await readAll(databases)
    created = await archive(databases)
    return { contents, writer: orbitdb.identity.id, bytes: toHex(await created.bytes()) }
  }),

  inspect: (source: Source) => inspectBackup(sources[source](created)),

  verify: (source: Source) => verifyBackup(sources[source](created)),

  /** Restores the archive that was created on a node that has nothing of it. */
  restore: (stores: Stores, source: Source, directory?: string) => withReplica(stores, async ({ ipfs, orbitdb }) => {
    const databases = await restoreBackup<Databases>(orbitdb, sources[source](created))
    const { root } = await inspectBackup(await archive(databases))
    return { contents: await readAll(databases), identity: orbitdb.identity.id, padding: await paddingOf(ipfs), root }
  }, directory),

  /** What a restore writes to two nodes, the second of which is not known, and how many writes of a transaction wait, at most. */
  restoreOnUnknown: async () => {
    const all = []
    for (const isKnown of [true, false]) {
      all.push(await withReplica('IndexedDB', async ({ directory, ipfs: { blockstore }, orbitdb }) => {
        if (!isKnown) blockstore.get = blockstore.get.bind(blockstore)
        const before = new Set((await readNode(directory)).map(([key]) => key))
        const most = await countWaiting(() => restoreBackup(orbitdb, created))
        return { most, written: (await readNode(directory)).filter(([key]) => !before.has(key)) }
      }))
    }
    return all
  },

  /** How many batches a node writes whose Level database was changed, or is of a class that extends that of browser-level. */
  restoreOnExtended: (isExtended: boolean) => withReplica('IndexedDB', async ({ ipfs, orbitdb }) => {
    let count = 0
    const { db } = (ipfs.blockstore as any).child.child.child
    const { _batch } = db
    const changed = {
      _batch (...args: unknown[]) {
        count++
        return _batch.apply(this, args)
      }
    }
    isExtended ? Object.setPrototypeOf(db, Object.setPrototypeOf(changed, Object.getPrototypeOf(db))) : Object.assign(db, changed)
    return { contents: await readAll(await restoreBackup<Databases>(orbitdb, created)), count }
  }),

  /** Restores where a write to a store fails, and once more: the error, whether the store is as it was, and what is restored then. */
  restoreOnFailure: (name: 'blocks' | 'data') => withReplica('IndexedDB', async ({ directory, orbitdb }) => {
    const before = await readRecords(directory, name)
    let count = 0
    const error = await watching((store, [value, key]) => {
      // The key is there by then, so that it can not be added, and the transaction is aborted
      if (store.name === `${directory}/${name}` && toText(key).startsWith(prefixes[name]) && ++count === 5) store.add(value, key)
    }, () => restoreBackup(orbitdb, created).then(() => 'none', ({ name }) => name))
    const isSame = JSON.stringify(await readRecords(directory, name)) === JSON.stringify(before)
    return { error, isSame, contents: await readAll(await restoreBackup<Databases>(orbitdb, created)) }
  }),

  /** Reads what was restored, of which nothing must be garbage. */
  reopen: (stores: Stores, directory: string, addresses: string[]) => withReplica(stores, async ({ ipfs, orbitdb }) => {
    await ipfs.gc()
    const databases = []
    for (const address of addresses) databases.push(await orbitdb.open(address))
    return readAll(databases)
  }, directory),

  /** Has two nodes write to a database, that know of each other only by archives. */
  exchange: (stores: Stores) => withReplica(stores, one => withReplica(stores, async another => {
    const db = await one.orbitdb.open('shared', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) })
    await db.add('first')
    const copy = await restoreBackup<Events>(another.orbitdb, await archive(db))
    await db.add('of one')
    await copy.add('of another')
    await restoreBackup(one.orbitdb, await archive(copy))
    await restoreBackup(another.orbitdb, await archive(db))
    return [await readAll([db]), await readAll([copy])]
  })),

  /** Makes snapshots, looks into files and snapshots, compares, merges and salvages them. */
  browse: (stores: Stores) => withReplica(stores, async ({ ipfs, orbitdb }) => {
    const toFile = (...parts: BlobPart[]): File => new File(parts, 'backup.car')
    const db = await orbitdb.open('browsed', { type: 'events', AccessController: OrbitDBAccessController() })
    for (let i = 0; i < 40; i++) await db.add({ i, bytes: new Uint8Array([i]) })
    const monday = toFile(await archive(db))
    const snapshot = await createSnapshot(db)
    await ipfs.gc()
    await db.add('new')
    const tuesday = toFile(...await all(createBackup(db, { base: snapshot })) as BlobPart[])
    const whole = await archive(db)
    const difference = await diffBackups(monday, db, { hashes: true })
    const onNode = await diffBackups(snapshot, { sources: [monday, tuesday] }, { ipfs })
    const merged = toFile(...await all(mergeBackups([monday, tuesday])) as BlobPart[])

    const opened = []
    for (const source of [merged, { sources: [tuesday, monday] }, { sources: [tuesday, snapshot] }]) {
      const backup = await openBackup(source, { ipfs })
      const copy = await backup.open<Events>('browsed')
      opened.push(...await readAll([copy]), await copy.add('no').then(() => 'written', error => error.code))
      await backup.close()
    }
    const listed = (await listSnapshots(ipfs)).map(({ root, isComplete, databases: [{ entries }] }) => [String(root), isComplete, entries])
    const contents = await readAll([db])
    const state = await db.export()
    const access = state.accessController as typeof state
    const files = [...await all(access.blocks), ...await all(state.blocks)].map(([, bytes]) => new File([bytes as BlobPart], 'block'))
    const salvaged = await withReplica('memory', async ({ orbitdb }) => {
      return readAll([await restoreBackup<Events>(orbitdb, { sources: files }, { salvage: true })])
    })
    return {
      contents,
      opened,
      salvaged,
      entries: difference.databases.find(({ isAccess }) => !isAccess)!.entries,
      onNode: onNode.databases.find(({ isAccess }) => !isAccess)!.entries,
      isMerged: toHex(await merged.bytes()) === toHex(await whole.bytes()),
      isListed: JSON.stringify(listed) === JSON.stringify([[String(snapshot), true, 40]]),
      isDeleted: await deleteSnapshot(ipfs, snapshot) && (await listSnapshots(ipfs)).length === 0
    }
  }),

  /** Restores a state, without an archive. */
  import: (stores: Stores) => withReplica(stores, from => withReplica(stores, async to => {
    const databases = await write(from.orbitdb)
    const imported = []
    for (const db of databases) imported.push(await to.orbitdb.import(await db.export()))
    return [await readAll(databases), await readAll(imported)]
  })),

  inspectFixture: async () => inspectBackup(await fetchArchive()),

  verifyFixture: async () => verifyBackup(await fetchArchive()),

  restoreFixture: (stores: Stores) => withReplica(stores, async ({ orbitdb }) => {
    const [documents, settings] = await restoreBackup<[Documents, KeyValue]>(orbitdb, await fetchArchive())
    const access = settings.access as OrbitDBAccessController
    return {
      documents: toJSON(await documents.all()),
      meta: documents.meta,
      settings: toJSON(await settings.all()),
      writers: [...await access.get('write')],
      bytes: toHex(await (await archive([documents, settings])).bytes())
    }
  }),

  /** The names of the errors that sources which are no archives are refused with. */
  refuse: (stores: Stores) => withReplica(stores, async ({ orbitdb }) => {
    const bytes = await (await fetchArchive()).bytes()
    const broken = {
      truncated: new Blob([bytes.subarray(0, -1)]),
      damaged: new Response(bytes.with(-1, bytes.at(-1)! ^ 1)),
      empty: new Blob(),
      html: await fetch('/'),
      missing: new Response(null, { status: 404 })
    }
    const names: Record<string, string> = {}
    for (const [name, source] of Object.entries(broken)) {
      names[name] = await restoreBackup(orbitdb, source).then(() => 'none', error => error.name)
    }
    return names
  })
}

export type Steps = typeof steps

declare global {
  var steps: Steps
}

globalThis.steps = steps
