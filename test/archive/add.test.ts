// Items that are added to a list make the same list, node for node, as one that is created of all of them.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { addToList } from '../../src/archive/lists/add.ts'
import { openTree } from '../../src/archive/lists/tree.ts'
import { createList, toListOrder } from '../../src/archive/lists/write.ts'
import type { SortedItems } from '../../src/archive/lists/tree.ts'

const address = '/orbitdb/zdpuAonGvJCcntSmh33UHZtP6LrH9Ab2e9xyTkaUQpZ4wDJmo'
const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex')

/** Digests that a seed gives: some of them such that a node would end behind each item, or behind none. */
const digestOf = (seed: number, i: number, ending: string): Uint8Array => {
  const digest = createHash('sha256').update(`${seed} ${i}`).digest()
  if (ending !== 'of chance') digest.fill(ending === 'everywhere' ? 0 : 1, 16)
  return digest
}

const times: Record<string, (i: number) => number> = {
  'a chain': i => i + 1,
  forks: i => i >> 2,
  'clocks that are equal': i => i >> 8,
  'encrypted entries': () => 0,
  'absurd clocks': i => i % 3 === 0 ? i : 2 ** 53 - 1 - (i % 2)
}

/** Which items, of all in the order of the list, are added to the others. */
const choices: Record<string, (i: number, count: number, random: () => number) => boolean> = {
  'at the end': (i, count) => i >= count - 1 - count % 40,
  'at the beginning': i => i < 20,
  'one in the middle': (i, count) => i === count >> 1,
  'a branch in the middle': (i, count) => i > count / 3 && i < count / 3 + 60,
  'some everywhere': (i, count, random) => random() < 0.01,
  half: (i, count, random) => random() < 0.5,
  'all but one': (i, count) => i !== count >> 1,
  none: () => false
}

const select = ({ digests, times }: SortedItems, isChosen: boolean[], wanted: boolean): SortedItems => {
  const places = isChosen.flatMap((chosen, i) => chosen === wanted ? [i] : [])
  return {
    digests: Buffer.concat(places.map(i => digests.subarray(i * 32, i * 32 + 32))),
    times: Float64Array.from(places, i => times[i])
  }
}

describe('Items that are added to a list', () => {
  const shape = fc.record({
    seed: fc.nat(1e6),
    count: fc.oneof(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 300, max: 6000 })),
    time: fc.constantFrom(...Object.keys(times)),
    choice: fc.constantFrom(...Object.keys(choices)),
    ending: fc.constantFrom('of chance', 'of chance', 'everywhere', 'nowhere')
  })

  it('give the list that is created of all, and only its new nodes', async () => {
    await fc.assert(fc.asyncProperty(shape, async ({ seed, count, time, choice, ending }) => {
      const all = toListOrder({
        digests: Buffer.concat(Array.from({ length: count }, (_, i) => digestOf(seed, i, ending))),
        times: Float64Array.from({ length: count }, (_, i) => times[time](i))
      })
      let state = seed
      const random = (): number => (state = (state * 48271 + 11) % 2147483647) / 2147483647
      const isChosen = Array.from({ length: count }, (_, i) => choices[choice](i, count, random))
      const [base, added] = [select(all, isChosen, false), select(all, isChosen, true)]
      const old = await createList('entries', address, base)
      if (old == null) {
        return
      }
      const nodes = new Map([...old.nodes()].map(({ digest, bytes }) => [hex(digest), bytes]))
      const tree = openTree('entries', address, old, async digest => nodes.get(hex(digest))!)
      strictEqual((await tree.find(all)).length, base.times.length)
      deepStrictEqual(await tree.find(added), [])

      const list = await addToList(tree, added)
      const expected = (await createList('entries', address, all))!
      deepStrictEqual([hex(list.root), list.count], [hex(expected.root), expected.count])
      const isNew = ({ digest }: { digest: Uint8Array }): boolean => !nodes.has(hex(digest))
      deepStrictEqual([...list.nodes()].map(({ digest, bytes }) => [hex(digest), hex(bytes)]), [...expected.nodes()].filter(isNew).map(({ digest, bytes }) => [hex(digest), hex(bytes)]))
      deepStrictEqual([...list.sizes()], [...list.nodes()].map(({ digest, bytes }) => [digest, bytes.length]))
      const reused: string[] = []
      for await (const digest of list.reused!()) reused.push(hex(digest))
      deepStrictEqual(reused.sort(), [...expected.nodes()].filter(node => !isNew(node)).map(({ digest }) => hex(digest)).sort())
    }), { numRuns: 150 })
  })

  it('at its end, wherever that is, give that list', async () => {
    const items = { digests: Buffer.concat(Array.from({ length: 3000 }, (_, i) => digestOf(2, i, 'of chance'))), times: Float64Array.from({ length: 3000 }, (_, i) => i) }
    for (let count = 1; count < 3000; count += 7) {
      const isChosen = Array.from({ length: count + 1 }, (_, i) => i === count)
      const old = (await createList('entries', address, select(items, isChosen, false)))!
      const nodes = new Map([...old.nodes()].map(({ digest, bytes }) => [hex(digest), bytes]))
      const tree = openTree('entries', address, old, async digest => nodes.get(hex(digest))!)
      const all = { digests: items.digests.subarray(0, 32 * (count + 1)), times: items.times.subarray(0, count + 1) }
      strictEqual(hex((await addToList(tree, select(items, isChosen, true))).root), hex((await createList('entries', address, all))!.root))
    }
  })

  it('take few nodes of it, however long it is', async () => {
    const counts: number[] = []
    for (const length of [4000, 40_000]) {
      const items = toListOrder({
        digests: Buffer.concat(Array.from({ length: length + 20 }, (_, i) => digestOf(1, i, 'of chance'))),
        times: Float64Array.from({ length: length + 20 }, (_, i) => i)
      })
      const isChosen = Array.from({ length: length + 20 }, (_, i) => i >= length + 5 || (i > 2000 && i < 2006))
      const old = (await createList('entries', address, select(items, isChosen, false)))!
      const nodes = new Map([...old.nodes()].map(({ digest, bytes }) => [hex(digest), bytes]))
      let read = 0
      const tree = openTree('entries', address, old, async digest => {
        read++
        return nodes.get(hex(digest))!
      })
      await addToList(tree, select(items, isChosen, true))
      counts.push(read)
    }
    ok(counts[1] < counts[0] + 20, String(counts))
  })
})
