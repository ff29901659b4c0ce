// The form of archives, against a second reader and writer by docs/FORMAT.md on @ipld/dag-cbor and @ipld/car alone.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { archive, readCar } from '../helpers/archives.ts'
import { createCipher } from '../helpers/encryption.ts'
import { createBlock, createList as createListAgain, forge } from '../helpers/forgery.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { root } from '../helpers/scripts.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { cidOf } from '../../src/blocks/cids.ts'
import { decodeNode, encodeNode } from '../../src/archive/format/node.ts'
import { decodeRoot, encodeRoot } from '../../src/archive/format/root.ts'
import { decodeSnapshot, encodeSnapshot } from '../../src/archive/format/snapshot.ts'
import { createListReader } from '../../src/archive/lists/read.ts'
import { createList } from '../../src/archive/lists/write.ts'
import { defaultLimits, IPFSAccessController, OrbitDBAccessController, restoreBackup, verifyBackup } from '../../src/index.ts'
import type { Events, KeyValue } from '../../src/index.ts'

const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'
const keyOf = (digest: Uint8Array): string => Buffer.from(digest).toString('hex')
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

interface Items {
  digests: Uint8Array
  times: Float64Array
}

const createItems = (count: number, timeOf = (i: number) => i): Items => ({ digests: randomBytes(32 * count), times: Float64Array.from({ length: count }, (_, i) => timeOf(i)) })

/** Writes a list and keeps its nodes. */
const write = async (items: Items) => {
  const list = (await createList('entries', address, items))!
  return { list, nodes: new Map([...list.nodes()].map(({ digest, bytes }) => [keyOf(digest), bytes])) }
}

/** Reads a list, and counts the nodes that it takes. */
const readList = (list: { count: number, root: Uint8Array }, nodes: ReadonlyMap<string, Uint8Array>) => {
  const reader = createListReader('entries', address, list)
  const items: Array<[time: number, digest: string]> = []
  let read = 0
  for (let wanted = reader.wanted(); wanted != null; wanted = reader.wanted()) {
    read++
    const leaf = reader.add(nodes.get(keyOf(wanted.digest))!)
    for (const [i, time] of leaf?.times.entries() ?? []) items.push([time, keyOf(leaf!.digests.subarray(i * 32, i * 32 + 32))])
  }
  return { items, read }
}

describe('The format of archives', () => {
  const { createReplica } = useReplicas()

  describe('has lists', () => {
    const clocks: Record<string, (i: number) => number> = {
      'of a chain': i => i + 1,
      'of forks': i => i >> 2,
      'of equal clocks': () => 7,
      'of absurd clocks': i => i % 3 === 0 ? i : 2 ** 53 - 1 - (i % 2)
    }
    for (const [name, timeOf] of Object.entries(clocks)) {
      it(`${name}, which are read as they were written, and written as by another`, async () => {
        for (const count of [1, 2, 31, 32, 33, 512, 513, 5000]) {
          const items = createItems(count, timeOf)
          const { list, nodes } = await write(items)
          const expected = Array.from(items.times, (time, i): [number, string] => [time, keyOf(items.digests.subarray(i * 32, i * 32 + 32))])
            .sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
          deepStrictEqual(readList(list, nodes), { items: expected, read: nodes.size })
          for (const bytes of nodes.values()) {
            strictEqual(keyOf(dagCbor.encode(dagCbor.decode(bytes))), keyOf(bytes))
            strictEqual(keyOf(encodeNode(decodeNode(bytes)!)), keyOf(bytes))
            ok(bytes.length < 2 ** 15)
          }
          const again = await createListAgain('entries', address, Array.from(items.times, (time, i) => ({ time, cid: CID.decode(cidOf(items.digests, i * 32, 'raw')) })), ({ cid }) => cid)
          deepStrictEqual(again.blocks.map(({ bytes }) => keyOf(sha256(bytes))), [...nodes.keys()])
        }
      })
    }

    it('which share all but what changed', async () => {
      const items = createItems(20_000)
      const { nodes } = await write(items)
      const more = { digests: Buffer.concat([items.digests, randomBytes(32)]), times: Float64Array.from([...items.times, 20_000]) }
      const late = { digests: more.digests, times: Float64Array.from([...items.times, 10_000]) }
      for (const changed of [more, late]) {
        const { nodes: others } = await write(changed)
        const bytes = [...others].filter(([key]) => !nodes.has(key)).reduce((sum, [, bytes]) => sum + bytes.length, 0)
        ok(bytes < 40_000, `${bytes} bytes`)
      }
    })

    it('of which a reader refuses any other form, after a few nodes', async () => {
      const items = createItems(20_000)
      const { list, nodes } = await write(items)
      const [rootKey, rootBytes] = [keyOf(list.root), nodes.get(keyOf(list.root))!]
      type Value = [string, string | null, number, number[], number[], any[]]
      const change = (bytes: Uint8Array, fn: (node: Value) => unknown): Uint8Array => {
        const node = dagCbor.decode<Value>(bytes)
        return dagCbor.encode(fn(node) ?? node)
      }
      /** Changes the first node, and a leaf below it where that is asked for. */
      const withRoot = (bytes: Uint8Array) => ({ list: { ...list, root: sha256(bytes) }, nodes: new Map(nodes).set(keyOf(sha256(bytes)), bytes) })
      const withFirst = (fn: (node: Value) => unknown) => withRoot(change(rootBytes, fn))
      /** Replaces the first leaf, and all above it. */
      const withLeaf = (fn: (node: Value) => unknown) => {
        const all = new Map(nodes)
        const replace = (key: string): Uint8Array => {
          const bytes = nodes.get(key)!
          const [, , level, , , items] = dagCbor.decode<Value>(bytes)
          const changed = level === 0
            ? change(bytes, fn)
            : change(bytes, node => { node[5][0] = CID.decode(cidOf(replace(keyOf(items[0].multihash.digest)))) })
          all.set(keyOf(sha256(changed)), changed)
          return sha256(changed)
        }
        return { list: { ...list, root: replace(rootKey) }, nodes: all }
      }
      const attacks = {
        'a larger count': { list: { ...list, count: list.count + 1 }, nodes },
        'another list': withFirst(node => { node[0] = 'heads' }),
        'another database': withFirst(node => { node[1] = address.replace('zdpuA', 'zdpuB') }),
        'no database': withFirst(node => { node[1] = null }),
        'another level': withFirst(node => { node[2]++ }),
        'a level without end': withFirst(node => { node[2] = 13 }),
        'a level that is not needed': withFirst(node => [node[0], node[1], node[2] + 1, [list.count], [node[4].reduce((a, b) => a + b)], [CID.decode(cidOf(list.root))]]),
        'counts of others': withFirst(node => { node[3][0]++; node[3][1]-- }),
        'a count of none': withFirst(node => { node[3][1] += node[3][0]; node[3][0] = 0 }),
        'times of others': withFirst(node => { node[4][0]--; node[4][1]++ }),
        'a time too large': withFirst(node => { node[4][node[4].length - 1] = Number.MAX_SAFE_INTEGER }),
        'a child twice': withFirst(node => { node[5][1] = node[5][0] }),
        'children in another order': withFirst(node => { node[5].reverse() }),
        'no children': withFirst(node => { node[3] = node[4] = node[5] = [] }),
        'a name for a child': withFirst(node => { node[5][0] = node[5][0].multihash.digest }),
        'raw links to nodes': withFirst(node => { node[5] = node[5].map(cid => CID.createV1(0x55, cid.multihash)) }),
        'a key more': withFirst(node => [...node, 1]),
        'items in another order': withLeaf(node => { node[5].reverse() }),
        'an item twice': withLeaf(node => { node[5][1] = node[5][0]; node[4][1] = 0 }),
        'a leaf with dag-cbor links': withLeaf(node => { node[5] = node[5].map(cid => CID.createV1(0x71, cid.multihash)) }),
        'a leaf that ends too early': withLeaf(node => { node[4].pop(); node[5].pop() }),
        'an empty leaf': withLeaf(node => { node[4] = []; node[5] = [] }),
        'a leaf that is none': withLeaf(() => 'leaf')
      }
      for (const [name, { list, nodes }] of Object.entries(attacks)) {
        let asked = 0
        const counted = { get: (key: string) => { asked++; return nodes.get(key) } } as unknown as ReadonlyMap<string, Uint8Array>
        throws(() => readList(list, counted), Error, name)
        ok(asked <= 5, `${name}: ${asked} nodes`)
      }
    })

    it('of which no other bytes are a node, a snapshot or a root', () => {
      const digest = randomBytes(32)
      const list = { count: 3, root: digest }
      const blocks: Array<[Uint8Array, (bytes: Uint8Array) => unknown, (value: any) => Uint8Array]> = [
        [encodeRoot({ databases: [digest], access: [randomBytes(32)], shared: list }), decodeRoot, encodeRoot],
        [encodeSnapshot({ address, accessController: { block: digest }, heads: list, entries: list, identities: list, isUnread: true }), decodeSnapshot, encodeSnapshot],
        [encodeNode({ list: 'entries', address, level: 0, counts: [], times: [1, 300], digests: randomBytes(64) }), decodeNode, encodeNode]
      ]
      for (const [bytes, decode, encode] of blocks) {
        strictEqual(keyOf(encode(decode(bytes))), keyOf(bytes))
        strictEqual(keyOf(dagCbor.encode(dagCbor.decode(bytes))), keyOf(bytes))
        fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
          const other = isCut ? bytes.subarray(0, at) : bytes.with(at, byte)
          const value = decode(other)
          if (value !== undefined) strictEqual(keyOf(encode(value)), keyOf(other))
        }), { numRuns: 1000 })
        strictEqual(decode(Uint8Array.from([...bytes, 0])), undefined)
      }
    })
  })

  it('is read by a few lines on @ipld/dag-cbor and @ipld/car', async () => {
    const replica = await createReplica()
    const events = await replica.orbitdb.open('events', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) }) as Events
    for (let i = 0; i < 150; i++) await events.add(i)
    await writeAsAnother(replica, events, async copy => {
      await events.add('one')
      await copy.add('two')
    })
    const settings = await replica.orbitdb.open('settings', { type: 'keyvalue', AccessController: OrbitDBAccessController() }) as KeyValue
    await settings.put('key', 'value')

    // A second reader: from here on nothing is of src/
    const reader = await CarReader.fromBytes(await archive([events, settings]))
    const [root] = await reader.getRoots()
    const blocks = new Map<string, { cid: CID, bytes: Uint8Array }>()
    for await (const block of reader.blocks()) blocks.set(keyOf(block.cid.multihash.digest), block)
    const parents = new Map<string, number>()
    const get = (cid: CID): any => {
      const key = keyOf(cid.multihash.digest)
      parents.set(key, (parents.get(key) ?? 0) + 1)
      const { bytes } = blocks.get(key)!
      return cid.code === dagCbor.code ? dagCbor.decode(bytes) : bytes
    }
    const walk = (cid: CID): string[] => {
      const [, , , , , items] = get(cid)
      return items.flatMap((item: CID | Uint8Array) => {
        if (item instanceof Uint8Array) return [keyOf(item)]
        if (item.code === dagCbor.code) return walk(item)
        get(item)
        return [keyOf(item.multihash.digest)]
      })
    }
    const walkList = (list?: { root: CID, count: number }): string[] => {
      const found = list == null ? [] : walk(list.root)
      strictEqual(found.length, list?.count ?? 0)
      return found
    }
    const { format, version, databases, access, shared } = get(root)
    deepStrictEqual([format, version, databases.length, access.length], ['orbitdb-backup', 1, 2, 1])
    const sharedKeys = walkList(shared)
    const found = [...access, ...databases].map((cid: CID) => {
      const snapshot = get(cid)
      return {
        address: snapshot.address,
        heads: walkList(snapshot.heads),
        identities: walkList(snapshot.identities),
        entries: walkList(snapshot.entries)
      }
    })
    const keyOfHash = (hash: string): string => keyOf(CID.parse(hash).multihash.digest)
    for (const db of [events, settings] as Array<Events | KeyValue>) {
      const { heads, identities, entries } = found.find(({ address }) => address === db.address)!
      const values = await db.log.values()
      deepStrictEqual(entries.toSorted(), values.map(({ hash }) => keyOfHash(hash)).sort())
      deepStrictEqual(heads.toSorted(), (await db.log.heads()).map(({ hash }) => keyOfHash(hash)).sort())
      deepStrictEqual(identities.toSorted(), [...new Set(values.map(({ identity }) => keyOfHash(identity)))].sort())
      ok(identities.every(key => sharedKeys.includes(key)))
      for (const { hash, payload } of values) deepStrictEqual(dagCbor.decode<any>(blocks.get(keyOfHash(hash))!.bytes).payload, payload)
    }
    // A tree: every block of the file has one parent, and the root has none but this reader
    deepStrictEqual(new Set(parents.values()), new Set([1]))
    deepStrictEqual([...parents.keys()].sort(), [...blocks.keys()].sort())
  })

  it('has the limits that docs/FORMAT.md says', async () => {
    const page = await readFile(join(root, 'docs/FORMAT.md'), 'utf8')
    const units: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20 }
    const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+)(?: (\w+))? \|/gm)]
    deepStrictEqual(Object.fromEntries(rows.map(([, name, number, unit]) => [name, Number(number.replaceAll(',', '')) * (units[unit] ?? 1)])), defaultLimits)
  })

  it('has blocks that two databases need in one place', async () => {
    const { orbitdb } = await createReplica()
    const databases = [await orbitdb.open('a', { type: 'events' }), await orbitdb.open('b', { type: 'events' })] as Events[]
    for (const db of databases) await db.add('value')
    const bytes = await archive(databases)
    deepStrictEqual((await verifyBackup(bytes)).problems, [])
    const keys = new Set<string>()
    let links = 0
    const { blocks } = await readCar(bytes)
    for (const { cid, bytes } of blocks) {
      const count = (value: unknown): void => {
        const link = CID.asCID(value)
        if (link != null) {
          links++
          keys.add(keyOf(link.multihash.digest))
        } else if (value != null && typeof value === 'object' && !(value instanceof Uint8Array)) {
          Object.values(value).forEach(count)
        }
      }
      if (cid.code === dagCbor.code) count(dagCbor.decode(bytes))
    }
    strictEqual(keys.size, links)
  })

  it('has a block that two logs have in one place, which both lists name', async () => {
    const { orbitdb } = await createReplica()
    const secret = await orbitdb.open('secret', { type: 'events', encryption: { replication: await createCipher() } }) as Events
    const hash = await secret.add('secret')
    await secret.add('another')
    await secret.close()
    const a = await orbitdb.open(secret.address) as Events
    const b = await orbitdb.open('copy', { type: 'events' }) as Events
    await b.log.indexStorage.put(hash, true)
    await b.log.headsStorage.put('heads', new TextEncoder().encode(JSON.stringify([{ hash, next: [] }])))

    const bytes = await archive([a, b])
    deepStrictEqual((await verifyBackup(bytes)).problems, [])
    const { blocks } = await readCar(bytes)
    const digest = CID.parse(hash).multihash.digest
    strictEqual(blocks.filter(({ cid }) => keyOf(cid.multihash.digest) === keyOf(digest)).length, 1)
    const nodes = blocks.filter(({ cid }) => cid.code === dagCbor.code).map(({ bytes }) => dagCbor.decode<any>(bytes)).filter(Array.isArray)
    const linking = nodes.filter(([,,,,, items]) => items.some((item: any) => CID.asCID(item) != null && keyOf(item.multihash.digest) === keyOf(digest)))
    const naming = nodes.filter(([name,,,,, items]) => name === 'entries' && items.some((item: any) => item instanceof Uint8Array && keyOf(item) === keyOf(digest)))
    deepStrictEqual([linking.map(([name]) => name), naming.length], [['shared'], 2])

    const other = await createReplica()
    const restored = await restoreBackup<Events[]>(other.orbitdb, bytes, { verify: false })
    for (const db of restored) ok(await db.log.has(hash))
  })

  it('has no archive in which a block is linked twice, or a name leads nowhere', async () => {
    const { orbitdb } = await createReplica()
    const db = await orbitdb.open('database', { type: 'events' }) as Events
    await db.add('value')
    const bytes = await archive(db)
    const other = await createReplica()
    const attacks: Array<Parameters<typeof forge>[1]> = [
      parts => { parts.shared = [parts.manifest, parts.access!, ...parts.identities, ...parts.entries] },
      parts => { parts.shared = [parts.manifest, parts.access!] },
      parts => { parts.shared = [parts.access!, ...parts.identities] },
      async parts => { parts.snapshot.accessController = { block: (await createBlock('elsewhere')).cid.multihash.digest } },
      async parts => { parts.snapshot.accessController = { database: address } }
    ]
    for (const attack of attacks) {
      const forged = await forge(bytes, attack)
      await rejects(restoreBackup(other.orbitdb, forged), { name: 'DamagedArchiveError', code: 'dag-invalid' })
      deepStrictEqual((await verifyBackup(forged)).problems.map(({ code }) => code), ['dag-invalid'])
    }
  })
})
