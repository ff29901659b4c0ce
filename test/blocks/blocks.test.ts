import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import all from 'it-all'
import drain from 'it-drain'
import * as raw from 'multiformats/codecs/raw'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import sinon from 'sinon'
import { equals } from 'uint8arrays/equals'
import { encodeBlock, toCID as parseCID } from '../helpers/blocks.ts'
import { kinds, useHelia } from '../helpers/helia.ts'
import { createLevelBlocks } from '../../src/blocks/level.ts'
import { createPublicBlocks } from '../../src/blocks/public.ts'
import { cidOf } from '../../src/blocks/cids.ts'
import { digestLength } from '../../src/blocks/digests.ts'
import { toHash } from '../../src/blocks/hashes.ts'
import { pack, sortPacked } from '../../src/blocks/packed.ts'
import { createBlocks, createHold, createHoldId, holdBlocks, releaseBlocks } from '../../src/blocks/index.ts'
import type { Hold } from '../../src/blocks/held.ts'
import type { Node } from '../helpers/node.ts'
import type { Block } from '../../src/index.ts'

// Helia brings a version of multiformats of its own, whose CIDs have another type
const toCID = (hash: string): any => parseCID(hash)

const createLeaves = (count: number): Promise<Block[]> => Promise.all(Array.from({ length: count }, (_, i) => encodeBlock({ leaf: i, bytes: new Uint8Array([0xd8, 0x2a, i]) })))

const hashesOf = (blocks: Block[]): string[] => blocks.map(([hash]) => hash)

/** What a node has in its datastore, but for its own data. */
const recordsOf = async ({ datastore }: Node): Promise<Record<string, string>> => {
  const records = (await all(datastore.query({}))).map(({ key, value }) => [key.toString(), Buffer.from(value).toString('hex')])
  return Object.fromEntries(records.filter(([key]) => /^\/pin/.test(key)).sort())
}

/** Pins blocks as OrbitDB does: each by itself. */
const pinEach = async ({ pins }: Node, hashes: string[]): Promise<void> => {
  for (const hash of hashes) {
    await drain(pins.add(toCID(hash)))
  }
}

describe('Blocks', () => {
  const { create } = useHelia()

  for (const kind of Object.keys(kinds) as Array<keyof typeof kinds>) {
    describe(`of ${kind}`, () => {
      it('are stored and read, those that are there', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const stored = await createLeaves(3)
        const [[missing]] = await createLeaves(4).then(leaves => leaves.slice(3))
        await blocks.putMany(stored)
        const names = [...hashesOf(stored), missing, stored[0][0]]
        deepStrictEqual((await blocks.getMany(names)).map(bytes => bytes && Uint8Array.from(bytes)), [...stored.map(([, bytes]) => bytes), undefined, stored[0][1]])
        deepStrictEqual(await blocks.hasMany(names), [true, true, true, false, true])
        deepStrictEqual(await blocks.hasMany(names.map(hash => toCID(hash).bytes)), [true, true, true, false, true])
        deepStrictEqual(Buffer.concat(await all(node.blockstore.get(toCID(names[1])))), Buffer.from(stored[1][1]))
        deepStrictEqual([await blocks.getMany([]), await blocks.hasMany([])], [[], []])
      })

      it('are gone through, and what is copied of them stays', async () => {
        const blocks = await createBlocks(await create(kind))
        const stored = await createLeaves(100)
        await blocks.putMany(stored)
        const digests = sortPacked(pack(hashesOf(stored)))
        const copies = new Map<string, Uint8Array>()
        for await (const { start, blocks: run } of blocks.readInOrder(digests)) {
          for (const [i, bytes] of run.entries()) copies.set(toHash(cidOf(digests, (start + i) * digestLength)), bytes!.slice())
        }
        deepStrictEqual(stored.filter(([hash, bytes]) => !equals(bytes, copies.get(hash)!)), [])
      })

      it('are stored apart from the memory that they are parts of', async () => {
        const blocks = await createBlocks(await create(kind))
        const [[hash, bytes]] = await createLeaves(1)
        const chunk = new Uint8Array(100 + bytes.length)
        chunk.set(bytes, 100)
        await blocks.putMany([[hash, chunk.subarray(100)]])
        chunk.fill(0)
        const [stored] = await blocks.getMany([hash])
        deepStrictEqual(Uint8Array.from(stored!), bytes)
      })

      it('are found that the node stored itself, with any codec', async () => {
        const node = await create(kind)
        const bytes = new Uint8Array([1, 2, 3])
        const cid: any = CID.createV1(raw.code, await sha256.digest(bytes))
        await node.blockstore.put(cid, bytes)
        deepStrictEqual(await (await createBlocks(node)).getMany([cid.bytes]).then(all => all.map(bytes => Uint8Array.from(bytes!))), [bytes])
      })

      it('are pinned, and kept by garbage collection until they are not', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const leaves = await createLeaves(3)
        const hashes = hashesOf(leaves)
        await blocks.putMany(leaves)
        deepStrictEqual(await blocks.arePinned(hashes), [false, false, false])
        await blocks.pinMany(hashes.slice(0, 2))
        await blocks.pinMany(hashes.slice(1, 2))
        deepStrictEqual(await blocks.arePinned(hashes), [true, true, false])
        await node.gc()
        deepStrictEqual(await blocks.hasMany(hashes), [true, true, false])
        await drain(node.pins.rm(toCID(hashes[0])))
        await blocks.unpinMany(hashes.slice(1))
        deepStrictEqual(await blocks.arePinned(hashes), [false, false, false])
        await node.gc()
        deepStrictEqual(await blocks.hasMany(hashes), [false, false, false])
        deepStrictEqual(await recordsOf(node), {})
      })

      it('are deleted, but not those that are pinned', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const leaves = await createLeaves(2)
        await blocks.putMany(leaves)
        await blocks.pinMany(hashesOf(leaves.slice(0, 1)))
        await blocks.deleteMany(hashesOf(leaves))
        deepStrictEqual(await blocks.hasMany(hashesOf(leaves)), [true, false])
      })

      it('that are missing can not be pinned', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const [[hash]] = await createLeaves(1)
        for (const isShallow of [true, false]) {
          await rejects(blocks.pinMany([hash], { isShallow }), { name: 'MissingBlockError', hash })
        }
        deepStrictEqual(await blocks.arePinned([hash]), [false])
      })

      it('are not pinned, but for those that were, when one of them is missing', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const [[missing], pinned, ...others] = await createLeaves(10)
        const parents = await Promise.all(others.map(([hash]) => encodeBlock({ link: toCID(hash) })))
        await blocks.putMany([pinned, ...others, ...parents])
        await blocks.pinMany([pinned[0]])
        const before = await recordsOf(node)
        for (const isShallow of [true, false]) {
          await rejects(blocks.pinMany([...hashesOf([pinned, ...others, ...parents]), missing], { isShallow }), { name: 'MissingBlockError', hash: missing })
          deepStrictEqual(await recordsOf(node), before)
        }
      })

      it('are left alone when the signal is aborted', async () => {
        const node = await create(kind)
        const blocks = await createBlocks(node)
        const leaves = await createLeaves(1)
        const signal = AbortSignal.abort()
        for (const operation of [blocks.putMany(leaves, { signal }), blocks.getMany(hashesOf(leaves), { signal }), blocks.pinMany(hashesOf(leaves), { signal })]) {
          await rejects(operation, { name: 'AbortError' })
        }
        deepStrictEqual(await blocks.hasMany(hashesOf(leaves)), [false])
      })
    })
  }

  for (const how of ['unpinned', 'pinned', 'kept', 'released', 'deleted']) {
    it(`are ${how} by a store that fails then: nothing more is written to it, as that could be lost`, async () => {
      const node = await create()
      const blocks = await createPublicBlocks(node)
      const [pinned, other] = await createLeaves(2)
      await blocks.putMany([pinned, other])
      await blocks.pinMany([pinned[0]])
      const hold = ([hash]: Block): Promise<Hold> => createHold(createHoldId(), parseCID(hash).multihash.digest)
      const [held, later] = [await hold(pinned), await hold(other)]
      await blocks.putMany([...held.links, ...later.links])
      await holdBlocks(node, held.pin)
      const full = Object.assign(new Error('IO error: 000001.log: No space left on device'), { code: 'LEVEL_IO_ERROR' })
      const level = how === 'deleted' ? (node.blockstore as any).child.child.child.db : (node.datastore as any).db
      const stub = sinon.stub(level, ['pinned', 'kept'].includes(how) ? 'put' : 'del').rejects(full)
      const fail: Record<string, () => Promise<unknown>> = {
        unpinned: () => blocks.unpinMany([pinned[0]]),
        pinned: () => blocks.pinMany([other[0]], { isShallow: true }),
        kept: () => holdBlocks(node, later.pin),
        released: () => releaseBlocks(node, held.pin),
        deleted: () => blocks.deleteMany([other[0]])
      }
      await rejects(fail[how](), { code: 'storage-failed' })
      stub.restore()
      await rejects(blocks.pinMany([other[0]]), { code: 'storage-failed' })
      await rejects((await createBlocks(node)).putMany([other]), { code: 'storage-failed' })
    })
  }

  describe('below Helia\'s public calls', () => {
    const isBelow = async (node: Node): Promise<boolean> => createLevelBlocks(node, await createPublicBlocks(node)) != null

    it('are only those of Helia 7 with a level blockstore, or in memory', async () => {
      const found: Record<string, boolean> = {}
      for (const kind of Object.keys(kinds) as Array<keyof typeof kinds>) {
        found[kind] = await isBelow(await create(kind))
      }
      deepStrictEqual(Object.keys(found).filter(kind => found[kind]), ['Helia 7 with level stores', 'Helia 7 with a level blockstore and a file datastore', 'Helia 7 in memory'])
    })

    it('are not those of a node that somebody has changed', async () => {
      const changes: Record<string, (node: any) => void> = {
        'a put of its own': ({ blockstore }) => { blockstore.put = async () => {} },
        'a get of its own, further down': ({ blockstore }) => { blockstore.child.child.child.get = async function * () {} },
        'what its put calls, further down': ({ blockstore }) => { blockstore.child.child.child._put = async () => {} },
        'a blockstore of another class': ({ blockstore }) => {
          const store = blockstore.child.child
          store.child = new (class Encrypted extends store.child.constructor {} as any)(store.child.db)
        },
        'keys of its own': ({ blockstore }) => { blockstore.child.child.child.base = { name: 'base64', encoder: {} } },
        'another version': ({ info }) => { info.version = '8.0.0' },
        'another name': ({ info }) => { info.name = 'helium' }
      }
      for (const kind of ['Helia 7 with level stores', 'Helia 7 in memory'] as const) {
        for (const [name, change] of Object.entries(changes)) {
          if (kind === 'Helia 7 in memory' && name === 'keys of its own') continue
          const node = await create(kind)
          ok(await isBelow(node))
          change(node)
          ok(!await isBelow(node), `${kind}, ${name}`)
        }
      }
    })

    it('leave the pins alone where the datastore is not known', async () => {
      const node = await create('Helia 7 with a level blockstore and a file datastore')
      const publicBlocks = await createPublicBlocks(node)
      const { pinMany, arePinned, getMany } = createLevelBlocks(node, publicBlocks)!
      ok(pinMany === publicBlocks.pinMany && arePinned === publicBlocks.arePinned && getMany !== publicBlocks.getMany)
    })

    it('wait for garbage collection, and do not pin what it removed', async () => {
      const node: any = await create()
      const blocks = await createBlocks(node)
      const leaves = await createLeaves(1)
      await blocks.putMany(leaves)
      const release = await node.blockstore.lock.writeLock()
      const pinned = rejects(blocks.pinMany(hashesOf(leaves), { isShallow: true }), { name: 'MissingBlockError' })
      await new Promise(resolve => setTimeout(resolve, 50))
      await node.blockstore.unwrap().delete(toCID(leaves[0][0]))
      release()
      await pinned
      deepStrictEqual(await recordsOf(node), {})
    })
  })

  describe('with a witness', () => {
    it('are pinned without being asked for as long as it is there, and are asked for when garbage was collected', async () => {
      const node = await create()
      const blocks = await createBlocks(node)
      const witness = await blocks.putWitness!()
      const leaves = await createLeaves(2)
      await blocks.putMany(leaves)
      const hasMany = sinon.spy((node.blockstore as any).child.child.child.db, 'hasMany')
      await blocks.pinMany(hashesOf(leaves.slice(0, 1)), { isShallow: true, witness })
      deepStrictEqual(hasMany.args.map(([keys]) => (keys as string[]).length), [1])
      await node.gc()
      await rejects(blocks.pinMany(hashesOf(leaves.slice(1)), { isShallow: true, witness }), { name: 'MissingBlockError', hash: leaves[1][0] })
      deepStrictEqual(await blocks.hasMany([witness, ...hashesOf(leaves)]), [false, true, false])
    })

    it('are asked for when garbage collection was aborted', async () => {
      const node = await create()
      const blocks = await createBlocks(node)
      const witness = await blocks.putWitness!()
      const leaves = await createLeaves(20)
      await blocks.putMany(leaves)
      const aborting = new AbortController()
      await node.gc({ signal: aborting.signal, onProgress: ({ type }: { type: string }) => { if (type === 'helia:gc:deleted') aborting.abort() } } as any)
      const areThere = await blocks.hasMany([witness, ...hashesOf(leaves)])
      deepStrictEqual(areThere, [false, ...leaves.map(() => true)])
      await drain(node.blockstore.deleteMany([toCID(leaves[7][0])]))
      await rejects(blocks.pinMany(hashesOf(leaves), { isShallow: true, witness }), { name: 'MissingBlockError', hash: leaves[7][0] })
    })

    it('have another one each time, which can be deleted', async () => {
      const blocks = await createBlocks(await create())
      const witnesses = [await blocks.putWitness!(), await blocks.putWitness!()]
      deepStrictEqual(await blocks.hasMany(witnesses), [true, true])
      await blocks.deleteMany(witnesses)
      deepStrictEqual(await blocks.hasMany(witnesses), [false, false])
    })
  })

  describe('pinned many at a time are pinned as one by one', () => {
    /** Fails unless pinning blocks in bulk writes what pinning each does, with and without what they link to. */
    const assertSame = async (blocks: Block[], hashes: string[], prepare: (node: Node) => Promise<unknown> = async () => {}): Promise<Node[]> => {
      const nodes = []
      for (const [kind, isShallow] of [['Helia 7 with level stores', true], ['Helia 7 with level stores', false], ['Helia 7 in memory', true], ['Helia 7 in memory', false]] as const) {
        const one = await create(kind)
        const many = await create(kind)
        for (const node of [one, many]) {
          await (await createBlocks(node)).putMany(blocks)
          await prepare(node)
        }
        await (await createPublicBlocks(one)).pinMany(hashes, { isShallow })
        await createLevelBlocks(many, await createPublicBlocks(many))!.pinMany([...hashes, hashes[0]], { isShallow })
        const records = await recordsOf(many)
        deepStrictEqual(records, await recordsOf(one))
        ok(Object.keys(records).length > 0)
        nodes.push(many)
      }
      return nodes
    }

    it('when they are leaves', async () => {
      const leaves = await createLeaves(30)
      await assertSame(leaves, hashesOf(leaves))
    })

    it('when some are pinned already', async () => {
      const leaves = await createLeaves(3)
      await assertSame(leaves, hashesOf(leaves), async node => {
        await pinEach(node, hashesOf(leaves.slice(1, 2)))
        await drain(node.pins.add(toCID(leaves[2][0]), { depth: 0, metadata: { kept: 1 } }))
      })
    })

    it('when another root pins them, and both can be removed', async () => {
      const leaves = await createLeaves(3)
      const root = await encodeBlock(leaves.map(([hash]) => toCID(hash)))
      for (const node of await assertSame([...leaves, root], hashesOf(leaves), node => pinEach(node, [root[0]]))) {
        await drain(node.pins.rm(toCID(root[0])))
        await node.gc()
        strictEqual((await all(node.blockstore.getAll())).length, 3)
      }
    })

    it('when they link to each other', async () => {
      const leaves = await createLeaves(3)
      const root = await encodeBlock({ links: leaves.map(([hash]) => toCID(hash)) })
      const outer = await encodeBlock([{ root: toCID(root[0]) }])
      for (const node of await assertSame([...leaves, root, outer], hashesOf([...leaves, root]), node => pinEach(node, [outer[0]]))) {
        await node.gc()
        strictEqual((await all(node.blockstore.getAll())).length, 5)
      }
    })

    it('when they link to blocks that are pinned with them', async () => {
      const leaves = await createLeaves(3)
      const root = await encodeBlock({ links: leaves.map(([hash]) => toCID(hash)) })
      const left = []
      for (const node of await assertSame([...leaves, root], [root[0]])) {
        await node.gc()
        left.push((await all(node.blockstore.getAll())).length)
      }
      deepStrictEqual(left, [1, 4, 1, 4])
    })

    it('when pinning them was interrupted', async () => {
      const leaves = await createLeaves(2)
      await assertSame(leaves, hashesOf(leaves), async node => {
        await pinEach(node, hashesOf(leaves.slice(0, 1)))
        for await (const key of node.datastore.queryKeys({ prefix: '/pin/' })) {
          await node.datastore.delete(key)
        }
      })
    })
  })
})
