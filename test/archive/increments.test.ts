// Archives that leave out what others have: what they are, how large, and how they are put together again.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import { concat } from 'uint8arrays/concat'
import { archive, hashesOf, readCar, rootOf, writeCar } from '../helpers/archives.ts'
import { read } from '../helpers/backups.ts'
import { createCipher } from '../helpers/encryption.ts'
import { createBlock, forge, toHash } from '../helpers/forgery.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { createBackup, createSnapshot, Entry, inspectBackup, IPFSAccessController, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { Events } from '../../src/index.ts'

describe('An archive that is based on others', () => {
  const { createReplica } = useReplicas()

  const openEvents = (replica: Replica, name = 'database'): Promise<Events> => {
    return replica.orbitdb.open(name, { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) })
  }

  const addMany = async (db: Events, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await db.add(i)
  }

  /** Backs a database up with each of some archives as the base, and fails unless that gives the root of a whole one. */
  const archiveNew = async (db: Events | Events[], base: Parameters<typeof createBackup>[1] & object): Promise<Uint8Array> => {
    const backup = createBackup(db, base)
    const bytes = concat(await all(backup))
    const whole = createBackup(db)
    strictEqual(String(await backup.root), String(await whole.root))
    return bytes
  }

  it('has only what is new, and the root of a whole one', async () => {
    const db = await openEvents(await createReplica())
    await addMany(db, 300)
    const base = await archive(db)
    const known = new Set((await readCar(base)).blocks.map(({ cid }) => toHash(cid)))
    const hash = await db.add('new')
    const thin = await archiveNew(db, { base })
    const { roots, blocks } = await readCar(thin)
    deepStrictEqual(roots.map(toHash), [await rootOf(await archive(db)), await rootOf(base)])
    ok(blocks.every(({ cid }) => !known.has(toHash(cid))))
    // The root, the snapshot, heads, two nodes of the list of entries, the entry
    strictEqual(blocks.length, 6)
    ok(blocks.some(({ cid }) => toHash(cid) === hash))
  })

  it('can not be judged alone, and with its bases it is judged as the whole', async () => {
    const db = await openEvents(await createReplica())
    await addMany(db, 10)
    const base = await archive(db)
    await db.add('new')
    const thin = await archiveNew(db, { base })
    const baseRoot = (await inspectBackup(base)).root
    const alone = await verifyBackup(thin)
    deepStrictEqual([alone.ok, alone.needs, alone.problems], [false, [baseRoot], []])
    deepStrictEqual((await inspectBackup(thin)).bases, [baseRoot])
    const whole = await verifyBackup(await archive(db))
    for (const sources of [[thin, base], [base, thin]]) {
      const { extra, ...report } = await verifyBackup({ sources })
      const { extra: none, ...expected } = whole
      deepStrictEqual(report, expected)
      ok(extra > none)
    }
  })

  it('restores onto a node that has the rest, and is refused elsewhere with the names of its bases', async () => {
    const db = await openEvents(await createReplica())
    await addMany(db, 200)
    const base = await archive(db)
    await addMany(db, 5)
    const thin = await archiveNew(db, { base })
    const replica = await createReplica()
    const bases = [(await inspectBackup(base)).root]
    await rejects(restoreBackup(replica.orbitdb, thin), { name: 'IncompleteArchiveError', code: 'archive-incomplete', bases })
    await restoreBackup(replica.orbitdb, base)
    const restored = await restoreBackup<Events>(replica.orbitdb, thin)
    deepStrictEqual(await read(restored), await read(db))
    const own = await restored.add('of its own')
    await restoreBackup<Events>(replica.orbitdb, thin)
    deepStrictEqual(await hashesOf(restored), [...await hashesOf(db), own].sort())
  })

  it('restores with its root where the node has exactly the rest, and more', async () => {
    const db = await openEvents(await createReplica())
    await addMany(db, 200)
    const base = await archive(db)
    await addMany(db, 5)
    const thin = await archiveNew(db, { base })
    const { root } = await inspectBackup(thin)
    const replica = await createReplica()
    const restored = await restoreBackup<Events>(replica.orbitdb, base)
    const own = await restored.add('of its own')
    await rejects(restoreBackup(replica.orbitdb, thin, { root: (await inspectBackup(base)).root }), { name: 'WrongRootError', code: 'root-wrong' })
    await restoreBackup<Events>(replica.orbitdb, thin, { root, verify: false })
    deepStrictEqual(await hashesOf(restored), [...await hashesOf(db), own].sort())

    const empty = await createReplica()
    await rejects(restoreBackup(empty.orbitdb, thin, { root }), { name: 'IncompleteArchiveError' })
  })

  it('is one of ten that restore in any order', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    const archives: Uint8Array[] = []
    for (let i = 0; i < 10; i++) {
      await addMany(db, 40)
      if (i % 3 === 1) {
        await writeAsAnother(replica, db, async copy => {
          await db.add('one')
          await copy.add('two')
        })
      }
      archives.push(await archiveNew(db, archives.length === 0 ? {} : { base: { sources: [...archives] } }))
    }
    const contents = await read(db)
    const shuffled = archives.map((archive, i) => ({ archive, at: (i * 7) % 10 })).sort((a, b) => a.at - b.at).map(({ archive }) => archive)
    for (const sources of [archives, archives.toReversed(), shuffled]) {
      const { ok: isWhole, problems, needs } = await verifyBackup({ sources })
      deepStrictEqual([isWhole, problems, needs], [true, [], []])
      const { orbitdb } = await createReplica()
      deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, { sources })), contents)
    }
    const streams = shuffled.map(bytes => (async function * () { yield bytes })())
    strictEqual((await verifyBackup({ sources: streams })).ok, true)
    const { needs } = await verifyBackup({ sources: archives.filter((_, i) => i !== 4) })
    deepStrictEqual(needs, [(await inspectBackup({ sources: archives.slice(0, 5) })).root])
  })

  it('says of which databases nothing is new: a node that has all of them restores it alone', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 10)
    const base = await archive(db)
    const { root } = await inspectBackup(base)
    for (const given of [base, await createSnapshot(db)]) {
      const thin = await archiveNew(db, { base: given })
      // The root, the snapshot and the heads
      strictEqual((await readCar(thin)).blocks.length, 3)
      deepStrictEqual((await inspectBackup(thin)).databases.map(({ address, entries }) => [address, entries]), [[db.address, 10]])
      for (const sources of [[thin, base], [base, thin]]) {
        deepStrictEqual((await verifyBackup({ sources })).ok, true)
      }
      for (const options of [{}, { root }]) {
        strictEqual(await restoreBackup(replica.orbitdb, thin, options), db)
        await rejects(restoreBackup((await createReplica()).orbitdb, thin, options), { name: 'IncompleteArchiveError', bases: [root] })
      }
    }
  })

  it('has the databases of whose access controllers something is new', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open<Events>('database', { type: 'events', AccessController: OrbitDBAccessController() })
    const other = await orbitdb.open<Events>('other', { type: 'events', AccessController: OrbitDBAccessController() })
    await db.add('first')
    const base = await archive([db, other])
    const replica = await createReplica()
    await restoreBackup(replica.orbitdb, base)
    await (db.access as OrbitDBAccessController).grant('write', 'another')
    const thin = await archiveNew([db, other], { base })
    await rejects(restoreBackup((await createReplica()).orbitdb, thin), { code: 'archive-incomplete' })
    const restored = await restoreBackup<Events>(replica.orbitdb, thin)
    strictEqual(restored.address, db.address)
    ok((await (restored.access as OrbitDBAccessController).get('write')).has('another'))
    deepStrictEqual(await read(restored), await read(db))

    // One with the access controller alone
    const { roots, blocks } = await readCar(thin)
    const access = db.access.address!
    const [root, ...rest] = blocks
    const snapshot = rest.find(({ bytes }) => new TextDecoder('latin1').decode(bytes).includes(access))!
    await rejects(restoreBackup(replica.orbitdb, await writeCar(roots, [root, snapshot])), { code: 'archive-incomplete' })
  })

  it('is not restored alone to a node that lacks the rest, wherever it is cut off', async () => {
    const db = await openEvents(await createReplica())
    await addMany(db, 100)
    const base = await archive(db)
    for (const thin of [await archiveNew(db, { base }), await db.add('new').then(() => archiveNew(db, { base }))]) {
      const { roots, blocks } = await readCar(thin)
      const { orbitdb } = await createReplica()
      for (let count = 0; count <= blocks.length; count++) {
        await rejects(restoreBackup(orbitdb, await writeCar(roots, blocks.slice(0, count))), { code: count === 0 ? 'archive-truncated' : 'archive-incomplete' }, `${count} of ${blocks.length} blocks`)
      }
    }
  })

  it('has the root of a whole one whatever the base is of', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 50)
    const early = await archive(db)
    const another = await createReplica()
    const copy = await restoreBackup<Events>(another.orbitdb, early)
    await copy.add('that the first does not have')
    const ofAnother = await archive(copy)
    const other = await openEvents(replica, 'another')
    await addMany(other, 3)
    await addMany(db, 5)
    for (const base of [early, ofAnother, await archive(other), await archive([db, other]), { sources: [ofAnother, await archive(other)] }]) {
      const thin = await archiveNew(db, { base })
      const sources = 'sources' in base ? base.sources : [base]
      const { root } = await inspectBackup(await archive(db))
      strictEqual((await verifyBackup({ sources: [thin, ...sources] }, { root })).ok, true)
    }
  })

  /** A log without entries, the hashes of those that it gets, and what adds some. */
  const openGrowing = async () => {
    const db = await openEvents(await createReplica())
    const hashes: string[] = []
    const add = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) hashes.push(await db.add(i))
    }
    return { db, hashes, add }
  }

  describe('of a log that was not closed well has the root of a whole one:', () => {
    const toBytes = (heads: object[]): Uint8Array => new TextEncoder().encode(JSON.stringify(heads))

    const damages: Record<string, (db: Events, hashes: string[]) => Promise<void>> = {
      'a head is not in the index': (db, hashes) => db.log.indexStorage.del(hashes.at(-1)!),
      'other entries are not in the index': async (db, hashes) => {
        for (const hash of hashes.slice(-5, -1)) await db.log.indexStorage.del(hash)
      },
      'nothing of the base is in the index': async (db, hashes) => {
        for (const hash of hashes.slice(0, 20)) await db.log.indexStorage.del(hash)
      },
      'there are heads that are none any more': (db, hashes) => db.log.headsStorage.put('heads', toBytes([{ hash: hashes.at(-1)!, next: [] }, { hash: hashes[21], next: [] }, { hash: hashes[3], next: [] }]))
    }

    for (const [name, damage] of Object.entries(damages)) {
      it(name, async () => {
        const { db, hashes, add } = await openGrowing()
        await add(20)
        const base = await archive(db)
        await add(7)
        const whole = await rootOf(await archive(db))
        await damage(db, hashes)
        await archiveNew(db, { base })
        strictEqual(await rootOf(await archive(db)), whole)
      })
    }
  })

  it('has what the heads of the log lead to, as everybody sees it; a whole one has what else is in the index, and increments of that', async () => {
    const { db, hashes, add } = await openGrowing()
    await add(20)
    const base = await archive(db)
    await add(3)
    const reached = await rootOf(await archive(db))
    await add(4)
    const all = await archive(db)
    await db.log.headsStorage.put('heads', new TextEncoder().encode(JSON.stringify([{ hash: hashes[22], next: [] }])))
    strictEqual(await rootOf(await archive(db, { base })), reached)
    strictEqual(await rootOf(await archiveNew(db, { base: all })), await rootOf(all))
  })

  it('reads of the log only what is new, and of the base on the node few nodes', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 300)
    const base = await createSnapshot(db)
    await addMany(db, 3)
    const { indexStorage } = db.log
    const read: string[] = []
    for (const method of ['keys', 'iterator', 'get'] as const) {
      const of = (indexStorage as any)[method].bind(indexStorage)
      ;(indexStorage as any)[method] = (...args: unknown[]) => { read.push(method); return of(...args) }
    }
    await archive(db, { base })
    // The head of the base
    deepStrictEqual(read, ['get'])
    await rejects(archive(db, { base: concat([await archive(db)]).subarray(0, 2000) }), { name: 'TruncatedArchiveError' })
  })

  it('is refused where too much comes before the lists of the base, unless that is a file, of which single blocks are read', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 100)
    const base = await archive(db)
    await addMany(db, 3)
    const thin = await archiveNew(db, { base })
    const { roots, blocks } = await readCar(base)
    const limits = { earlyBytes: 50_000 }
    const others = await Promise.all(Array.from({ length: 2000 }, (_, i) => createBlock(i)))
    const copies = blocks.flatMap(({ cid, bytes }) => Array.from({ length: 20 }, (_, i) => ({ cid, bytes: bytes.map(byte => byte ^ i + 1) })))
    const copiesOfOthers = others.map(({ cid }) => ({ cid, bytes: Uint8Array.of(1) }))
    for (const before of [others, [...copies, ...copiesOfOthers]]) {
      const bytes = await writeCar(roots, [...before, ...blocks.toReversed()])
      for (const source of [bytes, new Blob([bytes as BlobPart])]) deepStrictEqual(await archive(db, { base: source, limits }), thin)
      const stream = async function * () { for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000) }
      await rejects(archive(db, { base: stream(), limits }), { name: 'LimitExceededError', limit: 'earlyBytes', message: /Read it from a file/ })
      deepStrictEqual(await archive(db, { base: stream() }), thin)
    }
  })

  it('lacks what the list of its base lacks, as verify and restore say, where a whole one has it', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 60)
    const base = await archive(db)
    const gone = (await db.log.values())[20].hash
    const forged = await forge(base, parts => { parts.entries = parts.entries.filter(cid => toHash(cid) !== gone) })
    await addMany(db, 3)
    const thin = await archive(db, { base: forged })
    strictEqual((await inspectBackup(thin)).databases[0].entries, 62)
    const sources = [forged, thin]
    const { problems } = await verifyBackup({ sources })
    deepStrictEqual(problems.map(({ code, hash }) => [code, hash]), [['block-missing', gone]])
    await rejects(restoreBackup((await createReplica()).orbitdb, { sources }), { name: 'MissingBlockError', hash: gone })
  })

  it('has the root of a whole one when a branch of long ago is joined, whatever base it has', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 60)
    const bases = [await archive(db)]
    for (let round = 0; round < 2; round++) {
      await writeAsAnother(replica, db, async copy => {
        await addMany(db, 80)
        bases.push(await archive(db))
        await addMany(copy, 50)
        bases.push(await archive(copy))
      })
      await archiveNew(db, { base: bases.at(-1)! })
      bases.push(await archive(db))
      await addMany(db, 2)
    }
    for (const base of [...bases, { sources: bases }]) {
      const thin = await archiveNew(db, { base })
      const { root } = await inspectBackup(await archive(db))
      strictEqual((await verifyBackup({ sources: [thin, ...'sources' in base ? base.sources : [base]] }, { root })).ok, true)
      for (const source of [new Blob([base as BlobPart]), (async function * () { yield base as Uint8Array })()]) {
        if (!('sources' in base)) deepStrictEqual(await archive(db, { base: source }), thin)
      }
    }
  })

  it('links no block twice when a log has entries of another', async () => {
    const replica = await createReplica()
    const [a, b] = [await openEvents(replica, 'a'), await openEvents(replica, 'b')]
    await addMany(a, 40)
    await addMany(b, 40)
    const early = await archive([a, b])
    const ofB = await archive(b)
    const hash = await b.add('of b')
    await a.log.indexStorage.put(hash, true)
    await a.log.headsStorage.put('heads', new TextEncoder().encode(JSON.stringify([...(await a.log.snapshot()).heads, { hash, next: [] }])))
    const ofA = await archive(a)
    const laterOfB = await archive(b)
    const later = await archive([a, b])
    await addMany(a, 2)
    for (const base of [early, ofA, ofB, later, { sources: [ofA, ofB] }, { sources: [ofA, laterOfB] }]) {
      const thin = await archiveNew([a, b], { base })
      const { root } = await inspectBackup(await archive([a, b]))
      strictEqual((await verifyBackup({ sources: [thin, ...'sources' in base ? base.sources : [base]] }, { root })).problems.some(({ code }) => code === 'dag-invalid'), false)
    }
  })

  it('has the root of a whole one where the log forks, and clocks are absurd', async () => {
    const replica = await createReplica()
    const db = await openEvents(replica)
    await addMany(db, 10)
    const base = await archive(db)
    const [head] = await db.log.heads()
    for (const [i, time] of [0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER].entries()) {
      const entry = await Entry.create(replica.orbitdb.identity, db.address, { op: 'ADD', key: null, value: i }, undefined, { id: replica.orbitdb.identity.publicKey, time }, [head.hash], [])
      await db.log.joinEntry((await Entry.encode(entry)).bytes)
    }
    strictEqual((await db.log.heads()).length, 5)
    const thin = await archiveNew(db, { base })
    await archiveNew(db, { base: { sources: [base, thin] } })
  })

  it('is of several databases, some of which did not change', async () => {
    const replica = await createReplica()
    const a = await openEvents(replica, 'a')
    const b = await replica.orbitdb.open('b', { type: 'events', AccessController: OrbitDBAccessController() }) as Events
    await addMany(a, 5)
    await addMany(b, 5)
    const base = await archive([a, b])
    await addMany(a, 5)
    const thin = await archive([a, b], { base })
    deepStrictEqual(await rootOf(thin).catch(() => undefined), await rootOf(await archive([a, b])))
    const { orbitdb } = await createReplica()
    await restoreBackup(orbitdb, base)
    const restored = await restoreBackup<Events>(orbitdb, thin)
    deepStrictEqual(await read(restored), await read(a))
    strictEqual((await verifyBackup({ sources: [thin, base] })).ok, true)
  })

  it('can be based on archives that name each other as their bases, as a log is again as it was', async () => {
    const replica = await createReplica()
    const [a, b] = [await openEvents(replica, 'a'), await openEvents(replica, 'b')]
    await addMany(a, 5)
    await addMany(b, 5)
    const ofA = await archive(a)
    const both = await archiveNew([a, b], { base: ofA })
    const again = await archiveNew(a, { base: { sources: [ofA, both] } })
    const base = { sources: [ofA, both, again] }
    const known = new Set((await Promise.all([ofA, both].map(readCar))).flatMap(({ blocks }) => blocks.map(({ cid }) => toHash(cid))))
    const added = [await a.add('new'), await b.add('new')]
    const { blocks } = await readCar(await archiveNew([a, b], { base }))
    deepStrictEqual(blocks.filter(({ cid }) => known.has(toHash(cid))), [])
    deepStrictEqual(added.filter(hash => !blocks.some(({ cid }) => toHash(cid) === hash)), [])
  })

  it('is restored with its bases as what it is, without what only these have', async () => {
    const replica = await createReplica()
    const [a, b] = [await openEvents(replica, 'a'), await openEvents(replica, 'b')]
    await addMany(a, 5)
    await addMany(b, 5)
    const base = await archive([a, b])
    await addMany(a, 5)
    const thin = await archive(a, { base })
    const sources = [base, thin]
    deepStrictEqual((await inspectBackup({ sources })).databases.map(({ address }) => address), [a.address])
    const { orbitdb } = await createReplica()
    deepStrictEqual(await read(await restoreBackup<Events>(orbitdb, { sources })), await read(a))
    strictEqual(orbitdb.status(b.address), 'closed')
  })

  it('is of a database that is encrypted, whose list of entries is the same with the key and without', async () => {
    const encryption = { replication: await createCipher() }
    const replica = await createReplica()
    const db = await replica.orbitdb.open('secret', { type: 'events', encryption }) as Events
    await addMany(db, 100)
    const base = await archive(db)
    await addMany(db, 3)
    const thin = await archiveNew(db, { base })
    ok((await readCar(thin)).blocks.length < 20)
    await db.close()
    const unread = await replica.orbitdb.open(db.address) as Events
    const whole = await readCar(await archive(unread))
    const nodesOf = (blocks: Array<{ bytes: Uint8Array, cid: any }>): string[] => blocks.filter(({ bytes }) => bytes[0] === 0x86 && Buffer.from(bytes.subarray(2, 9)).toString() === 'entries').map(({ cid }) => String(cid))
    const [, ...readable] = nodesOf((await readCar(await archive(unread, { base }))).blocks)
    ok(readable.length < nodesOf(whole.blocks).length)
  })
})
