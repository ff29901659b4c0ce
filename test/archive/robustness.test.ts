// What may happen to an archive on its way: whatever it is, a restore gives all of it or nothing.
import { deepStrictEqual, ok, rejects } from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CarIndexer } from '@ipld/car'
import fc from 'fast-check'
import all from 'it-all'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { sha512 } from 'multiformats/hashes/sha2'
import { concat } from 'uint8arrays/concat'
import { archive, readCar, writeCar } from '../helpers/archives.ts'
import { pinsOf } from '../helpers/blocks.ts'
import { createBlock, toHash } from '../helpers/forgery.ts'
import { createNode } from '../helpers/node.ts'
import { useReplicas } from '../helpers/replicas.ts'
import { writeAsAnother } from '../helpers/writers.ts'
import { ArchiveError, inspectBackup, IPFSAccessController, OrbitDBAccessController, restoreBackup, TruncatedArchiveError, verifyBackup } from '../../src/index.ts'
import type { CarBlock } from '../helpers/archives.ts'
import type { Node } from '../helpers/node.ts'
import type { Replica } from '../helpers/replicas.ts'
import type { ArchiveSummary, Database } from '../../src/index.ts'

/** A failure is reported, with the seed to run it again, before the test times out. */
const limits = { interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true }

/** The codec of raw bytes. */
const raw = 0x55

describe('Whatever happens to an archive:', () => {
  const { createReplica } = useReplicas()

  let bytes: Uint8Array
  let roots: CID[]
  let blocks: CarBlock[]
  let summary: ArchiveSummary
  /** Where each block starts, and where its bytes do after its length and its CID */
  let places: Array<{ offset: number, blockOffset: number, length: number }>
  /** Blocks of all kinds that are no part of it */
  let foreign: CarBlock[]

  before(async () => {
    const replica = await createReplica()
    const events = await replica.orbitdb.open('events', { type: 'events', AccessController: IPFSAccessController({ write: ['*'] }) })
    await events.add('first')
    await writeAsAnother(replica, events, async copy => {
      await events.add('one')
      await copy.add('two')
    })
    const keyvalue = await replica.orbitdb.open('keyvalue', { type: 'keyvalue', AccessController: OrbitDBAccessController() })
    await keyvalue.put('key', 'value')
    bytes = await archive([events, keyvalue])
    ;({ roots, blocks } = await readCar(bytes))
    places = await all(await CarIndexer.fromBytes(bytes))
    summary = await inspectBackup(bytes)

    await events.add('another')
    const known = new Set(blocks.map(({ cid }) => toHash(cid)))
    const newer = (await readCar(await archive(events))).blocks.filter(({ cid }) => !known.has(toHash(cid)))
    const { cid, bytes: extra } = await createBlock('extra')
    const last = blocks.at(-1)!
    foreign = [
      ...newer,
      { cid, bytes: extra },
      { cid: CID.createV1(raw, cid.multihash), bytes: extra },
      { cid: CID.createV0(cid.multihash as any), bytes: extra },
      { cid: CID.createV1(raw, await sha512.digest(extra)), bytes: extra },
      // Stores know blocks by their multihashes, which this one has in common with one of the archive
      { cid: CID.createV1(raw, last.cid.multihash), bytes: last.bytes }
    ]
  })

  /** The multihashes of the blocks of a node, sorted. */
  const blocksOf = async ({ blockstore }: Node): Promise<string[]> => {
    return (await all(blockstore.getAll())).map(({ cid }) => base58btc.encode(cid.multihash.bytes)).sort()
  }

  const stateOf = async ({ ipfs, directory }: Replica) => {
    return { pins: await pinsOf(ipfs), blocks: await blocksOf(ipfs), files: await readdir(join(directory, 'orbitdb')) }
  }

  const assertRestores = async ({ orbitdb }: Replica, forged: Uint8Array): Promise<void> => {
    deepStrictEqual(await archive(await restoreBackup<Array<Database<any>>>(orbitdb, forged)), bytes)
  }

  /**
   * Has a node restore what it can not, and fails unless that leaves nothing but garbage, and the
   * archive itself can be restored afterwards.
   */
  const assertLeavesNothing = async (restore: (refuses: (forged: Uint8Array, error: object) => Promise<void>) => Promise<unknown>): Promise<void> => {
    const replica = await createReplica()
    const before = await stateOf(replica)
    await restore(async (forged, error) => {
      await rejects(restoreBackup(replica.orbitdb, forged), error)
      deepStrictEqual(await pinsOf(replica.ipfs), before.pins)
    })
    await replica.ipfs.gc()
    deepStrictEqual(await stateOf(replica), before)
    await assertRestores(replica, bytes)
  }

  /** Fails unless it is found out that an archive was changed. */
  const assertIsFound = async (forged: Uint8Array): Promise<void> => {
    // It reads less, and agrees about what it reads
    await inspectBackup(forged).then(found => deepStrictEqual(found, summary), error => ok(error instanceof ArchiveError, error))
    try {
      const { ok: isValid, problems } = await verifyBackup(forged)
      deepStrictEqual([isValid, problems.length > 0], [false, true])
    } catch (error) {
      ok(error instanceof ArchiveError, error as Error)
    }
  }

  it('when it ends early, it is truncated, wherever that is', async () => {
    const cuts = new Set<number>()
    for (let i = 1; i < places[0].blockOffset; i++) cuts.add(i)
    for (const { offset, blockOffset, length } of places) {
      for (const i of [offset, offset + 1, offset + 2, offset + 3, blockOffset - 1, blockOffset, blockOffset + 1, offset + (length >> 1), offset + length - 1]) cuts.add(i)
    }
    await assertLeavesNothing(async refuses => {
      await refuses(new Uint8Array(), { name: 'EmptyArchiveError' })
      for (const cut of cuts) {
        const forged = bytes.subarray(0, cut)
        await refuses(forged, { name: 'TruncatedArchiveError' })
        await assertIsFound(forged)
      }
    })
  })

  it('when any bit is flipped, that is found, and nothing is restored', async () => {
    // Most bytes are those of blocks, so the others are tried as often
    const others = places.flatMap(({ offset, blockOffset }) => Array.from({ length: blockOffset - offset }, (_, i) => offset + i))
    for (let i = 0; i < places[0].offset; i++) others.push(i)
    await assertLeavesNothing(refuses => fc.assert(fc.asyncProperty(
      fc.oneof(fc.nat(bytes.length - 1), fc.constantFrom(...others)),
      fc.nat(7),
      async (position, bit) => {
        const forged = bytes.with(position, bytes[position] ^ (1 << bit))
        await assertIsFound(forged)
        await refuses(forged, ArchiveError)
      }
    ), { ...limits, numRuns: 500 }))
  })

  it('when bytes are lost, or others are in their place, that is found, and nothing is restored', async () => {
    await assertLeavesNothing(refuses => fc.assert(fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(1000).map(length => new Uint8Array(length + 1))),
      fc.boolean(),
      async (start, others, areLost) => {
        const forged = areLost ? concat([bytes.subarray(0, start), bytes.subarray(start + others.length)]) : Uint8Array.from(bytes)
        if (!areLost) {
          forged.set(others.subarray(0, bytes.length - start), start)
        }
        fc.pre(Buffer.compare(forged, bytes) !== 0)
        await assertIsFound(forged)
        await refuses(forged, ArchiveError)
      }
    ), { ...limits, numRuns: 200 }))
  })

  it('when blocks are lost, it is truncated, in whatever order the others are', async () => {
    await assertLeavesNothing(refuses => fc.assert(fc.asyncProperty(
      fc.shuffledSubarray(blocks.map((_, i) => i), { maxLength: blocks.length - 1 }),
      fc.boolean(),
      async (left, areSorted) => {
        const forged = await writeCar(roots, (areSorted ? left.toSorted((a, b) => a - b) : left).map(i => blocks[i]))
        await assertIsFound(forged)
        await refuses(forged, TruncatedArchiveError)
      }
    ), { ...limits, numRuns: 100 }))
  })

  describe('when blocks are in another order, there several times, or among others,', () => {
    /** The numbers of all blocks, in any order, with some more of these or of as many others. */
    const shuffled = (others: number): fc.Arbitrary<number[]> => {
      return fc.array(fc.nat(blocks.length + others - 1), { maxLength: 10 })
        .chain(more => fc.shuffledSubarray([...blocks.keys(), ...more], { minLength: blocks.length + more.length }))
    }
    const take = (numbers: number[], others: CarBlock[]): CarBlock[] => numbers.map(i => blocks[i] ?? others[i - blocks.length])

    it('it holds the same', async () => {
      const ofOthers = new Set(foreign.map(({ cid }) => cid.toString()))
      await fc.assert(fc.asyncProperty(shuffled(foreign.length), async numbers => {
        const all = take(numbers, foreign)
        const forged = await writeCar(roots, all)
        deepStrictEqual(await inspectBackup(forged), summary)
        const { problems, extra } = await verifyBackup(forged)
        deepStrictEqual(problems, [])
        ok(extra <= all.filter(({ cid }) => ofOthers.has(cid.toString())).length)
      }), { ...limits, numRuns: 100 })
    })

    it('all of it is restored, and no other block', async () => {
      const restore = async (forged: Uint8Array): Promise<string[]> => {
        const replica = await createReplica({ ipfs: await createNode() })
        const before = await blocksOf(replica.ipfs)
        await assertRestores(replica, forged)
        const stored = (await blocksOf(replica.ipfs)).filter(block => !before.includes(block))
        await replica.stop()
        return stored
      }
      const expected = await restore(bytes)
      await fc.assert(fc.asyncProperty(shuffled(foreign.length), async numbers => {
        deepStrictEqual(await restore(await writeCar(roots, take(numbers, foreign))), expected)
      }), { ...limits, numRuns: 10 })
      for (const block of foreign) {
        deepStrictEqual(await restore(await writeCar(roots, [block, ...blocks])), expected)
      }
    })

    it('others that are damaged do not matter', async () => {
      const damaged = { cid: (await createBlock('extra')).cid, bytes: (await createBlock('other')).bytes }
      for (const all of [[damaged, ...blocks], [...blocks, damaged]]) {
        const forged = await writeCar(roots, all)
        deepStrictEqual(await inspectBackup(forged), summary)
        deepStrictEqual((await verifyBackup(forged)).problems, [])
        await assertRestores(await createReplica(), forged)
      }
    })
  })
})
